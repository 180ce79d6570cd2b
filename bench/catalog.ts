// `node bench/catalog.ts [--entries 100000] [--seconds 15] [--announces 500] [--queries 50] [--json]`: how fast a tracker
// with a full catalog lists, searches and looks up while peers announce. The catalog is filled by its own publish path, flushes
// to disk included; the tracker is a process of its own. Requests are sent at fixed times whether or not earlier ones were
// answered, and a latency counts from the time a request was due: nothing waits politely for a slow answer.

import { hash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createIdentity } from '../src/io/identity.ts';
import { entryBytes } from '../src/protocol/entry.ts';
import { parseMetainfo } from '../src/protocol/metainfo.ts';
import { buildInfo, encodeMetainfo } from '../src/protocol/metainfo-build.ts';
import { percentEncode } from '../src/protocol/tracker/query.ts';
import { Catalog } from '../src/tracker/catalog.ts';
import type { PublishInput } from '../src/tracker/catalog-types.ts';
import { endPrograms, Program } from '../test/harness/program.ts';
import { readCost } from './process-cost.ts';

const { values } = parseArgs({
  options: {
    entries: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '15' },
    announces: { type: 'string', default: '500' },
    queries: { type: 'string', default: '50' },
    json: { type: 'boolean', default: false },
  },
});
const entries = Number(values.entries);
const seconds = Number(values.seconds);

const PUBLISHERS = 20;
const AT_ONCE = 256;
const NO_QUOTAS = { publisherEntries: 1e9, publisherBytes: 1e15, addressEntries: 1e9, addressBytes: 1e15 };
const WORDS =
  'alpha archive backup band beta book chapter clip code concert data debian demo disc draft edition episode film final font game guide holiday image index introduction issue journal kernel language lecture letter library linux live map master mix model music network notes open paper part photo plan podcast project reader record release report sample season session set single slides song source standard story summer survey talk text track training ubuntu update user video volume weather web week winter work world year'.split(
    ' ',
  );
const ENDINGS = ['.iso', '.pdf', '.mkv', '.flac', '.tar.gz', '.zip', ''];

/** Repeatable: every run has the same names. */
let state = 42;
function pick<T>(list: readonly T[]): T {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return list[Math.floor((state / 2 ** 32) * list.length)]!;
}

const sha1 = (bytes: Uint8Array): Uint8Array => hash('sha1', bytes, 'buffer');

function tell(text: string): void {
  if (!values.json) console.error(text);
}

interface Filled {
  infoHashes: string[];
  names: string[];
  perSecond: number;
}

async function fill(directory: string): Promise<Filled> {
  const identities = Array.from({ length: PUBLISHERS }, createIdentity);
  const catalog = await Catalog.open({ directory, quotas: NO_QUOTAS });
  const [infoHashes, names]: [string[], string[]] = [[], []];
  let publishing = 0;
  for (let done = 0; done < entries; ) {
    const batch: PublishInput[] = [];
    for (; batch.length < AT_ONCE && done < entries; done++) {
      const name = `${pick(WORDS)} ${pick(WORDS)} ${pick(WORDS)} ${done}${pick(ENDINGS)}`;
      const infoBytes = buildInfo({
        name,
        pieceLength: 262_144,
        pieces: randomBytes(20 * 40),
        files: { length: 262_144 * 40 },
      });
      const torrent = encodeMetainfo({ infoBytes });
      const { infoHash, size } = parseMetainfo(torrent, sha1);
      const identity = pick(identities);
      const entry = entryBytes({
        type: 'file',
        publisher: identity.publicKey,
        name,
        seq: 1,
        prev: '',
        size,
        infoHash,
        timestamp: 1_700_000_000,
        trackers: [],
      });
      infoHashes.push(infoHash);
      names.push(name);
      batch.push({ torrent, entry, signature: identity.sign(entry), sourceAddress: '127.0.0.1' });
    }
    const started = performance.now();
    await Promise.all(batch.map((input) => catalog.publish(input)));
    publishing += performance.now() - started;
  }
  await catalog.close();
  return { infoHashes, names, perSecond: entries / (publishing / 1000) };
}

async function startTracker(dataDir: string): Promise<{ program: Program; port: number; milliseconds: number }> {
  const script = `
    const { startTracker } = await import(${JSON.stringify(new URL('../src/tracker/index.ts', import.meta.url).href)});
    const options = { listen: { host: '127.0.0.1', port: 0 }, dataDir: process.argv[1], quotas: ${JSON.stringify(NO_QUOTAS)} };
    const { port } = await startTracker(options);
    console.log(JSON.stringify({ event: 'listening', port }));
  `;
  const started = performance.now();
  const program = new Program([process.execPath, '--input-type=module', '-e', script, dataDir]);
  const { port } = await program.event('listening');
  return { program, port: Number(port), milliseconds: performance.now() - started };
}

const agent = new Agent({ keepAlive: true, maxSockets: 128 });

/** Milliseconds from `due` to the end of the reply. */
async function timeRequest(port: number, path: string, due: number): Promise<number> {
  const outgoing = request({ host: '127.0.0.1', port, path, agent });
  outgoing.end();
  const [response] = await once(outgoing, 'response');
  response.resume();
  await once(response, 'end');
  if (response.statusCode !== 200) throw new Error(`${path}: status ${response.statusCode}`);
  return performance.now() - due;
}

