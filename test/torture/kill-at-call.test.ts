// kill -9 just before the n-th write, sync, rename, link or removal of a download of 64 pieces, for every n: the next run
// takes what was on disk, fetches nothing twice, and the bytes are right. Once from nothing, and once from a half that is
// in the journal, where the next run hashes only what the killed one had begun. strace does the killing; it counts each
// call by thread, so there is one thread of each kind.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { HashPool } from '../../src/io/disk/hash-pool.ts';
import { type Metainfo, parseMetainfo } from '../../src/protocol/metainfo.ts';
import { type Done, share, torrentFile } from '../harness/jobs.ts';
import { needs } from '../harness/programs.ts';
import { sha1 } from '../harness/sample-torrent.ts';
import { digest, randomFile, runShoal, type ShoalProcess, startTracker, temporaryDirectory } from '../harness/shoal.ts';
import { traced } from '../harness/strace.ts';
import { KilledDownload } from './killed-download.ts';
import { scaled, tell } from './scale.ts';

const PIECES = 64;
const PIECE = 16384;
/** Calls that change what is on disk. */
const CALLS = ['pwrite64', 'write', 'fdatasync', 'fsync', 'rename', 'link', 'unlink', 'ftruncate', 'mkdir'];
/** So many n of each call are tried at most, and so many of the calls. */
const TRIED = scaled(1, 8, Number.POSITIVE_INFINITY);
const TARGETS = scaled(4, 100, 100);

interface Job {
  metainfo: Metainfo;
  words: readonly string[];
  wanted: string;
  /** The content, when half of it is to be there. */
  data: Uint8Array | undefined;
}

/** One call, at one path or at any. */
interface Target {
  call: string;
  path?: string;
  /** How often a run to the end makes it. */
  times: number;
}

const pool = new HashPool({ size: 1 });
after(() => pool.close());

describe('kill -9 at any call that changes the disk', needs('strace'), () => {
  for (const half of [false, true])
    it(`costs nothing ${half ? 'when half was there' : 'when nothing was there'}`, (t) => killEverywhere(t, half));
});

async function killEverywhere(t: TestContext, half: boolean): Promise<void> {
  const startedAt = performance.now();
  const tracker = await startTracker();
  const path = await randomFile(join(await temporaryDirectory(), 'film.mkv'), PIECES * PIECE);
  const shared = await share(path, { trackers: [tracker.url], args: ['--piece-length', '16K'] });
  const metainfo = parseMetainfo(await torrentFile(tracker.url, 'film.mkv'), sha1);
  const words = ['--json', '--verbose', '--listen', '127.0.0.1:0', '--tracker', tracker.url];
  const data = half ? await readFile(path) : undefined;
  const job: Job = { metainfo, words: [shared.magnet, ...words], wanted: await digest(path), data };

  let rounds = 0;
  let killed = 0;
  for (const target of await countCalls(job))
    for (const n of choose(target.times)) {
      rounds++;
      if (await killAt(job, target, n)) killed++;
    }
  // how the journal's writes fall together differs from run to run, so the last n may not be reached
  assert.ok(killed >= rounds * 0.8, `${killed} of ${rounds} were killed`);
  tell(t, {
    what: `kill -9 at the n-th call, ${half ? 'second half of' : 'all of'} ${PIECES} pieces`,
    rounds,
    found: `${killed} killed, all resumed, 0 verified bytes fetched twice`,
    seconds: (performance.now() - startedAt) / 1000,
  });
}

async function begin({ metainfo, data }: Job): Promise<KilledDownload> {
  const download = await KilledDownload.make(metainfo);
  if (data !== undefined) await download.beginHalf(metainfo, data, pool);
  return download;
}

/** All from 1 to `times`, or some that are spread over those that every run comes to. */
function choose(times: number): number[] {
  if (times <= TRIED) return Array.from({ length: times }, (_, i) => i + 1);
  const sure = Math.ceil(times * 0.8);
  return Array.from({ length: TRIED }, (_, i) => Math.max(1, Math.ceil(((i + Math.random()) * sure) / TRIED)));
}

async function get(job: Job, download: KilledDownload, tracer?: readonly string[]): Promise<ShoalProcess> {
  const options = tracer === undefined ? {} : traced(tracer);
  return await runShoal(['get', ...job.words, '-o', download.destination], { state: download.state, ...options });
}

/** Lets one download run to its end and counts what it does. */
async function countCalls(job: Job): Promise<Target[]> {
  const download = await begin(job);
  const log = join(await temporaryDirectory(), 'calls');
  const run = await get(job, download, ['-y', '-o', log, '-e', `trace=${CALLS.join(',')}`]);
  assert.equal(run.ended?.code, 0, run.failure('not complete').message);
  const journal = journalOf(download, job);
  const part = `${download.destination}.part`;
  const targets: Target[] = [];
  for (const call of CALLS) {
    const paths = call === 'pwrite64' ? [part, journal] : [undefined];
    for (const path of paths) {
      const times = new Map<string, number>();
      for (const line of readFileSync(log, 'utf8').split('\n')) {
        const match = /^(\d+) +(\w+)\((.*)/.exec(line);
        if (match === null || match[2] !== call || (path !== undefined && !match[3]!.includes(`<${path}>`))) continue;
        times.set(match[1]!, (times.get(match[1]!) ?? 0) + 1);
      }
      const most = Math.max(0, ...times.values());
      if (most > 0) targets.push({ call, times: most, ...(path === undefined ? {} : { path }) });
    }
  }
  assert.equal(targets[0]?.times, job.data === undefined ? PIECES : PIECES / 2, 'each piece is one write');
  const chosen = targets.sort(() => Math.random() - 0.5).slice(0, TARGETS);
  return chosen.map((target) => ({
    ...target,
    ...(target.path === undefined ? {} : { path: target.path === part ? 'part' : 'journal' }),
  }));
}

function journalOf(download: KilledDownload, job: Job): string {
  return join(download.state, 'torrents', job.metainfo.infoHash, 'journal');
}

/** True when it was killed and did not come to its end before. */
async function killAt(job: Job, { call, path }: Target, n: number): Promise<boolean> {
  const where = `${call} ${path ?? ''} ${n}`;
  const download = await begin(job);
  const tracer = ['-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${n}`];
  if (path !== undefined)
    tracer.push('-P', path === 'part' ? `${download.destination}.part` : journalOf(download, job));
  const first = await get(job, download, tracer);
  const killed = first.ended?.signal === 'SIGKILL' || first.ended?.code === 137;
  assert.ok(killed || first.ended?.code === 0, first.failure(where).message);
  download.judge(first, where);
  const second = await get(job, download);
  assert.equal(second.ended?.code, 0, second.failure(where).message);
  download.judge(second, where);
  const done = second.all('done')[0] as Done;
  assert.equal(done.downloaded - done.wasted, done.size - done.reused, where);
  assert.equal(await digest(download.destination), job.wanted, where);
  return killed;
}
