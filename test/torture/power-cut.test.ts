// The power goes at any moment of a download: of what was not synced any subset is on the disk, sector by sector. One run
// is recorded with all it does to the disk; then hundreds of disks are made that could be left of it, and looked at as the
// next start does. Nothing is taken for had that is not there, no file has its final name before it is whole, and no more
// is lost than what was written last. Once with one file, once with hundreds of small ones, which a worker puts on the disk.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { readStamp } from '../../src/io/disk/file-stamp.ts';
import { HashPool } from '../../src/io/disk/hash-pool.ts';
import { Storage } from '../../src/io/disk/storage.ts';
import { TorrentStore } from '../../src/io/stores/torrent-store.ts';
import { type Metainfo, parseMetainfo } from '../../src/protocol/metainfo.ts';
import { share, startGet, torrentFile, untilDone } from '../harness/jobs.ts';
import { needs } from '../harness/programs.ts';
import { sha1 } from '../harness/sample-torrent.ts';
import { digest, randomFile, startTracker, temporaryDirectory } from '../harness/shoal.ts';
import { traced } from '../harness/strace.ts';
import { GoodPieces, type StreamFile, streamFiles } from './good-pieces.ts';
import { RECORDED, RECORDING, RecordedDisk } from './recorded-disk.ts';
import { drawFrom, scaled, TORTURE, tell } from './scale.ts';

const CUTS = scaled(300, 600, 5000);
const SMALL_CUTS = scaled(40, 150, 1000);
const SEED = TORTURE?.seed ?? Math.floor(Math.random() * 1e9);
const PIECES = 64;
const PIECE = 16384;
/** A batch is begun every five seconds; a slow machine may take some more to end it. */
const MOST_LOST = 8;

const pool = new HashPool({ size: 1 });
after(() => pool.close());

describe(`a power cut at any moment (seed ${SEED})`, needs('strace'), () => {
  it('claims nothing that it took, and loses one batch at most', async (t) => {
    const path = await randomFile(join(await temporaryDirectory(), 'film.mkv'), PIECES * PIECE);
    await cutEverywhere(t, `${PIECES} pieces in 10 s`, await record(path, '90K'), CUTS);
  });

  it('leaves small files whole or unfinished', async (t) => {
    const folder = join(await temporaryDirectory(), 'album');
    let left = PIECES * PIECE;
    for (let index = 0; left > 0; index++) {
      const size = Math.min(left, index % 9 === 8 ? 3 * PIECE : 1000 + ((index * 7919) % 5000));
      await randomFile(join(folder, index % 2 === 0 ? '' : 'b', `file-${index}`), size, `${index}`);
      left -= size;
    }
    await cutEverywhere(t, 'small files', await record(folder, '120K'), SMALL_CUTS);
  });
});

interface Recorded {
  disk: RecordedDisk;
  metainfo: Metainfo;
  /** Where it was downloaded to. */
  destination: string;
  state: string;
  files: StreamFile[];
  /** SHA-256 of each file as it should be. */
  digests: string[];
}

