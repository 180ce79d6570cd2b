// The power goes at any moment of a download: of what was not synced any subset is on the disk, sector by sector. One run
// is recorded with all it does to the disk; then hundreds of disks are made that could be left of it, and looked at as the
// next start does. Nothing is taken for had that is not there, and no more is lost than what was written last.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { readStamp } from '../../src/io/disk/file-stamp.ts';
import { HashPool } from '../../src/io/disk/hash-pool.ts';
import { Storage } from '../../src/io/disk/storage.ts';
import { TorrentStore } from '../../src/io/stores/torrent-store.ts';
import { type Metainfo, parseMetainfo } from '../../src/protocol/metainfo.ts';
import { share, startGet, torrentFile, untilDone } from '../harness/jobs.ts';
import { needs } from '../harness/programs.ts';
import { sha1 } from '../harness/sample-torrent.ts';
import { randomFile, startTracker, temporaryDirectory } from '../harness/shoal.ts';
import { traced } from '../harness/strace.ts';
import { GoodPieces } from './good-pieces.ts';
import { RECORDED, RECORDING, RecordedDisk } from './recorded-disk.ts';
import { drawFrom, scaled, TORTURE, tell } from './scale.ts';

const CUTS = scaled(300, 600, 5000);
const SEED = TORTURE?.seed ?? Math.floor(Math.random() * 1e9);
const PIECES = 64;
const PIECE = 16384;
/** A batch is begun every five seconds; a slow machine may take some more to end it. */
const MOST_LOST = 8;

const pool = new HashPool({ size: 1 });
after(() => pool.close());

it(`claims nothing that a power cut took, and loses one batch at most (seed ${SEED})`, needs('strace'), async (t) => {
  const startedAt = performance.now();
  const draw = drawFrom(SEED);
  const { disk, metainfo, destination, state } = await record();
  let lost = 0;
  let kept = 0;
  let vouched = 0;
  for (let cut = 0; cut < CUTS; cut++) {
    const line = Math.floor(draw() * disk.lines);
    const share = [0, 0.5, 0.9, 1][Math.floor(draw() * 4)]!;
    disk.rebuild(line, () => draw() < share);
    const newer = draw() < 0.5;
    const found = await lookAgain(metainfo, destination, state, newer);
    const where = `cut ${cut} at line ${line}, ${share} of the rest survives${newer ? ', newer' : ''}`;
    const good = new GoodPieces(metainfo, destination);
    good.look();
    for (const piece of found.have) assert.ok(good.has(piece), `${where}: piece ${piece} is claimed and not there`);
    const time = disk.timeOf(line);
    for (const { position, at, line: end } of disk.writesTo(`${destination}.part`)) {
      if (end > line) continue;
      const piece = position / PIECE;
      if (found.have.has(piece)) kept++;
      else {
        lost++;
        assert.ok(
          time - at < MOST_LOST,
          `${where}: piece ${piece} was written ${time - at} seconds before and is lost`,
        );
      }
    }
    if (found.hashed < found.have.size) vouched++;
  }
  assert.ok(
    vouched > CUTS / 10 && lost > 0 && kept > 0,
    `${vouched} of ${CUTS} believed the journal, ${lost} were lost`,
  );
  tell(t, {
    what: `power cut, ${PIECES} pieces in 10 s`,
    rounds: CUTS,
    found: `0 pieces claimed that are not there, none lost that was older than one batch, journal believed ${vouched} times`,
    seconds: (performance.now() - startedAt) / 1000,
  });
});

/** One whole download, slow enough for two batches. */
async function record() {
  const tracker = await startTracker();
  const path = await randomFile(join(await temporaryDirectory(), 'film.mkv'), PIECES * PIECE);
  const shared = await share(path, { trackers: [tracker.url], args: ['--piece-length', '16K'] });
  const metainfo = parseMetainfo(await torrentFile(tracker.url, 'film.mkv'), sha1);
  const base = await temporaryDirectory();
  const log = join(await temporaryDirectory(), 'calls');
  const destination = join(base, 'disk', 'into', 'copy.mkv');
  const state = join(base, 'disk', 'state');
  mkdirSync(state, { recursive: true });
  mkdirSync(join(base, 'disk', 'into'));
  const run = await startGet(shared.magnet, destination, {
    trackers: [tracker.url],
    state,
    args: ['--down', '90K'],
    ...traced([...RECORDING, '-o', log, '-e', `trace=${RECORDED}`]),
  });
  await untilDone(run);
  assert.equal(await run.code(), 0);
  const disk = new RecordedDisk(readFileSync(log, 'latin1'), join(base, 'disk'));
  assert.equal(disk.writesTo(`${destination}.part`).length, PIECES);
  return { disk, metainfo, destination, state };
}

/**
 * What the next start makes of it. A rebuilt file has another inode and time than the one it stands for, so these are put
 * right in the record. `newer`: the time of the last write came to the disk; otherwise, which is worse, it did not.
 */
async function lookAgain(metainfo: Metainfo, destination: string, state: string, newer: boolean) {
  const { record } = await new TorrentStore(state).load(metainfo.infoHash);
  const path = [destination, `${destination}.part`].find((name) => statSync(name, { throwIfNoEntry: false }));
  const known = record?.files[0];
  if (record !== undefined && known !== undefined && path !== undefined) {
    const seconds = Math.trunc(record.at / 1000) + (newer ? 1 : 0);
    utimesSync(path, seconds, seconds);
    const { mtimeNs, ino } = await readStamp(path);
    record.files[0] = { size: known.size, mtimeNs: newer ? mtimeNs - 2_000_000_000n : mtimeNs, ino };
  }
  let hashed = 0;
  const { storage, have } = await Storage.open({
    metainfo,
    path: destination,
    pool,
    onProgress: (_, total) => {
      hashed = total / PIECE;
    },
    ...(record === undefined ? {} : { resume: record }),
  });
  await storage.close();
  const pieces = new Set(Array.from({ length: PIECES }, (_, i) => i).filter((piece) => have.has(piece)));
  return { have: pieces, hashed };
}
