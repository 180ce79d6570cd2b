// kill -9 of the tracker again and again in the middle of a thousand publications: none that was acknowledged is lost,
// none that was not is there by half.

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { it } from 'node:test';
import { createClient } from '../../src/api/client.ts';
import { ShoalError } from '../../src/base/errors.ts';
import { createIdentity } from '../../src/io/identity.ts';
import { entryBytes } from '../../src/protocol/entry.ts';
import { parseMetainfo } from '../../src/protocol/metainfo.ts';
import { buildInfo, encodeMetainfo } from '../../src/protocol/metainfo-build.ts';
import { startTracker, type TestTracker } from '../harness/shoal.ts';

const PUBLICATIONS = 1000;
const AT_ONCE = 8;
/** The tracker is killed each time so many more have been acknowledged, at a moment that the time of a reply decides. */
const KILL_EVERY = 170;

const sha1 = (bytes: Uint8Array): Uint8Array => hash('sha1', bytes, 'buffer');

interface Publication {
  name: string;
  infoHash: string;
  torrent: Uint8Array;
  body: { entry: string; signature: string; torrent: string };
}

function preparePublications(): Publication[] {
  const identity = createIdentity();
  return Array.from({ length: PUBLICATIONS }, (_, i) => {
    const name = `publication ${i}`;
    const pieces = hash('sha1', name, 'buffer');
    const torrent = encodeMetainfo({
      infoBytes: buildInfo({ name, pieceLength: 16384, pieces, files: { length: 1 + i } }),
    });
    const { infoHash, size } = parseMetainfo(torrent, sha1);
    const links = { seq: 1, prev: '', timestamp: 1_700_000_000, trackers: [] };
    const entry = entryBytes({ type: 'file', publisher: identity.publicKey, name, size, infoHash, ...links });
    const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
    const body = { entry: base64(entry), signature: base64(identity.sign(entry)), torrent: base64(torrent) };
    return { name, infoHash, torrent, body };
  });
}

it('no acknowledged publication is lost', async () => {
  let tracker: TestTracker = await startTracker();
  const { url, data } = tracker;
  const client = createClient(url, { retryFor: 60_000 });
  const publications = preparePublications();
  const acknowledged = new Set<Publication>();
  let repeated = 0;
  let kills = 0;
  let restarting: Promise<void> | undefined;
  let failure: unknown;

  const restart = async (): Promise<void> => {
    const before = [...acknowledged];
    await tracker.process.kill('SIGKILL');
    kills++;
    tracker = await startTracker({ data, listen: new URL(url).host });
    assert.equal(tracker.url, url);
    for (const { name, infoHash } of before.slice(-50))
      assert.equal((await client.lookup({ params: { name } })).infoHash, infoHash);
  };

  const queue = publications.values();
  const publishAll = async (): Promise<void> => {
    for (const publication of queue) {
      // Or each of the rest would be tried for a minute.
      if (failure !== undefined) return;
      try {
        const { outcome } = await client.publish({ body: publication.body });
        if (outcome === 'same') repeated++;
      } catch (error) {
        // Said by a tracker that is being killed, not by one that refuses.
        assert.ok(error instanceof ShoalError && /^ERR_TRACKER_/.test(error.code), String(error));
        continue;
      }
      acknowledged.add(publication);
      if (acknowledged.size % KILL_EVERY === 0)
        restarting = (restarting ?? Promise.resolve()).then(restart).catch((error) => {
          failure ??= error;
        });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, publishAll));
  await restarting;
  if (failure !== undefined) throw failure;
  assert.ok(kills >= 4, `killed ${kills} times`);
  assert.ok(acknowledged.size >= PUBLICATIONS * 0.9, `${acknowledged.size} were acknowledged`);

  await tracker.process.kill('SIGKILL');
  tracker = await startTracker({ data, listen: new URL(url).host });
  for (const { name, infoHash } of acknowledged)
    assert.equal((await client.lookup({ params: { name } })).infoHash, infoHash, `${name} was acknowledged`);
  let listed = 0;
  let cursor: string | undefined;
  do {
    const page = await client.list({ query: { limit: 500, ...(cursor === undefined ? {} : { cursor }) } });
    for (const { name } of page.files) {
      const { torrent, infoHash } = publications.find((publication) => publication.name === name)!;
      listed++;
      if (listed % 10 > 0) continue;
      const bytes = await client.torrent({ params: { name } });
      assert.equal(parseMetainfo(bytes, sha1).infoHash, infoHash);
      assert.ok(bytes.length > torrent.length, 'with an announce URL put in');
    }
    cursor = page.next;
  } while (cursor !== undefined);
  assert.ok(listed >= acknowledged.size);
  assert.ok(repeated < PUBLICATIONS / 10, `${repeated} had been stored when the tracker died before it could say so`);

  await tracker.process.kill('SIGTERM');
  const database = new DatabaseSync(join(data, 'catalog.sqlite'));
  const check = database.prepare('PRAGMA integrity_check').all();
  const search = database
    .prepare('SELECT count(*) AS found FROM names_search WHERE names_search MATCH \'"publication"\'')
    .get();
  database.close();
  assert.deepEqual(
    check.map((row) => row.integrity_check),
    ['ok'],
  );
  assert.equal(search?.found, listed, 'the search index has every name');
});
