// Malformed and misplaced messages, one defect after the other, each on a real socket against a real session. A close has
// its exact reason; what is to be ignored leaves the connection as it was. After all of it an honest peer is served, and
// when the sessions are closed no socket is left. The numbers are those of the table of wire defects.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Session } from '../../src/engine/session.ts';
import { formatMagnet } from '../../src/protocol/magnet.ts';
import {
  decodeMetadataMessage,
  encodeExtensionHandshake,
  encodeMetadataMessage,
} from '../../src/protocol/wire/extension.ts';
import {
  encodeAllowedFast,
  encodeCancel,
  encodeExtended,
  encodeFrame,
  encodeHave,
  encodeKeepAlive,
  encodePiece,
  encodePort,
  encodeReject,
  encodeRequest,
  encodeSuggest,
  MESSAGE,
} from '../../src/protocol/wire/messages.ts';
import { RawPeer, until } from './raw-peer.ts';
import { Target } from './stage.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const PIECE = 32_768;
const PIECES = 12;
const SIZE = PIECES * PIECE - 5_000;
/** The number under which sessions hear of metadata. */
const METADATA = 3;
/** And of pieces that are taken back. */
const DONT_HAVE = 7;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shoal-hostile-'));
const content = randomBytes(SIZE);
let openSockets: number;

/** Has everything. */
let seed: Target;
/** Has the first half and wants the rest. */
let half: Target;
/** Knows the info-hash and nothing else. */
let magnet: Target;
/** Waits for nobody. */
let impatient: Target;

function handles(): number {
  return process.getActiveResourcesInfo().filter((name) => /^(TCP|Pipe)/.test(name)).length;
}

before(async () => {
  openSockets = handles();
  const file = path.join(folder, 'file.bin');
  fs.writeFileSync(file, content);
  const make = (options = {}): Promise<Session> => Session.open({ listen: LOOPBACK, state: null, ...options });
  const seeder = await make({ handshakeTimeout: 1_000 });
  seed = new Target(seeder, await seeder.seed(file, { pieceLength: PIECE }));
  const { metainfo, infoHash } = seed.torrent;

  const started = path.join(folder, 'half.bin');
  fs.writeFileSync(started, Buffer.concat([content.subarray(0, SIZE / 2), Buffer.alloc(SIZE - SIZE / 2)]));
  const leecher = await make({ snubTimeout: 500 });
  half = new Target(leecher, await leecher.add(metainfo!, { path: started, overwrite: true }));

  const knowing = await make();
  const link = formatMagnet({ infoHash, name: 'file.bin', trackers: [], peers: [] });
  magnet = new Target(knowing, await knowing.add(link, { path: path.join(folder, 'magnet.bin') }));

  const quick = await make({ idleTimeout: 1_500, unreadTimeout: 1_500, handshakeTimeout: 300 });
  impatient = new Target(quick, await quick.seed(file, { pieceLength: PIECE }));
});