async function cutEverywhere(t: TestContext, what: string, recorded: Recorded, cuts: number): Promise<void> {
  const startedAt = performance.now();
  const draw = drawFrom(SEED);
  const { disk, metainfo, destination, files, digests } = recorded;
  const written = writtenPieces(recorded);
  assert.equal(written.length, PIECES);
  let lost = 0;
  let kept = 0;
  let vouched = 0;
  let finished = 0;
  for (let cut = 0; cut < cuts; cut++) {
    const line = Math.floor(draw() * disk.lines);
    const share = [0, 0.5, 0.9, 1][Math.floor(draw() * 4)]!;
    disk.rebuild(line, () => draw() < share);
    const where = `cut ${cut} at line ${line}, ${share} of the rest survives`;
    for (const [index, { path, length }] of files.entries()) {
      if (length === 0 || statSync(path, { throwIfNoEntry: false }) === undefined) continue;
      finished++;
      assert.equal(await digest(path), digests[index], `${where}: ${path} has its final name and is not whole`);
    }
    const newer = draw() < 0.5;
    const found = await lookAgain(recorded, newer);
    const good = new GoodPieces(metainfo, destination);
    good.look();
    for (const piece of found.have)
      assert.ok(good.has(piece), `${where}${newer ? ', newer' : ''}: piece ${piece} is claimed and not there`);
    const time = disk.timeOf(line);
    for (const { piece, at, line: end } of written) {
      if (end > line) continue;
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
    vouched > 0 && lost > 0 && kept > 0 && finished > 0,
    `${vouched} of ${cuts} believed the journal, ${lost} were lost, ${kept} kept, ${finished} files finished`,
  );
  tell(t, {
    what: `power cut, ${what}`,
    rounds: cuts,
    found: `0 pieces claimed that are not there, none lost that was older than one batch, ${finished} finished files whole, journal believed ${vouched} times`,
    seconds: (performance.now() - startedAt) / 1000,
  });
}

/** One whole download, slow enough for two batches of a film. */
async function record(path: string, rate: string): Promise<Recorded> {
  const tracker = await startTracker();
  const shared = await share(path, { trackers: [tracker.url], args: ['--piece-length', '16K'] });
  const metainfo = parseMetainfo(await torrentFile(tracker.url, basename(path)), sha1);
  const base = await temporaryDirectory();
  const log = join(await temporaryDirectory(), 'calls');
  const destination = join(base, 'disk', 'into', basename(path));
  const state = join(base, 'disk', 'state');
  mkdirSync(state, { recursive: true });
  mkdirSync(join(base, 'disk', 'into'));
  const run = await startGet(shared.magnet, join(base, 'disk', 'into/'), {
    trackers: [tracker.url],
    state,
    args: ['--down', rate],
    ...traced([...RECORDING, '-o', log, '-e', `trace=${RECORDED}`]),
  });
  await untilDone(run);
  assert.equal(await run.code(), 0);
  const disk = new RecordedDisk(readFileSync(log, 'latin1'), join(base, 'disk'));
  const files = streamFiles(metainfo, destination);
  const digests: string[] = [];
  for (const file of files) digests.push(await digest(file.path));
  return { disk, metainfo, destination, state, files, digests };
}

/** When each piece was whole with the system: seconds, and the line of the log. */
function writtenPieces({ disk, metainfo, files }: Recorded): { piece: number; at: number; line: number }[] {
  const writes = files.flatMap((file) =>
    disk.writesTo(`${file.path}.part`).map((write) => ({ ...write, from: file.offset + write.position })),
  );
  const bytes = new Map<number, number>();
  const whole: { piece: number; at: number; line: number }[] = [];
  for (const { from, length, at, line } of writes.sort((one, other) => one.line - other.line)) {
    const piece = Math.floor(from / PIECE);
    assert.ok(from + length <= (piece + 1) * PIECE, 'a write lies in one piece');
    const sum = (bytes.get(piece) ?? 0) + length;
    bytes.set(piece, sum);
    if (sum === Math.min(PIECE, metainfo.length - piece * PIECE)) whole.push({ piece, at, line });
  }
  return whole;
}

/**
 * What the next start makes of it. A rebuilt file has another inode and other times than the one it stands for, so these are
 * put right: the cut is now. `newer`: the time of the last write came to the disk; otherwise, which is worse, it did not.
 */
async function lookAgain({ metainfo, destination, state, files }: Recorded, newer: boolean) {
  const { record } = await new TorrentStore(state).load(metainfo.infoHash);
  if (record !== undefined) {
    record.at = Math.trunc(Date.now() / 1000) * 1000;
    for (const [index, { path }] of files.entries()) {
      const known = record.files[index];
      const name = [path, `${path}.part`].find((one) => statSync(one, { throwIfNoEntry: false }));
      if (known === undefined || name === undefined) continue;
      const seconds = record.at / 1000 + (newer ? 1 : 0);
      utimesSync(name, seconds, seconds);
      const { mtimeNs, ino } = await readStamp(name);
      record.files[index] = { size: known.size, mtimeNs: newer ? mtimeNs - 2_000_000_000n : mtimeNs, ino };
    }
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
