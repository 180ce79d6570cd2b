// What thousands of idle seeds cost a daemon: memory, processor time (also while somebody listens to its events), the time of
// a listing and of `shoal status`, of a start after a stop and after a kill, and how long the API lets callers wait meanwhile.
// Run by hand: `node bench/many-torrents.ts 10000`.

import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createDaemonClient, type DaemonClient } from '../src/api/daemon-client.ts';
import { encode } from '../src/protocol/bencode.ts';
import { startTracker } from '../src/tracker/server.ts';

const LAUNCHER = fileURLToPath(new URL('../bin/shoal.js', import.meta.url));
const LOOPBACK = '127.0.0.1:0';
const ADDED_AT_ONCE = 8;
/** Milliseconds until seeds to which nobody came are left alone, and for which they are then measured. */
const SETTLE = 15_000;
const MEASURE = 10_000;

interface Running {
  pid: number;
  url: string;
  token: string;
  client: DaemonClient;
  end(signal: NodeJS.Signals): Promise<void>;
  /** Whatever it is doing; for a measurement that failed. */
  kill(): void;
}

async function startDaemon(directory: string, tracker: string): Promise<Running> {
  const words = ['daemon', '--json', '--state', join(directory, 'state'), '--api', LOOPBACK, '--listen', LOOPBACK];
  const child = spawn(
    process.execPath,
    [LAUNCHER, ...words, '--downloads', join(directory, 'downloads'), '--tracker', tracker],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, HOME: directory } },
  );
  let text = '';
  for await (const chunk of child.stdout) {
    text += chunk;
    if (text.includes('\n')) break;
  }
  const ready = JSON.parse(text.split('\n')[0]!) as { url: string; token: string };
  return {
    pid: child.pid!,
    url: ready.url,
    token: ready.token,
    client: createDaemonClient(ready.url, { token: ready.token, timeout: 300_000 }),
    async end(signal) {
      child.kill(signal);
      await once(child, 'exit');
    },
    kill: () => child.kill('SIGKILL'),
  };
}

/** Of Linux: resident memory in MiB, and seconds of processor time so far. */
async function costOf(pid: number): Promise<{ memory: number; cpu: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]!.split(' ');
  return {
    memory: Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024,
    cpu: (Number(fields[11]) + Number(fields[12])) / 100,
  };
}

/** A file of its own for each, so that there is a real disk to check. */
async function addOne(client: DaemonClient, directory: string, index: number): Promise<void> {
  const content = randomBytes(500);
  const name = `file-${index}.bin`;
  await writeFile(join(directory, 'downloads', name), content);
  const pieces = createHash('sha1').update(content).digest();
  const info = encode({ length: content.length, name, 'piece length': 16_384, pieces });
  const torrent = Buffer.concat([Buffer.from('d4:info'), info, Buffer.from('e')]);
  await client.add({ body: { torrent: torrent.toString('base64') } });
}

async function untilSeeding(client: DaemonClient, count: number): Promise<void> {
  while ((await client.torrents({ query: { state: 'seeding' } })).torrents.length < count) await delay(1000);
}

async function timed(label: string, act: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await act();
  console.log(`${label}: ${((performance.now() - start) / 1000).toFixed(2)} s`);
}

/** Percent of a core, for a while from now on. */
async function shareOf(pid: number): Promise<number> {
  const before = await costOf(pid);
  const start = performance.now();
  await delay(MEASURE);
  return (100_000 * ((await costOf(pid)).cpu - before.cpu)) / (performance.now() - start);
}

/** Milliseconds of each of some rounds. */
async function timesOf(act: () => Promise<unknown>): Promise<string> {
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const began = performance.now();
    await act();
    times.push(performance.now() - began);
  }
  return times.map((time) => time.toFixed(0)).join(' ');
}

/** As a page does, in this process. */
async function whileListening({ url, token }: Running, act: () => Promise<void>): Promise<void> {
  const abort = new AbortController();
  const headers = { authorization: `Bearer ${token}` };
  const { body } = await fetch(`${url}/api/v1/events`, { headers, signal: abort.signal });
  const reader = body!.getReader();
  const reading = (async () => {
    while (!(await reader.read()).done);
  })().catch(() => undefined);
  await act();
  abort.abort();
  await reading;
}

async function runStatus(directory: string): Promise<void> {
  const words = ['status', '--state', join(directory, 'state')];
  const child = spawn(process.execPath, [LAUNCHER, ...words], {
    stdio: 'ignore',
    env: { ...process.env, HOME: directory },
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`shoal status ended with ${code}`);
}

async function measureIdle(running: Running): Promise<void> {
  const { pid, client } = running;
  await delay(SETTLE);
  const share = await shareOf(pid);
  console.log(`idle: ${share.toFixed(1)} % of a core, ${(await costOf(pid)).memory.toFixed(0)} MiB`);
  console.log(`a listing takes ${await timesOf(() => client.torrents({}))} ms`);
  console.log(`\`shoal status\` takes ${await timesOf(() => runStatus(directory))} ms`);
  await whileListening(running, async () => {
    await delay(SETTLE / 3);
    console.log(`while one follows the events: ${(await shareOf(pid)).toFixed(1)} % of a core`);
  });
  console.log(`then ${(await costOf(pid)).memory.toFixed(0)} MiB`);
}

/** Asks for little, often, while `act` runs, and tells how long the answers took. */
async function asking({ client }: Running, act: () => Promise<void>): Promise<void> {
  const times: number[] = [];
  let acts = true;
  const asks = (async () => {
    while (acts) {
      const began = performance.now();
      await client.session({});
      times.push(performance.now() - began);
      await delay(100);
    }
  })();
  await act();
  acts = false;
  await asks;
  times.sort((a, b) => a - b);
  const part = (share: number): string => times[Math.floor(share * (times.length - 1))]!.toFixed(0);
  console.log(`meanwhile a small call took ${part(0.5)} ms, ${part(0.99)} ms of a hundred one, ${part(1)} ms at most`);
}

const count = Number(process.argv[2] ?? 1000);
const directory = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'shoal-many-'));
await mkdir(join(directory, 'downloads'));
const tracker = await startTracker({
  listen: { host: '127.0.0.1', port: 0 },
  dataDir: join(directory, 'tracker'),
  open: true,
});
let running: Running | undefined;
try {
  let daemon = await startDaemon(directory, tracker.url);
  running = daemon;
  console.log(`empty: ${(await costOf(daemon.pid)).memory.toFixed(0)} MiB`);
  let next = 0;
  const add = async (): Promise<void> => {
    while (next < count) await addOne(daemon.client, directory, next++);
  };
  await asking(daemon, () => timed(`${count} added`, () => Promise.all(Array.from({ length: ADDED_AT_ONCE }, add))));
  await asking(daemon, () => timed('all seed after', () => untilSeeding(daemon.client, count)));
  await measureIdle(daemon);
  await timed('stopped after', () => daemon.end('SIGTERM'));
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    await timed('ready again after', async () => {
      daemon = await startDaemon(directory, tracker.url);
      running = daemon;
    });
    await asking(daemon, () => timed('all seed again after', () => untilSeeding(daemon.client, count)));
    await measureIdle(daemon);
    await timed(`${signal}, ended after`, () => daemon.end(signal));
  }
} finally {
  running?.kill();
  await tracker.close();
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}