after(async () => {
  for (const target of [seed, half, magnet, impatient]) await target?.session.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

function frame(id: number, length: number): Uint8Array {
  return encodeFrame(id, new Uint8Array(length));
}

function prefix(length: number, id: number): Uint8Array {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(length >>> 0);
  bytes[4] = id;
  return bytes;
}

function block(piece: number, begin: number, length = 16_384): Uint8Array {
  return content.subarray(piece * PIECE + begin, Math.min(SIZE, piece * PIECE + begin + length));
}

function field(...pieces: number[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil(PIECES / 8));
  for (const piece of pieces) bits[piece >> 3]! |= 128 >> (piece & 7);
  return encodeFrame(MESSAGE.bitfield, bits);
}

function extension(text: string): Uint8Array {
  return encodeExtended(0, Buffer.from(text, 'latin1'));
}

test('1: another protocol is closed at its first bytes, without an answer', async () => {
  const openings = [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.from('\x12BitTorrent protocol'),
    Buffer.from('\x13BitTorrent protocoX'),
    Buffer.from([0x16, 0x03, 0x01]),
  ];
  for (const opening of openings) {
    const raw = await RawPeer.open(seed.session.port);
    raw.send(opening);
    await raw.ended();
    assert.equal(raw.bytesHeard, 0);
  }
});

test('2: an unknown info-hash is closed without an answer', async () => {
  const raw = await RawPeer.open(seed.session.port);
  raw.send(raw.handshakeFor('ee'.repeat(20)));
  await raw.ended();
  assert.equal(raw.bytesHeard, 0);
});

test('4: a handshake byte by byte, and one glued to messages, are accepted', async () => {
  const slow = await RawPeer.open(seed.session.port);
  for (const byte of slow.handshakeFor(seed.torrent.infoHash)) {
    slow.send(Uint8Array.of(byte));
    await new Promise(setImmediate);
  }
  await slow.greeted();
  await slow.fetchBlock();
  const glued = await RawPeer.open(seed.session.port);
  glued.send(
    glued.handshakeFor(seed.torrent.infoHash),
    frame(MESSAGE.haveNone, 0),
    frame(MESSAGE.interested, 0),
    encodeRequest(0, 0, 16_384),
    encodeRequest(0, 16_384, 16_384),
  );
  await until(() => glued.blocks.length === 2, 'the blocks');
  slow.leave();
  glued.leave();
});

test('5: who is silent, or stops in the middle of the handshake, is closed in time', async () => {
  const silent = await RawPeer.open(impatient.session.port);
  const halting = await RawPeer.open(impatient.session.port);
  halting.send(halting.handshakeFor(impatient.torrent.infoHash).subarray(0, 67));
  const started = performance.now();
  await Promise.all([silent.ended(), halting.ended()]);
  assert.ok(performance.now() - started < 5_000);
  assert.equal(silent.bytesHeard + halting.bytesHeard, 0);
});

test('6: a connection to ourselves is closed', async () => {
  const first = await seed.join();
  const mirror = await RawPeer.open(seed.session.port, first.theirId);
  mirror.send(mirror.handshakeFor(seed.torrent.infoHash));
  await mirror.ended();
  assert.equal(seed.torrent.peers.filter((peer) => peer.address.endsWith(`:${mirror.port}`)).length, 0);
  first.leave();
});

test('7: a length over a mebibyte, or a negative one, is closed before anything is kept', async () => {
  for (const length of [1024 * 1024 + 1, 2 ** 31, 2 ** 32 - 1]) {
    const raw = await seed.join();
    raw.send(prefix(length, MESSAGE.bitfield));
    await seed.endedBy(raw, 'packet_too_large');
  }
});

test('8: keep-alives are ignored, a flood of them is not', async () => {
  const raw = await seed.join();
  raw.send(...Array.from({ length: 1_000 }, encodeKeepAlive));
  await raw.fetchBlock();
  for (let i = 0; i < 100 && !raw.closed; i++) raw.send(...Array.from({ length: 1_000 }, encodeKeepAlive));
  await seed.endedBy(raw, 'too_many_messages');
});

test('9: unknown messages are ignored a hundred times', async () => {
  const raw = await seed.join();
  for (let i = 0; i < 100; i++) raw.send(frame(40 + (i % 20), i));
  await raw.fetchBlock();
  raw.send(frame(99, 10));
  await seed.endedBy(raw, 'invalid_message');
});

const wrongLengths: [row: number, id: number, length: number, reason: string][] = [
  [10, MESSAGE.choke, 1, 'invalid_choke'],
  [10, MESSAGE.unchoke, 4, 'invalid_unchoke'],
  [10, MESSAGE.interested, 1, 'invalid_interested'],
  [10, MESSAGE.notInterested, 100, 'invalid_not_interested'],
  [11, MESSAGE.have, 3, 'invalid_have'],
  [11, MESSAGE.have, 5, 'invalid_have'],
  [13, MESSAGE.bitfield, 1, 'invalid_bitfield_size'],
  [13, MESSAGE.bitfield, 3, 'invalid_bitfield_size'],
  [16, MESSAGE.haveAll, 1, 'invalid_have_all'],
  [17, MESSAGE.request, 11, 'invalid_request'],
  [17, MESSAGE.request, 13, 'invalid_request'],
  [22, MESSAGE.piece, 7, 'invalid_piece'],
  [27, MESSAGE.cancel, 13, 'invalid_cancel'],
  [28, MESSAGE.port, 1, 'invalid_dht_port'],
  [31, MESSAGE.reject, 8, 'invalid_reject'],
  [32, MESSAGE.extended, 0, 'invalid_extended'],
];
for (const [row, id, length, reason] of wrongLengths)
  test(`${row}: message ${id} with ${length} bytes of payload is closed`, async () => {
    const raw = await seed.join();
    raw.send(frame(id, length));
    await seed.endedBy(raw, reason);
  });

test('11: a have outside the torrent is closed', async () => {
  for (const piece of [PIECES, 2 ** 31, 2 ** 32 - 1]) {
    const raw = await seed.join();
    raw.send(encodeHave(piece));
    await seed.endedBy(raw, 'invalid_have');
  }
});

test('12: before the metadata a have of any index is kept or ignored', async () => {
  const raw = await magnet.join();
  raw.send(encodeHave(3), encodeHave(2 ** 31), encodeHave(2 ** 32 - 1));
  raw.send(encodeExtended(0, encodeExtensionHandshake({ messages: new Map([['ut_metadata', 7]]) })));
  raw.send(encodeExtended(METADATA, encodeMetadataMessage({ type: 'request', piece: 0 })));
  await raw.hear(MESSAGE.extended, 2);
  assert.equal(raw.closed, false);
  raw.leave();
});

test('13: a bitfield of the wrong length is closed also by who still downloads', async () => {
  const short = await half.join();
  short.send(frame(MESSAGE.bitfield, 1));
  await half.endedBy(short, 'invalid_bitfield_size');
  const long = await half.join();
  long.send(frame(MESSAGE.bitfield, 3));
  await half.endedBy(long, 'packet_too_large');
});

test('14: spare bits in a bitfield are closed', async () => {
  const raw = await seed.join();
  raw.send(encodeFrame(MESSAGE.bitfield, Uint8Array.of(0, 1)));
  await seed.endedBy(raw, 'invalid_bitfield');
});

test('15, 16: a further bitfield, have-all or have-none replaces what was said, three times', async () => {
  const raw = await half.join();
  const pieces = (): number | undefined =>
    half.torrent.peers.find((peer) => peer.address.endsWith(`:${raw.port}`))?.pieces;
  raw.send(field(0, 1, 2));
  await until(() => pieces() === 3, 'three pieces');
  raw.send(encodeHave(5));
  await until(() => pieces() === 4, 'four pieces');
  raw.send(field(9));
  await until(() => pieces() === 1, 'one piece');
  raw.signal(MESSAGE.haveAll);
  await until(() => pieces() === PIECES, 'all pieces');
  raw.signal(MESSAGE.haveNone);
  await until(() => pieces() === 0, 'no pieces');
  raw.signal(MESSAGE.haveAll);
  await half.endedBy(raw, 'invalid_bitfield');
});

test('16: have-all and have-none without the fast extension are closed', async () => {
  for (const id of [MESSAGE.haveAll, MESSAGE.haveNone, MESSAGE.suggest, MESSAGE.allowedFast, MESSAGE.reject]) {
    const raw = await seed.join({ fast: false });
    raw.send(frame(id, id === MESSAGE.reject ? 12 : id === MESSAGE.suggest || id === MESSAGE.allowedFast ? 4 : 0));
    await seed.endedBy(raw, 'invalid_message');
  }
});

test('18: requests out of range are rejected and counted, more than 128 KiB is closed', async () => {
  const raw = await seed.join();
  await raw.fetchBlock();
  const bad: [number, number, number][] = [
    [0, 0, 0],
    [0, 0, 16_385],
    [0, 0, 131_072],
    [0, PIECE - 1, 2],
    [0, 2 ** 32 - 1, 1],
    [2 ** 32 - 1, 0, 16_384],
    [PIECES - 1, PIECE - 5_000, 1],
  ];
  for (let i = 0; i < 300; i++) raw.send(encodeRequest(...bad[i % bad.length]!));
  await raw.hear(MESSAGE.reject, 300);
  await raw.fetchBlock();
  raw.send(encodeRequest(...bad[0]!));
  await seed.endedBy(raw, 'invalid_request');
  const greedy = await seed.join();
  greedy.send(encodeRequest(0, 0, 131_073));
  await seed.endedBy(greedy, 'invalid_request');
});

test('19: a request for a piece that is not there is rejected', async () => {
  const raw = await half.join();
  await raw.fetchBlock();
  raw.send(encodeRequest(PIECES - 1, 0, 16_384));
  await raw.hear(MESSAGE.reject);
  await raw.fetchBlock();
  raw.leave();
});

test('20: a request before the metadata is rejected', async () => {
  const raw = await magnet.join();
  raw.send(encodeRequest(0, 0, 16_384));
  await raw.hear(MESSAGE.reject);
  assert.equal(raw.closed, false);
  raw.leave();
});

test('21: a request that is not aligned is served', async () => {
  const raw = await seed.join();
  await raw.fetchBlock();
  raw.send(encodeRequest(1, 5, 77));
  await until(() => raw.blocks.some((each) => each.piece === 1), 'the block');
  assert.deepEqual(raw.blocks.at(-1), { piece: 1, begin: 5, length: 77 });
  raw.leave();
});

test('22: a block of more than 16 KiB is closed at its header', async () => {
  const raw = await seed.join();
  raw.send(prefix(9 + 16_385, MESSAGE.piece));
  await seed.endedBy(raw, 'packet_too_large');
});

const wrongBlocks: [row: number, what: string, piece: number, begin: number, length: number][] = [
  [23, 'outside the torrent', PIECES, 0, 16_384],
  [23, 'of a negative piece', 2 ** 32 - 1, 0, 16_384],
  [23, 'outside the piece', 0, PIECE, 16_384],
  [23, 'that is no block', 0, 5, 16_384],
  [24, 'shorter than asked', PIECES - 1, 0, 100],
  [24, 'longer than the end of the torrent', PIECES - 1, 16_384, 16_384],
];
for (const [row, what, piece, begin, length] of wrongBlocks)
  test(`${row}: a block ${what} is closed`, async () => {
    const raw = await half.join();
    raw.send(field(PIECES - 1), frame(MESSAGE.unchoke, 0));
    await raw.hear(MESSAGE.request);
    raw.send(encodePiece(piece, begin, new Uint8Array(length)));
    await half.endedBy(raw, 'invalid_piece');
  });

test('25: blocks nobody asked for are thrown away, and closed when they go on', async () => {
  const raw = await seed.join();
  const { wasted } = seed.torrent.status;
  for (let i = 0; i < 16; i++) raw.send(encodePiece(1, 0, new Uint8Array(16_384)));
  await raw.fetchBlock();
  assert.equal(seed.torrent.status.wasted - wasted, 16 * 16_384);
  raw.send(encodePiece(1, 0, new Uint8Array(16_384)));
  await seed.endedBy(raw, 'unasked_data');
  assert.equal(Buffer.compare(fs.readFileSync(path.join(folder, 'file.bin')), content), 0);
});

test('26: a block that comes after its request was cancelled is accepted once', async () => {
  const raw = await half.join();
  const piece = PIECES - 2;
  raw.send(field(piece), frame(MESSAGE.unchoke, 0));
  await raw.hear(MESSAGE.request, 2);
  // It is slow, so its requests are taken back; one of them is made again.
  await raw.hear(MESSAGE.cancel, 2);
  const had = half.torrent.status.piecesHave;
  raw.send(encodePiece(piece, 0, block(piece, 0)), encodePiece(piece, 16_384, block(piece, 16_384)));
  await until(() => half.torrent.status.piecesHave === had + 1, 'the piece');
  assert.equal(raw.closed, false);
  assert.equal(half.torrent.status.failedPieces, 0);
  raw.leave();
});

test('27: a cancel of what was not asked is ignored', async () => {
  const raw = await seed.join();
  raw.send(encodeCancel(0, 0, 16_384), encodeCancel(2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1));
  await raw.fetchBlock();
  raw.leave();
});

test('28, 29: a port, and suggestions and allowances out of range, are ignored', async () => {
  const raw = await half.join();
  raw.send(encodePort(6881));
  for (let i = 0; i < 40; i++) raw.send(encodeSuggest(2 ** 32 - 1 - i), encodeAllowedFast(PIECES + i * 1_000_000));
  await raw.fetchBlock();
  raw.leave();
});

test('30: rejects of what was not asked are ignored a hundred times', async () => {
  const raw = await seed.join();
  for (let i = 0; i < 100; i++) raw.send(encodeReject(i, 0, 16_384));
  await raw.fetchBlock();
  raw.send(encodeReject(0, 0, 16_384));
  await seed.endedBy(raw, 'invalid_reject');
});

test('33: an extension handshake that is no dictionary, deep or huge is closed', async () => {
  const bad = [
    'le',
    'i5e',
    'd',
    'd1:md1:a',
    `d1:x${'l'.repeat(60)}${'e'.repeat(60)}e`,
    `d1:x70000:${'x'.repeat(70_000)}e`,
  ];
  for (const text of bad) {
    const raw = await seed.join();
    raw.send(extension(text));
    await seed.endedBy(raw, 'invalid_extended');
  }
  const silent = await seed.join({ extended: false });
  silent.send(extension('d1:mdee'));
  await seed.endedBy(silent, 'invalid_extended');
});

test('34, 36, 37: what makes no sense in an extension handshake is dropped', async () => {
  const raw = await magnet.join();
  raw.send(
    extension('d1:md11:ut_metadata3:abc5:other5:thinge13:metadata_sizei-1e1:pi0e4:reqqi-5e6:yourip3:abce'),
    extension('d1:md11:ut_metadatai256ee13:metadata_sizei3000000000e6:yourip5:abcdee'),
    extension('d1:md11:ut_metadatai9ee13:metadata_sizei0ee'),
  );
  raw.send(encodeExtended(METADATA, encodeMetadataMessage({ type: 'request', piece: 0 })));
  await until(() => raw.heard.some(({ id, payload }) => id === MESSAGE.extended && payload[0] === 9), 'the answer');
  const requests = raw.heard.filter(
    ({ id, payload }) =>
      id === MESSAGE.extended && payload[0] === 9 && decodeMetadataMessage(payload.subarray(1))?.type === 'request',
  );
  assert.equal(requests.length, 0, 'nothing is asked of a peer that has no metadata');
  assert.equal(raw.closed, false);
  raw.leave();
});

test('35: a client name is cut and shown without what could harm', async () => {
  const raw = await seed.join();
  const client = (): string => seed.torrent.peers.find((peer) => peer.address.endsWith(`:${raw.port}`))?.client ?? '';
  raw.send(extension('d1:v24:\x1b[2J\x07Evil \xe2\x80\xaeclient\x00\r\n 1e'));
  await until(() => client().includes('Evil'), 'the name');
  assert.equal(client(), '[2JEvil client 1');
  raw.send(extension(`d1:v60000:${'A'.repeat(60_000)}e`));
  await until(() => client().startsWith('AAA'), 'the long name');
  assert.equal(client(), 'A'.repeat(64));
  await raw.fetchBlock();
  raw.leave();
});

test('38: a second extension handshake may change the numbers', async () => {
  const raw = await seed.join();
  const ask = encodeExtended(METADATA, encodeMetadataMessage({ type: 'request', piece: 0 }));
  const answers = (number: number): number =>
    raw.heard.filter(({ id, payload }) => id === MESSAGE.extended && payload[0] === number).length;
  raw.send(extension('d1:md11:ut_metadatai7eee'), ask);
  await until(() => answers(7) === 1, 'the answer');
  raw.send(extension('d1:md11:ut_metadatai8eee'), ask);
  await until(() => answers(8) === 1, 'the answer under the new number');
  raw.send(extension('d1:md11:ut_metadatai0eee'), ask, extension('d1:md11:ut_metadatai9eee'), ask);
  await until(() => answers(9) === 1, 'the answer after it was switched off');
  assert.equal(answers(7) + answers(8) + answers(9), 3);
  raw.leave();
});

const badMetadata = [
  'd8:msg_typei1e5:piecei-1ee',
  'd8:msg_typei1e5:piecei2147483648ee',
  'd8:msg_typei1e5:piecei0e10:total_sizei7ee1234567',
  'd8:msg_typei1e5:piecei0e10:total_sizei99ee1234567',
  'd8:msg_typei77e5:piecei0ee',
  'nonsense',
];
for (const text of badMetadata)
  test(`39, 40: the metadata message ${text.slice(0, 40)} is ignored eight times`, async () => {
    const raw = await magnet.join();
    raw.send(extension('d1:md11:ut_metadatai9eee'));
    for (let i = 0; i < 8; i++) raw.send(encodeExtended(METADATA, Buffer.from(text)));
    raw.send(encodeExtended(METADATA, encodeMetadataMessage({ type: 'request', piece: 0 })));
    await until(() => raw.heard.some(({ id, payload }) => id === MESSAGE.extended && payload[0] === 9), 'the answer');
    raw.send(encodeExtended(METADATA, Buffer.from(text)));
    await magnet.endedBy(raw, 'invalid_metadata');
  });

test('41: a flood of requests for metadata is rejected after three copies', async () => {
  const raw = await seed.join();
  raw.send(extension('d1:md11:ut_metadatai9eee'));
  for (let i = 0; i < 50; i++) raw.send(encodeExtended(METADATA, encodeMetadataMessage({ type: 'request', piece: 0 })));
  const answers = (): string[] =>
    raw.heard.flatMap(({ id, payload }) =>
      id === MESSAGE.extended && payload[0] === 9 ? [decodeMetadataMessage(payload.subarray(1))!.type] : [],
    );
  await until(() => answers().length === 50, 'the answers');
  assert.deepEqual(answers(), [...Array(3).fill('data'), ...Array(47).fill('reject')]);
  await raw.fetchBlock();
  raw.leave();
});

for (const [row, id, length] of [
  ['43', MESSAGE.hashRequest, 48],
  ['44', MESSAGE.hashes, 80],
  ['45, 46', MESSAGE.hashReject, 48],
] as const)
  test(`${row}: message ${id} of version 2 is closed, with the metadata and before it`, async () => {
    for (const target of [seed, magnet]) {
      const raw = await target.join();
      raw.send(frame(id, length));
      await target.endedBy(raw, 'invalid_message');
    }
  });

test('47: a piece that is taken back and is none is closed', async () => {
  const raw = await seed.join();
  raw.send(field(0), encodeExtended(DONT_HAVE, Uint8Array.of(0, 0, 0, 0)));
  await raw.fetchBlock();
  assert.equal(seed.torrent.peers.find(({ address }) => address === raw.address)?.pieces, 0);
  raw.send(encodeExtended(DONT_HAVE, Uint8Array.of(0, 0, 0, PIECES)));
  await seed.endedBy(raw, 'invalid_dont_have');
  for (const payload of [Uint8Array.of(0, 0, 0), Uint8Array.of(0, 0, 0, 0, 1)]) {
    const other = await seed.join();
    other.send(encodeExtended(DONT_HAVE, payload));
    await seed.endedBy(other, 'invalid_dont_have');
  }
});

test('42, 48: messages of extensions that were not offered are ignored a hundred times', async () => {
  const raw = await seed.join();
  for (let i = 0; i < 100; i++) raw.send(encodeExtended(100 + (i % 50), randomBytes(i)));
  await raw.fetchBlock();
  raw.send(encodeExtended(99, randomBytes(10)));
  await seed.endedBy(raw, 'invalid_extended');
});

test('3, 49: an encrypted handshake and one of TLS are closed without an answer', async () => {
  const tls = Buffer.concat([Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]), randomBytes(512)]);
  for (const opening of [randomBytes(96).fill(0, 0, 1), Buffer.alloc(96), Buffer.alloc(96, 0xff), tls]) {
    const raw = await RawPeer.open(seed.session.port);
    raw.send(opening);
    await raw.ended();
    assert.equal(raw.bytesHeard, 0);
  }
});

