// A daemon that is made up: as many torrents as a test wants, all of them moving, served with the page over real sockets.
// For what a real daemon cannot show on demand: ten thousand transfers, every state at once, replies that are late or fail.

import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { FastifyReply } from 'fastify';
import type { PeerRow, SessionReply, TorrentRow, TorrentState } from '../../src/api/daemon-schemas.ts';
import { cellsOf, PIECE_STATES } from '../../src/api/strip-cells.ts';
import { HttpError } from '../../src/http/problem.ts';
import { createHttpServer, type HttpServer } from '../../src/http/server.ts';
import { registerStaticFiles } from '../../src/http/static-files.ts';
import { builtPage } from './browser.ts';

const CONTENT_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'";
const NAMES = [
  'debian-13.2.0-amd64-DVD-1.iso',
  'Field recordings, Lake Constance (2024)',
  'planet-260101.osm.pbf',
  'Big Buck Bunny 2160p.mkv',
  'wikipedia_en_all_maxi_2026-01.zim',
  'sunflower-seeds-timelapse.mov',
  'Beethoven - Die 32 Klaviersonaten (Kempff)',
  'ubuntu-26.04-desktop-amd64.iso',
  '東京の夜 – フィールド録音.flac',
  'kernel-dumps-2026-w03',
  'ملفات الأرشيف الصوتي',
  'tears-of-steel-1080p.webm',
];
const MIB = 1024 * 1024;
/** Who had what nobody has now. */
const LAST_SEEN = { address: '198.51.100.77:6881', at: Date.now() - 7_500_000 };
/** What every round changes, as a daemon tells it twice a second. */
const EVERY = 500;

export interface MockOptions {
  torrents: number;
  /** Milliseconds before each reply. */
  delay?: number;
  /** Refuses to do what is asked, in these words. */
  refuse?: string;
  /** Share of the torrents that change in each round, between 0 and 1. */
  busy?: number;
}

export interface MockDaemon {
  url: string;
  rows: readonly TorrentRow[];
  /** Goes away, as a daemon that is killed does. */
  stop(): Promise<void>;
  /** Is back at the same address. */
  start(): Promise<void>;
}

export async function openMockDaemon(t: TestContext, options: MockOptions): Promise<MockDaemon> {
  const rows = Array.from({ length: options.torrents }, (_, index) => makeRow(index));
  const folder = await builtPage();
  let port = 0;
  let server: HttpServer;
  let streams = new Set<ServerResponse>();
  const start = async (): Promise<void> => {
    streams = new Set();
    server = createHttpServer({ bodyLimit: MIB, contentPolicy: CONTENT_POLICY, frank: true });
    registerMock(server, rows, options, streams);
    registerStaticFiles(server, { folder, missing: 'not built' });
    await server.listen({ host: '127.0.0.1', port });
    ({ port } = server.server.address() as AddressInfo);
  };
  const stop = async (): Promise<void> => {
    for (const stream of streams) stream.destroy();
    server.server.closeAllConnections();
    await server.close();
  };
  await start();
  const timer = setInterval(() => round(rows, streams, options.busy ?? 1), EVERY);
  t.after(async () => {
    clearInterval(timer);
    await stop();
  });
  return { url: `http://127.0.0.1:${port}`, rows, stop, start };
}

