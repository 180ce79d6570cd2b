// Peers that flood or pretend, each on a real socket and from an address of its own against a real session with an
// honest seed beside it. For each: how it ends, and that the honest download ends with the right bytes. The numbers are
// those of the table of malicious peers; who sends wrong data is in
// liars.test.ts, who sends nothing in stalling.test.ts, who asks for too much in takers.test.ts.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { formatMagnet } from '../../src/protocol/magnet.ts';
import {
  decodeMetadataMessage,
  encodeExtensionHandshake,
  encodeMetadataMessage,
} from '../../src/protocol/wire/extension.ts';
import { encodeExtended, encodeFrame, encodeHave, encodePort, MESSAGE } from '../../src/protocol/wire/messages.ts';
import { RawPeer, until } from './raw-peer.ts';
import { nextAddress, PIECES, setStage } from './stage.ts';

const BLOCK = 16_384;
/** The number under which sessions hear of metadata. */
const METADATA = 3;

const on = setStage();

function offerMetadata(size: number): Uint8Array {
  return encodeExtended(0, encodeExtensionHandshake({ messages: new Map([['ut_metadata', 9]]), metadataSize: size }));
}

/** The pieces of metadata that were asked for. */
function askedOf(raw: RawPeer): number[] {
  return raw.heard.flatMap(({ id, payload }) => {
    const message =
      id === MESSAGE.extended && payload[0] === 9 ? decodeMetadataMessage(payload.subarray(1)) : undefined;
    return message?.type === 'request' ? [message.piece] : [];
  });
}

test('P14: haves of all pieces twice, and a flood of them, change nothing', async () => {
  const leecher = await on.stage.leecher(on.seed);
  const chatty = await leecher.join();
  for (let round = 0; round < 200; round++)
    chatty.send(...Array.from({ length: PIECES }, (_, piece) => encodeHave(piece)));
  await until(() => leecher.peer(chatty)?.pieces === PIECES, 'all its pieces');
  assert.equal(chatty.closed, false);
  await on.stage.finish(leecher, on.seed);
});

test('P15: who flaps between interested and not is closed', async () => {
  const flapping = await on.seed.join();
  for (let i = 0; i < 5_000 && !flapping.closed; i++)
    flapping.signal(i % 2 === 0 ? MESSAGE.interested : MESSAGE.notInterested);
  await on.seed.endedBy(flapping, /too_many_messages/);
});

test('P18: a version 2 bit and messages about hashes do nothing to a version 1 torrent', async () => {
  const raw = await RawPeer.open(on.seed.session.port, undefined, nextAddress());
  const hello = raw.handshakeFor(on.seed.torrent.infoHash);
  hello[27]! |= 0x10;
  raw.send(hello);
  await raw.greeted();
  await raw.fetchBlock();
  raw.send(encodeFrame(21, new Uint8Array(48)));
  await on.seed.endedBy(raw, /invalid_message/);
});

test('P20: a second connection of one peer is closed, the first is not; so is one to ourselves', async () => {
  const first = await on.seed.join();
  const second = await RawPeer.open(on.seed.session.port, first.peerId, nextAddress());
  second.send(second.handshakeFor(on.seed.torrent.infoHash));
  await second.ended();
  await first.fetchBlock();
  assert.equal(on.seed.torrent.peers.length, 1);
  const ourselves = await RawPeer.open(on.seed.session.port, first.theirId, nextAddress());
  ourselves.send(ourselves.handshakeFor(on.seed.torrent.infoHash));
  await ourselves.ended();
  assert.equal(on.seed.torrent.peers.length, 1);
  await first.fetchBlock();
});

test('P20: who dials itself finds out and goes on; many behind one address of this machine are many', async () => {
  const leecher = await on.stage.leecher(on.seed);
  leecher.torrent.addPeer({ host: '127.0.0.1', port: leecher.session.port });
  const from = nextAddress();
  const crowd = await Promise.all(Array.from({ length: 40 }, () => on.seed.join({ from })));
  await Promise.all(crowd.map((raw) => raw.hear(MESSAGE.extended)));
  assert.equal(on.seed.torrent.peers.length, 40);
  await on.stage.finish(leecher, on.seed);
  assert.equal(leecher.torrent.peers.filter(({ address }) => address.endsWith(`:${leecher.session.port}`)).length, 0);
});