test('who asks and never reads holds little memory and is dropped', async () => {
  const raw = await impatient.join();
  await raw.fetchBlock();
  raw.pause();
  for (let round = 0; round < 20; round++)
    for (let piece = 0; piece < PIECES - 1; piece++)
      raw.send(encodeRequest(piece, 0, 16_384), encodeRequest(piece, 16_384, 16_384));
  // It goes on saying that it is there.
  const timer = setInterval(() => raw.send(encodeKeepAlive()), 100);
  await until(() => impatient.endings.has(raw.address), 'the end');
  clearInterval(timer);
  assert.match(impatient.endings.get(raw.address)!, /does not read/);
  raw.leave();
});

test('who says nothing any more is dropped', async () => {
  const raw = await impatient.join();
  await impatient.endedBy(raw, /silent/);
});

test('hundreds of connections that say nothing keep nobody out', async () => {
  const silent = await Promise.all(Array.from({ length: 300 }, () => RawPeer.open(seed.session.port)));
  const honest = await seed.join();
  await honest.fetchBlock();
  honest.leave();
  for (const raw of silent) raw.leave();
});

test('noise after the handshake ends that connection and nothing else', async () => {
  const raws = await Promise.all(Array.from({ length: 30 }, () => half.join()));
  for (const raw of raws) raw.send(randomBytes(200_000));
  for (const raw of raws) raw.leave();
  const honest = await half.join();
  await honest.fetchBlock();
  honest.leave();
});

test('after all of it honest peers are served, and nothing is left open', async () => {
  half.torrent.addPeer({ host: '127.0.0.1', port: seed.session.port });
  magnet.torrent.addPeer({ host: '127.0.0.1', port: half.session.port });
  await Promise.all([half.torrent.done, magnet.torrent.done]);
  for (const name of ['half.bin', 'magnet.bin'])
    assert.equal(Buffer.compare(fs.readFileSync(path.join(folder, name)), content), 0);
  assert.equal(half.torrent.status.failedPieces, 0);
  for (const target of [seed, half, magnet, impatient]) await target.session.close();
  await until(() => handles() <= openSockets, 'the end of all sockets');
});