function registerMock(
  server: HttpServer,
  rows: readonly TorrentRow[],
  { delay = 0, refuse }: MockOptions,
  streams: Set<ServerResponse>,
): void {
  const byHash = new Map(rows.map((row) => [row.infoHash, row]));
  const late = () => new Promise((resolve) => setTimeout(resolve, delay));
  const one = (request: { params: unknown }): TorrentRow => {
    const row = byHash.get((request.params as { infoHash: string }).infoHash);
    if (row === undefined) throw new HttpError(404, 'ERR_NOT_FOUND', 'this daemon has no such torrent');
    return row;
  };
  const get = (url: string, reply: (row: TorrentRow) => unknown): void => {
    server.get(`/api/v1/torrents/:infoHash/${url}`, async (request) => {
      await late();
      return reply(one(request));
    });
  };
  server.get('/api/v1/events', (request, reply) => {
    if (request.headers.cookie === 'nobody') throw new HttpError(401, 'ERR_NOT_ALLOWED', 'show the token');
    void late().then(() => stream(reply, rows, streams));
  });
  server.get('/api/v1/strips', async (request) => {
    await late();
    const { torrents, cells } = request.query as { torrents: string; cells: string };
    const found = torrents.split(',').map((infoHash) => byHash.get(infoHash)!);
    return {
      strips: found.map((row) => {
        const pieces = piecesOf(row);
        const nowhere = pieces.filter((piece) => piece === PIECE_STATES.nowhere).length;
        return {
          infoHash: row.infoHash,
          cells: base64(cellsOf(pieces, Number(cells))),
          nowhere,
          lastSeen: nowhere > 0 ? LAST_SEEN : null,
        };
      }),
    };
  });
  get('pieces', (row) => ({ pieceCount: row.pieceCount, pieceLength: 4 * MIB, pieces: base64(piecesOf(row)) }));
  get('peers', (row) => ({ pieceCount: row.pieceCount, peers: peersOf(row) }));
  get('swarm', (row) => swarmOf(row));
  get('files', (row) => ({ files: filesOf(row) }));
  get('trackers', () => ({ trackers: trackers() }));
  get('why', (row) => whyOf(row));
  server.get('/api/v1/history', async () => {
    await late();
    return history();
  });
  server.get('/api/v1/activity', async (request) => {
    await late();
    return activityOf(byHash.get((request.query as { infoHash: string }).infoHash)!);
  });
  server.patch('/api/v1/torrents/:infoHash/files', async (request) => {
    await late();
    if (refuse !== undefined) throw new HttpError(409, 'ERR_USAGE', refuse);
    return { files: filesOf(one(request)) };
  });
  server.post('/api/v1/torrents/:infoHash/:command', async (request) => {
    await late();
    if (refuse !== undefined) throw new HttpError(409, 'ERR_USAGE', refuse);
    const row = one(request);
    const { command } = request.params as { command: string };
    if (command === 'pause') Object.assign(row, { state: 'paused', down: 0, up: 0, peers: 0 });
    if (command === 'resume') row.state = row.have === row.size ? 'seeding' : 'downloading';
    return row;
  });
}

async function stream(reply: FastifyReply, rows: readonly TorrentRow[], streams: Set<ServerResponse>): Promise<void> {
  const headers = { ...reply.getHeaders(), 'content-type': 'text/event-stream', 'cache-control': 'no-store' };
  reply.hijack();
  const response = reply.raw.writeHead(200, headers as Record<string, string>);
  const data = { torrents: rows, session: session(rows), uploads: [], shares: [] };
  response.write(`event: snapshot\nid: mock-0\ndata: ${JSON.stringify(data)}\n\n`);
  streams.add(response);
  response.once('close', () => streams.delete(response));
}

/** Rates of what moves change; what downloads gets on. */
function round(rows: readonly TorrentRow[], streams: ReadonlySet<ServerResponse>, busy: number): void {
  if (streams.size === 0) return;
  const changed: Partial<TorrentRow>[] = [];
  for (const [index, row] of rows.entries()) {
    if (row.state !== 'downloading' && row.state !== 'seeding') {
      // Told once more than is needed, for who has just paused it.
      if (row.state === 'paused') changed.push({ infoHash: row.infoHash, state: 'paused', down: 0, up: 0, peers: 0 });
      continue;
    }
    if ((index % 100) / 100 >= busy) continue;
    const factor = 0.8 + 0.4 * Math.random();
    if (row.down > 0) {
      row.down = Math.round(row.down * factor);
      row.have = Math.min(row.size - MIB, row.have + Math.round(row.down / 2));
      row.piecesHave = Math.floor(row.have / (4 * MIB));
    }
    row.up = Math.round(row.up * factor);
    row.uploaded += Math.round(row.up / 2);
    const { infoHash, state, down, up, have, piecesHave, uploaded } = row;
    changed.push({ infoHash, state, down, up, have, piecesHave, uploaded });
  }
  const data = JSON.stringify({ changed, removed: [], session: session(rows) });
  for (const response of streams) response.write(`event: delta\nid: mock-1\ndata: ${data}\n\n`);
}

