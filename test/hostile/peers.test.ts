// Peers that lie, stall, flood or pretend, each on a real socket and from an address of its own against a real session with
// an honest seed beside it. For each: how it ends, what it cost, and that the honest download ends with the right bytes.
// The numbers are those of the table of malicious peers; what needs encryption, peer exchange or uTP has no test here.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, beforeEach, test } from 'node:test';
import { parseAddress } from '../../src/base/endpoint.ts';
import { sha1 } from '../../src/engine/torrent-source.ts';
import { formatMagnet } from '../../src/protocol/magnet.ts';
import {
  decodeMetadataMessage,
  encodeExtensionHandshake,
  encodeMetadataMessage,
} from '../../src/protocol/wire/extension.ts';
import { ALLOWED_FAST_COUNT, allowedFastSet } from '../../src/protocol/wire/fast.ts';
import {
  encodeCancel,
  encodeExtended,
  encodeFrame,
  encodeHave,
  encodePiece,
  encodeRequest,
  MESSAGE,
  writePieceHeader,
} from '../../src/protocol/wire/messages.ts';
import { RawPeer, until } from './raw-peer.ts';
import { blockOf, fieldOf, keepAlive, nextAddress, PIECE, PIECES, Stage, spoiltBlockOf, type Target } from './stage.ts';

const BLOCK = 16_384;
/** Blocks of a trial of one whose blocks have not passed a hash yet. */
const TRIAL = 64;
/** The number under which sessions hear of metadata. */
const METADATA = 3;

let stage: Stage;
let seed: Target;

function handles(): number {
  return process.getActiveResourcesInfo().filter((name) => /^(TCP|Pipe)/.test(name)).length;
}

const openAtFirst = handles();

beforeEach(async () => {
  stage = new Stage();
  seed = await stage.seed({ handshakeTimeout: 1_000 });
});

afterEach(async () => {
  await stage.close();
});

after(async () => {
  await until(() => handles() <= openAtFirst, 'the end of all sockets');
});

test('P1: who spoils one block of every piece is found out, and nobody else is', async () => {
  const leecher = await stage.leecher(seed, { snubTimeout: 500 });
  const liar = await leecher.join();
  // It sends the second half of each piece, wrong, and leaves the first to others.
  liar.offer(fieldOf(), (request) => (request.begin === 0 ? undefined : spoiltBlockOf(request)));
  await liar.hear(MESSAGE.request, 2);
  keepAlive(liar);
  await stage.finish(leecher, seed);
  await leecher.endedBy(liar, /not what they should be|failed its hash/);
  const { wasted, failedPieces } = leecher.torrent.status;
  assert.ok(failedPieces >= 1 && wasted <= 2 * PIECES * PIECE, `${wasted} bytes were wasted`);
});

test('P2: who alone has a piece and sends it wrong is banned at once', async () => {
  const leecher = await stage.leecher(seed);
  const liar = await leecher.join();
  liar.offer(fieldOf(), spoiltBlockOf);
  await leecher.endedBy(liar, /failed its hash/);
  assert.ok(leecher.torrent.status.wasted <= TRIAL * BLOCK, `${leecher.torrent.status.wasted} bytes were wasted`);
  await stage.finish(leecher, seed);
});

test('P6, P7: who claims everything and sends nothing holds nobody up', async () => {
  const leecher = await stage.leecher(seed, { snubTimeout: 500 });
  const idle = await leecher.join();
  // All but one piece: two that have everything would part.
  idle.offer(fieldOf(Array.from({ length: PIECES - 1 }, (_, i) => i)), () => undefined);
  await idle.hear(MESSAGE.request, 2);
  keepAlive(idle);
  // All it owes is taken back, and from then on it is asked for one block at a time.
  await until(() => idle.count(MESSAGE.cancel) >= idle.count(MESSAGE.request) - 1, 'the cancels');
  assert.ok(idle.count(MESSAGE.request) - idle.count(MESSAGE.cancel) <= 1);
  await stage.finish(leecher, seed);
  assert.equal(idle.closed, false);
  assert.equal(leecher.torrent.status.wasted, 0);
});

test('P8: who sends a byte now and then in the middle of a block is closed', async () => {
  const leecher = await stage.leecher(seed, { snubTimeout: 200 });
  const slow = await leecher.join();
  let begun = false;
  slow.offer(fieldOf(), ({ piece, begin, length }) => {
    if (begun) return undefined;
    begun = true;
    const header = new Uint8Array(13);
    writePieceHeader(header, 0, piece, begin, length);
    slow.send(header);
    return undefined;
  });
  const timer = setInterval(() => slow.send(new Uint8Array(1)), 100);
  await leecher.endedBy(slow, /middle of a block/);
  clearInterval(timer);
  await stage.finish(leecher, seed);
});