test('P21: five hundred handshakes that are never finished keep nobody out, and are closed in time', async () => {
  const hanging = await Promise.all(
    Array.from({ length: 500 }, () => RawPeer.open(on.seed.session.port, undefined, nextAddress())),
  );
  for (const raw of hanging) raw.send(raw.handshakeFor(on.seed.torrent.infoHash).subarray(0, 40));
  await on.stage.finish(await on.stage.leecher(on.seed), on.seed);
  await Promise.all(hanging.map((raw) => raw.ended()));
});

test('P23, P24, P30: addresses from peer exchange, port and rendezvous messages are dialled by nobody', async () => {
  let dialled = 0;
  const trap = net.createServer((socket) => {
    dialled++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
  const { port } = trap.address() as AddressInfo;
  const peer = Buffer.from([127, 0, 0, 1, port >> 8, port & 255]);
  const leecher = await on.stage.leecher(on.seed);
  const gossip = await leecher.join();
  gossip.send(encodeExtended(0, Buffer.from('d1:md6:ut_pexi1e12:ut_holepunchi2eee')));
  const exchange = Buffer.concat([Buffer.from('d5:added6:'), peer, Buffer.from('7:added.f1:')], 30);
  for (const id of [1, 2])
    gossip.send(encodeExtended(id, exchange), encodeExtended(id, Buffer.concat([Buffer.from([0, 0]), peer])));
  gossip.send(encodePort(port));
  await on.stage.finish(leecher, on.seed);
  assert.equal(dialled, 0);
  await new Promise((resolve) => trap.close(resolve));
});

test('P22, P29: fifty openings of an encrypted handshake are closed without an answer', async () => {
  const raws = await Promise.all(
    Array.from({ length: 50 }, () => RawPeer.open(on.seed.session.port, undefined, nextAddress())),
  );
  for (const raw of raws) raw.send(randomBytes(96 + (raw.port % 512)));
  await Promise.all(raws.map((raw) => raw.ended()));
  assert.ok(raws.every((raw) => raw.bytesHeard === 0));
  await on.stage.finish(await on.stage.leecher(on.seed), on.seed);
});

test('P25: metadata that fails its hash bans its sender, and another is asked', async () => {
  const magnet = formatMagnet({ infoHash: on.seed.torrent.infoHash });
  const leecher = await on.stage.leecher(on.seed, { snubTimeout: 500 }, magnet);
  const silent = await leecher.join();
  const liar = await leecher.join();
  liar.send(offerMetadata(20_000));
  await until(() => askedOf(liar).length >= 2, 'both pieces to be asked for');
  assert.equal(askedOf(liar).length, 2);
  for (const piece of [0, 1]) {
    const data = new Uint8Array(piece === 0 ? BLOCK : 20_000 - BLOCK);
    liar.send(encodeExtended(METADATA, encodeMetadataMessage({ type: 'data', piece, totalSize: 20_000, data })));
  }
  await leecher.endedBy(liar, /metadata that fails its hash/);
  silent.send(offerMetadata(20_000));
  await on.stage.finish(leecher, on.seed);
  assert.equal(silent.closed, false);
});

test('P25: metadata of an impossible size is not asked for; who never answers, or with another size, is passed over', async () => {
  const magnet = formatMagnet({ infoHash: on.seed.torrent.infoHash });
  const leecher = await on.stage.leecher(on.seed, { snubTimeout: 500 }, magnet);
  const huge: RawPeer[] = [];
  for (const size of [0, -1, 3_000_000_000, 2 ** 24 + 1]) {
    const raw = await leecher.join();
    raw.send(encodeExtended(0, Buffer.from(`d1:md11:ut_metadatai9ee13:metadata_sizei${size}ee`)));
    huge.push(raw);
  }
  const mute = await leecher.join();
  mute.send(offerMetadata(100_000));
  await until(() => askedOf(mute).length > 0, 'a request');
  const fickle = await leecher.join();
  fickle.send(offerMetadata(100_000));
  await until(() => askedOf(fickle).length > 0, 'the turn of the next');
  assert.deepEqual(askedOf(mute), [0, 1], 'two at a time');
  const data = new Uint8Array(BLOCK);
  for (let i = 0; i < 2; i++)
    fickle.send(encodeExtended(METADATA, encodeMetadataMessage({ type: 'data', piece: i, totalSize: 50_000, data })));
  await on.stage.finish(leecher, on.seed);
  for (const raw of huge) assert.deepEqual(askedOf(raw), []);
});

test('trackers that die, hang up or talk nonsense do not end a download', async () => {
  const leecher = await on.stage.leecher(on.seed);
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
  await on.stage.finish(leecher, on.seed);
});
