import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, rmSync, utimesSync } from 'node:fs';
import { mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { range, sampleBytes, sha1, temporaryFolder } from '../../../test/harness/sample-torrent.ts';
import { parseMetainfo } from '../../protocol/metainfo.ts';
import { verify } from './check.ts';
import { type CreateOptions, createTorrent } from './create.ts';
import { HashPool } from './hash-pool.ts';
import { Storage } from './storage.ts';

const pool = new HashPool({ size: 2 });
after(() => pool.close());

const UNIX = process.platform === 'win32' ? 'needs a Unix file system' : false;

function create(paths: string | string[], options: Partial<CreateOptions> = {}) {
  return createTorrent({ paths: typeof paths === 'string' ? [paths] : paths, pool, ...options });
}

async function tree(t: TestContext, files: Record<string, string | Uint8Array>): Promise<string> {
  const root = join(await temporaryFolder(t), 'tree');
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return root;
}

describe('creating a torrent', () => {
  it('hashes one file as BEP 3 says', async (t) => {
    const path = join(await temporaryFolder(t), 'film.mkv');
    const bytes = sampleBytes('film', 3_000_000);
    await writeFile(path, bytes);
    const steps: number[] = [];
    const { metainfo, torrent, paths, root, skipped } = await create(path, {
      pieceLength: 262_144,
      comment: 'ours',
      announce: [['http://127.0.0.1:7070/announce']],
      onProgress: ({ hashed, size, file }) => {
        assert.equal(size, bytes.length);
        assert.equal(file, path);
        steps.push(hashed);
      },
    });
    assert.equal(metainfo.name, 'film.mkv');
    assert.ok(metainfo.singleFile);
    assert.equal(metainfo.pieceCount, 12);
    for (const piece of range(12))
      assert.deepEqual(
        new Uint8Array(metainfo.pieces.subarray(20 * piece, 20 * piece + 20)),
        new Uint8Array(sha1(bytes.subarray(piece * 262_144, (piece + 1) * 262_144))),
      );
    assert.deepEqual([paths, root, skipped], [[path], path, []]);
    assert.equal(parseMetainfo(torrent, sha1).infoHash, metainfo.infoHash);
    assert.deepEqual(metainfo.announce, [['http://127.0.0.1:7070/announce']]);
    assert.equal(steps.at(-1), bytes.length);
  });

  it('takes a folder in the order of the raw bytes of its paths, hidden and empty files included', async (t) => {
    const root = await tree(t, {
      'b/2': 'two',
      'a.txt': 'a',
      'a/z': 'z',
      '.hidden': 'h',
      Ä: 'umlaut',
      Z: '',
      '音楽/😀 & "x"': 'names',
      '\u{1F600}': 'astral',
      '\uFF5E': 'after the surrogates in UTF-16, before the astral in UTF-8',
    });
    const { metainfo, paths } = await create(root);
    const names = metainfo.files.map((file) => file.path.join('/'));
    assert.deepEqual(
      names,
      [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
    assert.deepEqual(names, ['.hidden', 'Z', 'a.txt', 'a/z', 'b/2', 'Ä', '音楽/😀 & "x"', '\uFF5E', '\u{1F600}']);
    assert.equal(metainfo.name, 'tree');
    assert.deepEqual(
      paths.map((path) => path.slice(root.length + 1)),
      names,
    );
    const again = await create(root);
    assert.equal(again.metainfo.infoHash, metainfo.infoHash);
    assert.ok((await verify(metainfo, root, pool)).complete);
  });

  it('says what it leaves out, and why', { skip: UNIX }, async (t) => {
    const root = await tree(t, { 'keep/a': 'a', 'keep/debug.log': 'x', 'node_modules/x/y': 'y', 'sub/real': 'real' });
    const outside = await tree(t, { secret: 'secret' });
    await mkdir(join(root, 'nothing here'));
    await symlink(join(outside, 'secret'), join(root, 'out'));
    await symlink('none', join(root, 'dangling'));
    await symlink('sub', join(root, 'linked'));
    await symlink('sub/real', join(root, 'file-link'));
    await symlink('..', join(root, 'sub', 'loop'));
    execFileSync('mkfifo', [join(root, 'pipe')]);
    await writeFile(Buffer.from(`${root}/bad-\xff`, 'latin1'), 'x');
    const server = createServer();
    t.after(() => server.close());
    await new Promise<void>((resolve) => server.listen(join(root, 'sock'), resolve));
    const { metainfo, skipped } = await create(root, { exclude: ['*.log', 'node_modules/'] });
    assert.deepEqual(
      metainfo.files.map((file) => file.path.join('/')),
      ['file-link', 'keep/a', 'linked/real', 'sub/real'],
    );
    const reasons = new Map(skipped.map(({ path, reason }) => [path.slice(root.length + 1), reason]));
    assert.equal(reasons.get('nothing here'), 'empty folder');
    assert.equal(reasons.get('out'), 'symbolic link out of the tree');
    assert.equal(reasons.get('dangling'), 'symbolic link to nothing');
    assert.equal(reasons.get('sub/loop'), 'symbolic link to a folder it lies in');
    assert.equal(reasons.get('pipe'), 'FIFO');
    assert.equal(reasons.get('sock'), 'socket');
    assert.equal(reasons.get('bad-\ufffd'), 'its name is not UTF-8');
    assert.equal(reasons.get('keep/debug.log'), 'excluded');
    assert.equal(reasons.get('node_modules'), 'excluded');
    const { storage, have } = await Storage.open({ metainfo, path: root, pool, readOnly: true });
    assert.ok(have.complete);
    await storage.close();
  });

  it('joins several paths under one name, each seeded where it lies', async (t) => {
    const one = await tree(t, { 'x/1': 'one', 'x/2': 'two' });
    const two = await tree(t, { 'notes.txt': 'notes' });
    await rename(one, `${one}-1`);
    const paths = [`${one}-1`, join(two, 'notes.txt')];
    const created = await create(paths, { name: 'Bundle' });
    assert.equal(created.metainfo.name, 'Bundle');
    assert.deepEqual(
      created.metainfo.files.map((file) => file.path.join('/')),
      ['notes.txt', 'tree-1/x/1', 'tree-1/x/2'],
    );
    let hashed = -1;
    const { storage, have } = await Storage.open({
      metainfo: created.metainfo,
      path: created.root,
      paths: created.paths,
      resume: created.record,
      readOnly: true,
      pool,
      onProgress: (_, total) => {
        hashed = total;
      },
    });
    assert.ok(have.complete);
    assert.equal(hashed, 0, 'what was just hashed is not hashed again');
    await storage.close();
    await assert.rejects(create(paths), { code: 'ERR_USAGE', message: /--name/ });
    const same = join(await temporaryFolder(t), 'notes.txt');
    await writeFile(same, 'other notes');
    await assert.rejects(create([...paths, same], { name: 'Bundle' }), {
      code: 'ERR_SOURCE',
      message: /both be called notes\.txt/,
    });
  });

  it('notices a file that changes while it is hashed', async (t) => {
    const changes: [string, (path: string) => void][] = [
      ['grows', (path) => appendFileSync(path, 'x')],
      ['vanishes', (path) => rmSync(path)],
      ['is written to', (path) => utimesSync(path, 1, 1)],
    ];
    for (const [what, change] of changes) {
      const root = await tree(t, { a: sampleBytes('a', 100_000), b: sampleBytes('b', 100_000) });
      let changed = false;
      const created = create(root, {
        onProgress: () => {
          if (!changed) change(join(root, 'b'));
          changed = true;
        },
      });
      await assert.rejects(created, { code: 'ERR_SOURCE', message: /b changed while it was being hashed/ }, what);
    }
  });

  it('refuses what cannot be shared, naming it', { skip: UNIX }, async (t) => {
    const root = await tree(t, { 'empty/nothing': '' });
    await assert.rejects(create(join(root, 'none')), { code: 'ERR_SOURCE', message: /none does not exist/ });
    await assert.rejects(create(root), { code: 'ERR_SOURCE', message: /only empty files/ });
    await assert.rejects(create(join(root, 'empty', 'nothing')), { code: 'ERR_SOURCE', message: /nothing is empty/ });
    await rm(join(root, 'empty', 'nothing'));
    await assert.rejects(create(root), { code: 'ERR_SOURCE', message: /holds no file/ });
    await assert.rejects(create([]), { code: 'ERR_USAGE' });
    await assert.rejects(create('/dev/null'), { code: 'ERR_SOURCE', message: /null is a device/ });
    execFileSync('mkfifo', [join(root, 'pipe')]);
    await assert.rejects(create(join(root, 'pipe')), { code: 'ERR_SOURCE', message: /pipe is a FIFO/ });
    await writeFile(join(root, 'x'), 'x');
    for (const pieceLength of [1000, 8192, 3 << 14, 1 << 27])
      await assert.rejects(create(join(root, 'x'), { pieceLength }), { code: 'ERR_USAGE', message: /power of two/ });
  });

  it('follows a path that is itself a link', { skip: UNIX }, async (t) => {
    const root = await tree(t, { a: 'a' });
    const linked = join(await temporaryFolder(t), 'link');
    await symlink(root, linked);
    const { metainfo } = await create(linked);
    assert.equal(metainfo.name, 'link');
    assert.equal(metainfo.files.length, 1);
  });

  it('stops when told to', async (t) => {
    const root = await tree(t, { a: sampleBytes('a', 1_000_000) });
    await assert.rejects(create(root, { signal: AbortSignal.abort(new Error('no more')) }), /no more/);
  });
});

describe('verifying data on disk', () => {
  it('tells for each file what is wrong with it', async (t) => {
    const names = ['bad', 'folder', 'good', 'long', 'missing', 'short', 'zero'];
    const root = await tree(
      t,
      Object.fromEntries(names.map((name) => [name, name === 'zero' ? '' : sampleBytes(name, 65_536)])),
    );
    const { metainfo } = await create(root, { pieceLength: 16_384 });
    const bad = await readFile(join(root, 'bad'));
    bad[20_000]! ^= 1;
    await writeFile(join(root, 'bad'), bad);
    await rm(join(root, 'folder'));
    await mkdir(join(root, 'folder'));
    await writeFile(join(root, 'long'), 'more', { flag: 'a' });
    await rm(join(root, 'missing'));
    await truncate(join(root, 'short'), 40_000);
    const seen: number[] = [];
    const result = await verify(metainfo, root, pool, { onProgress: (checked, total) => seen.push(checked / total) });
    assert.deepEqual(
      result.files.map(({ path, verdict, matched, errno }) => [basename(path), verdict, matched, errno]),
      [
        ['bad', 'bad', 49_152, undefined],
        ['folder', 'unreadable', 0, 'EISDIR'],
        ['good', 'ok', 65_536, undefined],
        ['long', 'long', 65_536, undefined],
        ['missing', 'missing', 0, undefined],
        ['short', 'short', 32_768, undefined],
        ['zero', 'ok', 0, undefined],
      ],
    );
    assert.ok(!result.complete);
    assert.equal(result.have.count, 3 + 4 + 4 + 2);
    assert.equal(result.matched, 13 * 16_384);
    assert.equal(seen.at(-1), 1);
    const nothing = await verify(metainfo, join(root, 'nowhere'), pool);
    assert.equal(nothing.have.count, 0);
  });
});