test('P10: of a hundred thousand requests two thousand wait, the next ones are rejected, then it is closed', async () => {
  const greedy = await seed.join();
  await greedy.fetchBlock();
  greedy.pause();
  const all: Uint8Array[] = [];
  for (let i = 0; i < 100_000; i++) all.push(encodeRequest(i % (PIECES - 1), 0, BLOCK));
  greedy.send(...all);
  await until(() => seed.endings.has(greedy.address), 'the end');
  assert.match(seed.endings.get(greedy.address)!, /more than its share \(invalid_request\)/);
  await stage.finish(await stage.leecher(seed), seed);
  greedy.leave();
});

test('P11: requests while choked are rejected, then it is closed', async () => {
  const pushing = await seed.join();
  const granted = allowedFastSet(seed.torrent.infoHash, parseAddress(pushing.from)!, PIECES, sha1);
  const refused = Array.from({ length: PIECES - 1 }, (_, i) => i).find((piece) => !granted.includes(piece));
  assert.ok(refused !== undefined);
  for (let i = 0; i < 3_000; i++) pushing.send(encodeRequest(refused, 0, BLOCK));
  await seed.endedBy(pushing, /invalid_request/);
  assert.ok(pushing.count(MESSAGE.reject) > 0);
  assert.equal(pushing.blocks.length, 0);
});

test('P12: an allowed-fast piece is not had again and again while choked', async () => {
  const greedy = await seed.join();
  await greedy.hear(MESSAGE.allowedFast);
  const piece = Buffer.from(greedy.heard.find(({ id }) => id === MESSAGE.allowedFast)!.payload).readUInt32BE();
  for (let i = 0; i < 4_000 && !greedy.closed; i++) greedy.send(encodeRequest(piece, 0, 1_000));
  await until(() => greedy.count(MESSAGE.reject) > 0 || greedy.closed, 'the first refusal');
  assert.ok(greedy.bytesHeard <= 3 * ALLOWED_FAST_COUNT * PIECE + 200_000, `it was given ${greedy.bytesHeard} bytes`);
  await seed.endedBy(greedy, /invalid_request|too_many_messages/);
});

test('P14: haves of all pieces twice, and a flood of them, change nothing', async () => {
  const leecher = await stage.leecher(seed);
  const chatty = await leecher.join();
  for (let round = 0; round < 200; round++)
    chatty.send(...Array.from({ length: PIECES }, (_, piece) => encodeHave(piece)));
  await until(() => leecher.peer(chatty)?.pieces === PIECES, 'all its pieces');
  assert.equal(chatty.closed, false);
  await stage.finish(leecher, seed);
});

test('P15: who flaps between interested and not is closed', async () => {
  const flapping = await seed.join();
  for (let i = 0; i < 5_000 && !flapping.closed; i++)
    flapping.signal(i % 2 === 0 ? MESSAGE.interested : MESSAGE.notInterested);
  await seed.endedBy(flapping, /too_many_messages/);
});

test('P16: data nobody asked for is never written, and its sender is closed', async () => {
  const leecher = await stage.leecher(seed);
  const pushing = await leecher.join();
  const wrong = new Uint8Array(BLOCK);
  for (let i = 0; i < 17; i++) pushing.send(encodePiece(i % (PIECES - 1), 0, wrong));
  await leecher.endedBy(pushing, /unasked_data/);
  await stage.finish(leecher, seed);
  assert.equal(leecher.torrent.status.failedPieces, 0);
});

test('P17: a tiny, huge or negative request queue is brought into bounds', async () => {
  for (const [reqq, most] of [
    ['1', 1],
    ['0', 512],
    ['-5', 512],
    ['9007199254740991', 512],
  ] as const) {
    const leecher = await stage.leecher(seed);
    const peer = await leecher.join();
    peer.send(encodeExtended(0, Buffer.from(`d1:mde4:reqqi${reqq}ee`)));
    peer.offer(fieldOf(), () => undefined);
    await peer.hear(MESSAGE.request);
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(peer.count(MESSAGE.request) <= most, `${peer.count(MESSAGE.request)} requests for reqq ${reqq}`);
    assert.equal(peer.closed, false);
    await leecher.torrent.stop();
  }
});

test('P20: a second connection of one peer is closed, the first is not', async () => {
  const first = await seed.join();
  const second = await RawPeer.open(seed.session.port, first.peerId, nextAddress());
  second.send(second.handshakeFor(seed.torrent.infoHash));
  await second.ended();
  await first.fetchBlock();
  assert.equal(seed.torrent.peers.length, 1);
});

