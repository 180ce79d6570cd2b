// Peers that send wrong data in every manner we know of, on real sockets and each from an address of its own: each is found
// out and banned, nobody else is, and the download ends with the right bytes. The numbers are those of the table of
// malicious peers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePiece, MESSAGE } from '../../src/protocol/wire/messages.ts';
import { type Block, RawPeer, until } from './raw-peer.ts';
import { blockOf, fieldOf, keepAlive, PIECE, PIECES, setStage, spoiltBlockOf } from './stage.ts';

const BLOCK = 16_384;
/** Blocks of a trial of one whose blocks have not passed a hash yet. */
const TRIAL = 64;
/** How it ends for who sent something wrong. */
const FOUND_OUT = /not what they should be|failed its hash/;

const on = setStage();

test('P1: who spoils one block of every piece is found out, and nobody else is', async () => {
  const leecher = await on.stage.leecher(on.seed, { snubTimeout: 500 });
  const liar = await leecher.join();
  // It sends the second half of each piece, wrong, and leaves the first to others.
  liar.offer(fieldOf(), (request) => (request.begin === 0 ? undefined : spoiltBlockOf(request)));
  await liar.hear(MESSAGE.request, 2);
  keepAlive(liar);
  await on.stage.finish(leecher, on.seed);
  await leecher.endedBy(liar, /not what they should be|failed its hash/);
  const { wasted, failedPieces } = leecher.torrent.status;
  assert.ok(failedPieces >= 1 && wasted <= 2 * PIECES * PIECE, `${wasted} bytes were wasted`);
});

test('P2: who alone has a piece and sends it wrong is banned at once', async () => {
  const leecher = await on.stage.leecher(on.seed);
  const liar = await leecher.join();
  liar.offer(fieldOf(), spoiltBlockOf);
  await leecher.endedBy(liar, /failed its hash/);
  assert.ok(leecher.torrent.status.wasted <= TRIAL * BLOCK, `${leecher.torrent.status.wasted} bytes were wasted`);
  await on.stage.finish(leecher, on.seed);
});

test('P3: one wrong block among those of many senders is traced to its sender', async () => {
  const leecher = await on.stage.leecher(on.seed, { snubTimeout: 500 });
  const liar = await leecher.join();
  const kept: Block[] = [];
  let lied = false;
  liar.offer(fieldOf(), (request) => {
    if (lied) kept.push(request);
    else {
      lied = true;
      return spoiltBlockOf(request);
    }
    return undefined;
  });
  await liar.hear(MESSAGE.request, 2);
  keepAlive(liar);
  const honest = await Promise.all([leecher.join(), leecher.join(), leecher.join()]);
  for (const raw of honest) raw.offer(fieldOf(Array.from({ length: PIECES - 1 }, (_, i) => i)), blockOf);
  await until(() => honest.some((raw) => raw.count(MESSAGE.request) > 0), 'requests to the honest ones');
  for (const { piece, begin, length } of kept) liar.send(encodePiece(piece, begin, blockOf({ piece, begin, length })));
  await on.stage.finish(leecher, on.seed);
  await leecher.endedBy(liar, FOUND_OUT);
  for (const raw of honest) assert.doesNotMatch(leecher.endings.get(raw.address) ?? '', FOUND_OUT);
  assert.equal(leecher.torrent.status.failedPieces, 1);
});

test('P4: two that take turns at lying about the same blocks are both found out', async () => {
  const leecher = await on.stage.leecher(on.seed, { snubTimeout: 500 });
  const seen = new Map<string, number>();
  const lieEveryOther = (request: Block): Uint8Array => {
    const key = `${request.piece}:${request.begin}`;
    const turn = seen.get(key) ?? request.begin / BLOCK;
    seen.set(key, turn + 1);
    return turn % 2 === 0 ? spoiltBlockOf(request) : blockOf(request);
  };
  const liars = await Promise.all([leecher.join(), leecher.join()]);
  for (const raw of liars) raw.offer(fieldOf(), lieEveryOther);
  for (const raw of liars) await leecher.endedBy(raw, FOUND_OUT);
  await on.stage.finish(leecher, on.seed);
});

test('P16: data nobody asked for is never written, and its sender is closed', async () => {
  const leecher = await on.stage.leecher(on.seed);
  const pushing = await leecher.join();
  const wrong = new Uint8Array(BLOCK);
  for (let i = 0; i < 17; i++) pushing.send(encodePiece(i % (PIECES - 1), 0, wrong));
  await leecher.endedBy(pushing, /unasked_data/);
  await on.stage.finish(leecher, on.seed);
  assert.equal(leecher.torrent.status.failedPieces, 0);
});

test('P28: a banned peer is refused from another port; its address alone is not banned on this machine', async () => {
  const leecher = await on.stage.leecher(on.seed);
  const liar = await leecher.join();
  liar.offer(fieldOf(), spoiltBlockOf);
  await leecher.endedBy(liar, /failed its hash/);
  const again = await RawPeer.open(leecher.session.port, liar.peerId, liar.from);
  again.send(again.handshakeFor(leecher.torrent.infoHash));
  await again.ended();
  const neighbour = await leecher.join({ from: liar.from });
  neighbour.offer(fieldOf([0]), blockOf);
  await until(() => leecher.torrent.status.piecesHave === 1, 'a piece of its neighbour');
  await on.stage.finish(leecher, on.seed);
});