function makeRow(index: number): TorrentRow {
  const state = stateOf(index);
  const size = (index % 97) * 53 * MIB + 700 * MIB;
  const share = state === 'seeding' || state === 'finished' ? 1 : state === 'metadata' ? 0 : ((index * 37) % 97) / 100;
  const pieceCount = Math.ceil(size / (4 * MIB));
  const piecesHave = Math.floor(pieceCount * share);
  const stuck = index % 40 === 4;
  const name = NAMES[index % NAMES.length]!;
  const known = state !== 'metadata';
  return {
    infoHash: index.toString(16).padStart(8, '0').repeat(5),
    name: index < NAMES.length ? name : `${name.replace(/(\.\w{2,4})?$/, ` ${index}$1`)}`,
    state,
    path: `/srv/files/${name}`,
    size: known ? size : 0,
    wanted: known ? size : 0,
    have: share === 1 ? size : piecesHave * 4 * MIB,
    pieceCount: known ? pieceCount : 0,
    piecesHave,
    piecesWanted: known ? pieceCount : 0,
    downloaded: piecesHave * 4 * MIB,
    uploaded: state === 'seeding' ? Math.round(size * ((index % 30) / 10)) : 0,
    wasted: 0,
    down: state === 'downloading' && !stuck ? 40_000 + ((index * 7919) % 9_000_000) : 0,
    up: state === 'seeding' ? ((index * 104729) % 3_000_000) * (index % 3 === 0 ? 1 : 0) : 0,
    peers: state === 'downloading' ? 3 + (index % 28) : state === 'seeding' ? index % 9 : 0,
    seeds: 1,
    checked: state === 'checking' ? 0.43 : 0,
    labels: index % 11 === 3 ? ['music'] : [],
    limits: {},
    position: index,
    sequential: false,
    added: Date.now() - index * 3_700_000 - 60_000,
    done: share === 1 ? Date.now() - index * 3_000_000 : null,
    private: false,
    error:
      state === 'failed'
        ? { code: 'ERR_DESTINATION', message: `/srv/files/${name} exists already and is something else` }
        : null,
    waiting: null,
  };
}

/** All states among the first few, then mostly seeds. */
function stateOf(index: number): TorrentState {
  const first: TorrentState[] = [
    'downloading',
    'seeding',
    'downloading',
    'seeding',
    'downloading',
    'checking',
    'paused',
  ];
  const more: TorrentState[] = ['queued', 'metadata', 'failed', 'finished'];
  if (index < first.length + more.length) return [...first, ...more][index]!;
  return index % 5 === 0 ? 'downloading' : index % 7 === 3 ? 'paused' : 'seeding';
}

function piecesOf({ pieceCount, piecesHave, state, down }: TorrentRow): Uint8Array {
  const pieces = new Uint8Array(pieceCount);
  for (let count = 0, at = 0; count < piecesHave; at++) {
    const piece = (at * 61) % pieceCount;
    if (pieces[piece] === PIECE_STATES.have && piecesHave < pieceCount) {
      const free = pieces.indexOf(PIECE_STATES.missing);
      pieces[free] = PIECE_STATES.have;
    } else pieces[piece] = PIECE_STATES.have;
    count++;
  }
  if (state !== 'downloading') return pieces;
  let arriving = 6;
  for (let piece = 0; piece < pieceCount && arriving > 0; piece += 7)
    if (pieces[piece] === PIECE_STATES.missing) {
      pieces[piece] = down > 0 ? PIECE_STATES.arriving : PIECE_STATES.nowhere;
      arriving--;
    }
  return pieces;
}

function peersOf({ peers, pieceCount, down, up }: TorrentRow): PeerRow[] {
  const clients = ['Shoal 0.1.0', 'qBittorrent 5.1.2', 'Transmission 4.0.6', 'libtorrent 2.0.11', ''];
  return Array.from({ length: peers }, (_, index) => ({
    address: index % 4 === 3 ? `[2001:db8::${index}:1]:51413` : `198.51.100.${index + 10}:${6881 + index}`,
    client: clients[index % clients.length]!,
    outgoing: index % 2 === 0,
    pieces: index % 3 === 0 ? pieceCount : Math.floor((pieceCount * ((index * 29) % 100)) / 100),
    downloaded: index * 37 * MIB,
    uploaded: index * 5 * MIB,
    down: index % 3 === 0 ? down / Math.ceil(peers / 3) : 0,
    up: index % 3 === 1 ? up / peers : 0,
    chokedByPeer: index % 3 !== 0,
    chokedByUs: index % 3 !== 1,
    interestedInPeer: index % 5 !== 4,
    interestedInUs: index % 3 === 1,
  }));
}