/** What a request of each kind asks for. */
function requestMakers({ infoHashes, names }: Filled): Record<string, () => string> {
  let peer = 0;
  const search = (query: string): string => `/api/v1/files?q=${encodeURIComponent(query)}`;
  const cursorAt = (name: string): string => Buffer.from(JSON.stringify([name, 0])).toString('base64url');
  return {
    'list, first page': () => '/api/v1/files',
    'list, a later page': () => `/api/v1/files?cursor=${cursorAt(pick(names))}`,
    'search, one word': () => search(pick(WORDS)),
    'search, two words': () => search(`${pick(WORDS)} ${pick(WORDS)}`),
    'search, one hit': () => search(String(pick(names).split(' ')[3])),
    'search, two letters': () => search(`${pick([...'abcdefghijklmnoprstuvw'])}${pick([...'aeiou1234567890'])}`),
    'search, no hit': () => search(`no such ${pick(WORDS)} qq`),
    'look up': () => `/api/v1/files/${encodeURIComponent(pick(names))}`,
    page: () => `/?q=${pick(WORDS)}`,
    announce: () => {
      peer++;
      const infoHash = percentEncode(Buffer.from(pick(infoHashes), 'hex'));
      const peerId = `-SH0100-${String(peer).padStart(12, '0')}`;
      return `/announce?info_hash=${infoHash}&peer_id=${peerId}&port=${1024 + (peer % 60_000)}&uploaded=0&downloaded=0&left=${peer % 2}&compact=1`;
    },
  };
}

interface Latencies {
  kind: string;
  requests: number;
  /** Milliseconds. */
  p50: number;
  p95: number;
  p99: number;
  max: number;
}

function summarize(kind: string, samples: readonly number[]): Latencies {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0;
  return { kind, requests: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) ?? 0 };
}

/** Announces and queries together, each at its own steady rate. */
async function load(port: number, filled: Filled, duration: number): Promise<Map<string, number[]>> {
  const makers = requestMakers(filled);
  const kinds = Object.keys(makers).filter((kind) => kind !== 'announce');
  const samples = new Map<string, number[]>(Object.keys(makers).map((kind) => [kind, []]));
  const under: Promise<void>[] = [];
  const send = (kind: string, due: number): void => {
    under.push(timeRequest(port, makers[kind]!(), due).then((time) => void samples.get(kind)!.push(time)));
  };
  const streams = [
    { gap: 1000 / Number(values.announces), next: 0, kind: () => 'announce' },
    { gap: 1000 / Number(values.queries), next: 0, kind: () => kinds[count++ % kinds.length]! },
  ];
  let count = 0;
  const started = performance.now();
  while (performance.now() - started < duration * 1000) {
    for (const stream of streams)
      for (; stream.next <= performance.now() - started; stream.next += stream.gap)
        send(stream.kind(), started + stream.next);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(under);
  return samples;
}

const directory = await mkdtemp(join(tmpdir(), 'shoal-bench-catalog-'));
try {
  tell(`filling a catalog with ${entries} entries …`);
  const filled = await fill(directory);
  const { program, port, milliseconds } = await startTracker(directory);
  await load(port, filled, 2);
  tell(`${values.announces} announces and ${values.queries} queries a second for ${seconds} s …`);
  const before = await readCost(program.child.pid!);
  const samples = await load(port, filled, seconds);
  const after = await readCost(program.child.pid!);
  const queries = [...samples].filter(([kind]) => kind !== 'announce').flatMap(([, times]) => times);
  const listing = [...samples].filter(([kind]) => /^(list|search)/.test(kind)).flatMap(([, times]) => times);
  const rows = [
    ...[...samples].map(([kind, times]) => summarize(kind, times)),
    summarize('list and search', listing),
    summarize('all queries', queries),
  ];
  const listP95 = rows.find((row) => row.kind === 'list and search')!.p95;
  const announceP99 = rows.find((row) => row.kind === 'announce')!.p99;
  const report = {
    bench: 'catalog',
    entries,
    publishedPerSecond: Math.round(filled.perSecond),
    trackerStart: Math.round(milliseconds),
    announcesPerSecond: Number(values.announces),
    queriesPerSecond: Number(values.queries),
    trackerCpuShare: (after.cpu - before.cpu) / seconds,
    trackerPeak: after.peak,
    rows,
    met: { listAndSearchP95Below50: listP95 < 50, announceP99Below20: announceP99 < 20 },
  };
  if (values.json) console.log(JSON.stringify(report));
  else {
    console.log(
      `\ncatalog of ${entries} entries, ${values.announces} announces and ${values.queries} queries a second`,
    );
    console.log(
      `published ${report.publishedPerSecond}/s; tracker starts in ${report.trackerStart} ms, peak ${(after.peak / 2 ** 20).toFixed(0)} MiB, ${(100 * report.trackerCpuShare).toFixed(0)} % of a core\n`,
    );
    console.log(
      `${''.padEnd(22)}${['requests', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms'].map((title) => title.padStart(9)).join('')}`,
    );
    for (const row of rows) {
      const times = [row.p50, row.p95, row.p99, row.max].map((time) => time.toFixed(1).padStart(9)).join('');
      console.log(`${row.kind.padEnd(22)}${String(row.requests).padStart(9)}${times}`);
    }
    const verdict = (met: boolean): string => (met ? 'met' : 'MISSED');
    console.log(`\nlist and search, 95th percentile < 50 ms: ${verdict(report.met.listAndSearchP95Below50)}`);
    console.log(`announce meanwhile, 99th percentile < 20 ms: ${verdict(report.met.announceP99Below20)}`);
  }
} finally {
  agent.destroy();
  await endPrograms();
  await rm(directory, { recursive: true, force: true });
}
