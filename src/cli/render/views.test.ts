import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PeerStatus, PIECE, type Torrent, type TorrentStatus, type TrackerStatus } from '../../engine/types.ts';
import { DownloadView, describeStall } from './download-view.ts';
import { ShareView } from './share-view.ts';
import { width } from './width.ts';

const STATUS: TorrentStatus = {
  state: 'downloading',
  infoHash: 'a'.repeat(40),
  name: 'film\x1b[2J.mkv',
  path: '/films/film.mkv',
  size: 800 * 1024,
  have: 200 * 1024,
  pieceCount: 4,
  piecesHave: 1,
  piecesWanted: 4,
  reused: 0,
  wanted: 800 * 1024,
  downloaded: 300 * 1024,
  uploaded: 10,
  wasted: 0,
  failedPieces: 0,
  down: 40 * 1024,
  up: 0,
  peers: 3,
  seeds: 1,
  checked: 1,
};

const PEER: PeerStatus = {
  address: '10.0.0.2:6881',
  client: 'Shoal 0.1.0',
  outgoing: false,
  pieces: 2,
  downloaded: 0,
  uploaded: 240 * 1024,
  down: 0,
  up: 1024,
  chokedByPeer: false,
  chokedByUs: false,
  interestedInPeer: false,
  interestedInUs: true,
};

interface Given {
  status?: Partial<TorrentStatus>;
  peers?: Partial<PeerStatus>[];
  trackers?: Partial<TrackerStatus>[];
  map?: number[];
}

/** What a torrent shows of itself, as given. */
function torrentOf({ status = {}, peers = [], trackers = [{}], map = [2, 1, 0, 0] }: Given): Torrent {
  return {
    infoHash: STATUS.infoHash,
    status: { ...STATUS, ...status },
    stillness: undefined,
    peers: peers.map((peer) => ({ ...PEER, ...peer })),
    trackers: trackers.map((tracker) => ({ url: 'http://t/announce', tier: 0, lastAnswer: 1, ...tracker })),
    metainfo: undefined,
    pieceMap: () => Uint8Array.from(map),
    shortage: { pieces: 0 },
    swarmPicture: () => ({ pieceCount: 0, pieceGroups: 0, own: [], rows: [], copies: [] }),
    done: new Promise(() => {}),
    events: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }),
    addPeer: () => {},
    announceTo: () => {},
    setTrackers: () => {},
    filePriorities: undefined,
    setFilePriorities: () => undefined,
    setSequential: () => undefined,
    read: async function* () {},
    setLimits: () => {},
    why: {
      infoHash: '',
      name: '',
      size: 0,
      have: 0,
      wanted: 0,
      limits: { down: 0, up: 0 },
      storage: { backlog: 0, hashing: 0, writing: 0 },
      times: {},
      connected: 0,
      piecesNowhere: 0,
      peers: [],
    },
    stop: async () => {},
  };
}

test('a download: name, percent, size, rate, time left and peers, and a map where there is room', () => {
  const view = new DownloadView('my film', () => torrentOf({}), true);
  assert.deepEqual(view.lines(120), ['my film  25%  of 800 KiB  ↓ 40.0 KiB/s  15s left  3 peers, 1 seed', '█░··']);
  const [narrow, ...more] = view.lines(80);
  assert.deepEqual(more, []);
  assert.ok(width(narrow!) < 80 && narrow!.includes('3 peers, 1 seed'), narrow);
  assert.equal(view.plain(), 'my film: 25% of 800 KiB, 40.0 KiB/s, 15s left, 3 peers');
});

test('a download before it runs, and one known by its hash only', () => {
  const before = new DownloadView('my film', () => undefined, true);
  assert.deepEqual(before.lines(80), ['my film  looking it up']);
  assert.deepEqual(before.events(), []);
  const checking = torrentOf({ status: { state: 'checking', checked: 0.5 } });
  const view = new DownloadView(STATUS.infoHash, () => checking, true);
  assert.equal(view.plain(), 'film\\x1b[2J.mkv: checking what is here, 50%');
  assert.deepEqual(view.events(), [], 'have is not known yet');
  const asking = torrentOf({ status: { state: 'metadata', peers: 1, size: 0 } });
  assert.match(new DownloadView('x', () => asking, true).plain(), /asking 1 peer for the metadata/);
});

test('progress has the fields that are promised', () => {
  const [fields] = new DownloadView('x', () => torrentOf({}), true).events();
  for (const field of ['have', 'size', 'pieces', 'down', 'up', 'peers'])
    assert.equal(typeof fields?.[field], 'number', field);
  assert.deepEqual([fields?.have, fields?.pieces, fields?.pieceCount], [200 * 1024, 1, 4]);
});

test('why nothing arrives', () => {
  const stall = (given: Given) => describeStall(torrentOf(given));
  const none = { peers: 0, seeds: 0 };
  assert.match(stall({ status: none, trackers: [] }), /no tracker to ask and no peer found/);
  assert.match(
    stall({ status: none, trackers: [{ failure: 'refused' }] }),
    /no tracker answers \(http:\/\/t\/announce: refused\)/,
  );
  assert.match(stall({ status: none, trackers: [{ seeds: 0, peers: 1 }] }), /nobody shares it now/);
  assert.match(stall({ status: none, trackers: [{ seeds: 2, peers: 1 }] }), /knows 3 peers, but none can be reached/);
  assert.match(stall({ status: { state: 'metadata' } }), /3 peers connected, but none has the metadata/);
  assert.match(stall({ map: [PIECE.have, PIECE.nowhere, PIECE.nowhere, 0] }), /none has the last 2 pieces/);
  const choking = [{ chokedByPeer: true }, { chokedByPeer: true }, { chokedByPeer: true }];
  assert.match(stall({ peers: choking }), /all of them serve others first/);
  assert.match(stall({ peers: [{}, {}, {}] }), /nothing comes from them/);
});

test('a share: who takes what, by what they tell or by what they were given', () => {
  const torrent = torrentOf({
    status: { state: 'seeding' },
    peers: [
      { pieces: 0, client: 'aria2\x07' },
      { address: '10.0.0.3:1', pieces: 3, up: 2048, uploaded: 1 },
    ],
  });
  const view = new ShareView([{ name: 'film', torrent }]);
  assert.deepEqual(view.lines(100), [
    'film  800 KiB  ↑ 3.0 KiB/s  10 B sent  2 peers',
    '  PEER           CLIENT       HAS       RATE     TOOK',
    '  10.0.0.3:1     Shoal 0.1.0  75%  2.0 KiB/s      1 B',
    '  10.0.0.2:6881  aria2\\x07    30%  1.0 KiB/s  240 KiB',
  ]);
  assert.match(view.plain(), /^film: 3\.0 KiB\/s to 2 peers \(10\.0\.0\.3:1 75% 2\.0 KiB\/s, /);
  assert.equal(view.events().length, 1);
  assert.equal(view.events().length, 0, 'nothing has changed since');
});
