import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Bitfield } from '../base/bitfield.ts';
import { TorrentStore } from '../io/stores/torrent-store.ts';
import { chooseDestination } from './download.ts';

const HASH = 'b'.repeat(40);
let root: string;
let state: string;

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'shoal-destination-'));
  state = join(root, 'state');
  await mkdir(join(root, 'films'));
  await writeFile(join(root, 'a file'), 'x');
});

after(() => rm(root, { recursive: true }));

test('without -o it goes into the working directory', async () => {
  assert.deepEqual(await chooseDestination(undefined, HASH, state), { directory: process.cwd() });
});

test('an existing directory, or a path that ends in a slash, takes it under its own name', async () => {
  assert.deepEqual(await chooseDestination(join(root, 'films'), HASH, state), { directory: join(root, 'films') });
  assert.deepEqual(await chooseDestination(`${root}/new/`, HASH, state), { directory: join(root, 'new') });
});

test('anything else is the destination itself', async () => {
  assert.deepEqual(await chooseDestination(join(root, 'new'), HASH, state), { path: join(root, 'new') });
  assert.deepEqual(await chooseDestination(join(root, 'a file'), HASH, state), { path: join(root, 'a file') });
});

test('a directory that an earlier run made of this torrent is the destination again, of another it is not', async () => {
  const path = join(root, 'album');
  await mkdir(path);
  const journal = await new TorrentStore(state).openJournal({
    infoHash: HASH,
    path,
    have: new Bitfield(3),
    begun: new Set(),
    partials: new Map(),
    ours: true,
    files: [undefined],
    uploaded: 0,
    downloaded: 0,
    clean: true,
    at: 0,
  });
  await journal?.close();
  assert.deepEqual(await chooseDestination(path, HASH, state), { path });
  assert.deepEqual(await chooseDestination(path, 'c'.repeat(40), state), { directory: path });
  assert.deepEqual(await chooseDestination(`${path}/`, HASH, state), { directory: path }, 'a slash says inside');
});