test('P21: five hundred handshakes that are never finished keep nobody out, and are closed in time', async () => {
  const hanging = await Promise.all(
    Array.from({ length: 500 }, () => RawPeer.open(seed.session.port, undefined, nextAddress())),
  );
  for (const raw of hanging) raw.send(raw.handshakeFor(seed.torrent.infoHash).subarray(0, 40));
  await stage.finish(await stage.leecher(seed), seed);
  await Promise.all(hanging.map((raw) => raw.ended()));
});

test('P25: metadata that fails its hash bans its sender, and another is asked', async () => {
  const magnet = formatMagnet({ infoHash: seed.torrent.infoHash });
  const leecher = await stage.leecher(seed, {}, magnet);
  const silent = await leecher.join();
  const hello = (size: number): Uint8Array =>
    encodeExtended(0, encodeExtensionHandshake({ messages: new Map([['ut_metadata', 9]]), metadataSize: size }));
  const liar = await leecher.join();
  liar.send(hello(20_000));
  const asked = (): number[] =>
    liar.heard.flatMap(({ id, payload }) => {
      const message =
        id === MESSAGE.extended && payload[0] === 9 ? decodeMetadataMessage(payload.subarray(1)) : undefined;
      return message?.type === 'request' ? [message.piece] : [];
    });
  await until(() => asked().length >= 2, 'both pieces to be asked for');
  assert.equal(asked().length, 2);
  for (const piece of [0, 1]) {
    const data = new Uint8Array(piece === 0 ? BLOCK : 20_000 - BLOCK);
    liar.send(encodeExtended(METADATA, encodeMetadataMessage({ type: 'data', piece, totalSize: 20_000, data })));
  }
  await leecher.endedBy(liar, /metadata that fails its hash/);
  silent.send(hello(20_000));
  await stage.finish(leecher, seed);
  assert.equal(silent.closed, false);
});

test('P28: a banned peer is refused from another port; its address alone is not banned on this machine', async () => {
  const leecher = await stage.leecher(seed);
  const liar = await leecher.join();
  liar.offer(fieldOf(), spoiltBlockOf);
  await leecher.endedBy(liar, /failed its hash/);
  const again = await RawPeer.open(leecher.session.port, liar.peerId, liar.from);
  again.send(again.handshakeFor(leecher.torrent.infoHash));
  await again.ended();
  const neighbour = await leecher.join({ from: liar.from });
  neighbour.offer(fieldOf([0]), blockOf);
  await until(() => leecher.torrent.status.piecesHave === 1, 'a piece of its neighbour');
  await stage.finish(leecher, seed);
});

test('trackers that die, hang up or talk nonsense do not end a download', async () => {
  const leecher = await stage.leecher(seed);
  const asked: number[] = [0, 0, 0];
  const servers = [
    http.createServer((_request, response) => {
      asked[0]!++;
      response.end('d8:intervali1800e5:peers0:e');
    }),
    http.createServer((request) => {
      asked[1]!++;
      request.socket.destroy();
    }),
    http.createServer((_request, response) => {
      asked[2]!++;
      response.writeHead(500).end(randomBytes(5_000));
    }),
  ];
  for (const server of servers) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const urls = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`);
  leecher.torrent.announceTo(urls.map((url) => [url]));
  await until(() => asked.every((count) => count > 0), 'all trackers to be asked');
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  leecher.torrent.announceTo([['http://127.0.0.1:1/announce']]);
  await until(
    () => leecher.torrent.trackers.every(({ url, failure }) => url === urls[0] || failure !== undefined),
    'the failures',
  );
  await stage.finish(leecher, seed);
});

test('a cancel for each request leaves no work behind', async () => {
  const fickle = await seed.join();
  await fickle.fetchBlock();
  const before = fickle.blocks.length;
  for (let i = 0; i < 90; i++) fickle.send(encodeRequest(0, 0, BLOCK), encodeCancel(0, 0, BLOCK));
  await until(
    () => fickle.blocks.length - before + fickle.count(MESSAGE.reject) === 90 || fickle.closed,
    'the answers',
  );
  assert.equal(fickle.closed, false);
  await fickle.fetchBlock();
});

test('a version 2 bit and messages about hashes do nothing to a version 1 torrent', async () => {
  const raw = await RawPeer.open(seed.session.port, undefined, nextAddress());
  const hello = raw.handshakeFor(seed.torrent.infoHash);
  hello[27]! |= 0x10;
  raw.send(hello);
  await raw.greeted();
  await raw.fetchBlock();
  raw.send(encodeFrame(21, new Uint8Array(48)));
  await seed.endedBy(raw, /invalid_message/);
});
