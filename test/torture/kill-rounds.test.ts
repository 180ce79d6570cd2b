// kill -9 at random moments of a throttled download from four peers, again and again until it is complete, then a new
// one. What is on disk after each kill is hashed here, byte by byte: the next run must take exactly that for its own, no
// piece may be fetched that was verified before, and the bytes must be right at the end.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { parseMetainfo } from '../../src/protocol/metainfo.ts';
import { type Done, seed, share, startGet, torrentFile } from '../harness/jobs.ts';
import { sha1 } from '../harness/sample-torrent.ts';
import { digest, randomFile, type ShoalProcess, startTracker, temporaryDirectory } from '../harness/shoal.ts';
import { KilledDownload } from './killed-download.ts';
import { drawFrom, scaled, TORTURE, tell } from './scale.ts';

const ROUNDS = TORTURE?.rounds ?? scaled(8, 40, 200);
const SIZE = TORTURE?.size ?? scaled(12, 48, 512) * 1024 * 1024;
const RATE = TORTURE?.rate ?? scaled(8, 8, 24) * 1024 * 1024;
const SEED = TORTURE?.seed ?? Math.floor(Math.random() * 1e9);
const PEERS = 4;
/** The program starts, looks at the disk and finds its peers in about so many milliseconds. */
const STARTING = 500;
/** What one kill may cost: blocks on their way and pieces that were not whole, in seconds of the rate and in bytes. */
const LOST_SECONDS = 1;
const LOST_BYTES = 4 * 1024 * 1024;

it(`loses no verified byte in ${ROUNDS} rounds of kill -9 (seed ${SEED})`, async (t) => {
  const startedAt = performance.now();
  const draw = drawFrom(SEED);
  const tracker = await startTracker();
  const trackers = [tracker.url];
  const path = await randomFile(join(await temporaryDirectory(), 'film.mkv'), SIZE);
  const wanted = await digest(path);
  const shared = await share(path, { trackers, args: ['--piece-length', '64K'] });
  const seeds = [shared.process];
  for (let peer = 1; peer < PEERS; peer++) seeds.push(await seed('film.mkv', path, { trackers }));
  const metainfo = parseMetainfo(await torrentFile(tracker.url, 'film.mkv'), sha1);
  const words = ['--verbose', '--down', String(RATE)];
  for (const { events } of seeds)
    words.push('--peer', `127.0.0.1:${portOf(events.find(({ listen }) => listen !== undefined)?.listen)}`);

  let download: KilledDownload | undefined;
  let downloads = 0;
  let complete = 0;
  let resumed = 0;
  for (let round = 1; round <= ROUNDS || download !== undefined; round++) {
    if (download === undefined) {
      download = await KilledDownload.make(metainfo);
      downloads++;
    }
    const run = await startGet(shared.magnet, download.destination, { trackers, state: download.state, args: words });
    // the last download is let run to its end
    if (round <= ROUNDS) await untilMoment(run, draw);
    else await run.exit;
    await run.kill('SIGKILL');
    if (download.judge(run, `round ${round}`)) resumed++;
    const done = run.all('done')[0] as Done | undefined;
    if (done === undefined) {
      assert.ok(round <= ROUNDS, run.failure('the last run is not complete').message);
      continue;
    }
    assert.equal(done.downloaded - done.wasted, SIZE - done.reused, 'what was missing and nothing else is fetched');
    assert.equal(await digest(download.destination), wanted);
    complete++;
    download = undefined;
  }
  assert.equal(complete, downloads);
  assert.ok(resumed >= ROUNDS / 8, `only ${resumed} runs went on with what another had left`);
  const sent = seeds.reduce((sum, seed) => sum + Number(seed.all('progress').at(-1)?.uploaded ?? 0), 0);
  const most = downloads * SIZE + ROUNDS * (LOST_BYTES + LOST_SECONDS * RATE);
  assert.ok(sent <= most, `${sent} bytes were sent for ${downloads} downloads of ${SIZE}`);
  tell(t, {
    what: `kill -9, ${SIZE >> 20} MiB from ${PEERS} peers`,
    rounds: ROUNDS,
    found: `${complete} downloads right, ${resumed} times resumed, 0 verified bytes fetched twice, ${((sent / downloads / SIZE - 1) * 100).toFixed(1)} % more sent`,
    seconds: (performance.now() - startedAt) / 1000,
  });
});

function portOf(listen: unknown): string {
  return /(\d+)\W*$/.exec(String(listen))![1]!;
}

/** One kill in six comes while the program starts and looks at the disk, the others when pieces come in. */
async function untilMoment(run: ShoalProcess, draw: () => number): Promise<void> {
  if (draw() < 1 / 6) {
    await wait(draw() * STARTING);
    return;
  }
  await run.until(() => run.events.some(({ event }) => event === 'piece' || event === 'done'), 'piece');
  await wait(draw() * draw() * Math.min(3000, (SIZE / RATE) * 1000));
}