function swarmOf(row: TorrentRow) {
  const groups = Math.min(120, row.pieceCount);
  const rows = peersOf(row).map(({ address, client, outgoing, pieces }) => {
    const share = pieces / Math.max(1, row.pieceCount);
    const have = Array.from({ length: groups }, (_, group) => ((group * 37) % 100 < share * 100 ? 255 : 0));
    return { address, client, outgoing, have };
  });
  const own = Array.from({ length: groups }, () => 0);
  return { pieceCount: row.pieceCount, pieceGroups: groups, own, rows, copies: own };
}

function filesOf({ name, size, have }: TorrentRow) {
  if (/\.\w{2,4}$/.test(name)) return [{ index: 0, path: name, size, offset: 0, have, priority: 'normal' }];
  const paths = [
    'cover.jpg',
    'CD 1/01 Allegro.flac',
    'CD 1/02 Adagio.flac',
    'CD 1/03 Rondo.flac',
    'CD 2/01 Largo.flac',
  ];
  return paths.map((path, index) => ({
    index,
    path,
    size: Math.floor(size / paths.length),
    offset: index * Math.floor(size / paths.length),
    have: Math.floor(have / paths.length),
    priority: ['normal', 'high', 'normal', 'low', 'skip'][index],
  }));
}

function trackers() {
  return [
    {
      url: 'http://tracker.example.org:6969/announce',
      tier: 0,
      lastAnswer: Date.now() - 95_000,
      failure: null,
      seeds: 14,
      peers: 32,
    },
    {
      url: 'https://other.example.net/announce',
      tier: 1,
      lastAnswer: 0,
      failure: 'does not answer',
      seeds: null,
      peers: null,
    },
  ];
}

function history() {
  const down = Array.from({ length: 60 }, (_, at) =>
    Math.round(4e6 + 2.5e6 * Math.sin(at / 7) + 9e5 * Math.sin(at * 1.7)),
  );
  const up = Array.from({ length: 60 }, (_, at) => Math.round(9e5 + 6e5 * Math.cos(at / 11)));
  return { step: 1, from: Date.now() - 60_000, down, up };
}

function activityOf({ infoHash, name }: TorrentRow) {
  const line = { infoHash, name, level: 'info' };
  return {
    lines: [
      { ...line, id: 1, at: Date.now() - 7_300_000, kind: 'added', text: `${name} was added` },
      { ...line, id: 2, at: Date.now() - 7_200_000, kind: 'paused', text: `${name} was paused` },
      {
        ...line,
        id: 3,
        at: Date.now() - 600_000,
        level: 'warning',
        kind: 'warning',
        text: 'http://other.example.net/announce does not answer',
      },
    ],
  };
}

function whyOf(row: TorrentRow) {
  const { infoHash, name, size, have, peers } = row;
  const times = { receiving: 61_000, peerSlow: 22_000, choked: 9_000, dialling: 4_000, noPeers: 1_000 };
  return {
    infoHash,
    name,
    size,
    have,
    wanted: size,
    limits: { down: 0, up: 0 },
    times,
    connected: peers,
    piecesNowhere: 0,
    lastSeen: null,
    peers: peersOf(row).map(({ address, client, downloaded, uploaded }) => ({
      address,
      client,
      downloaded,
      uploaded,
      down: { receiving: 5_000, choked: 1_000 },
      up: {},
    })),
  };
}

function session(rows: readonly TorrentRow[]): SessionReply {
  const sum = (take: (row: TorrentRow) => number): number => rows.reduce((total, row) => total + take(row), 0);
  return {
    version: '0.1.0',
    started: 0,
    port: 6881,
    listen: ['0.0.0.0:6881'],
    downloads: '/srv/files',
    shareRoot: '/srv/files/shared',
    roots: ['/srv/files'],
    trackers: ['http://tracker.example.org:6969'],
    publisher: 'ab'.repeat(32),
    free: 812 * 1024 * MIB,
    down: sum(({ down }) => down),
    up: sum(({ up }) => up),
    downloaded: 0,
    uploaded: 0,
    torrents: { all: rows.length, active: rows.filter(({ peers }) => peers > 0).length, paused: 0, failed: 0 },
    settings: {
      down: 0,
      up: 0,
      activeDownloads: 5,
      activeSeeds: 0,
      ratio: null,
      seedTime: null,
      idleTime: null,
      startAdded: true,
      alternative: false,
      altDown: 50_000,
      altUp: 50_000,
      altTimes: { on: false, days: [0, 1, 2, 3, 4, 5, 6], from: 540, to: 1020 },
      limitLan: true,
      schedule: [],
      maxConnections: 500,
      moveTo: null,
      watch: null,
    },
    locked: [],
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
