// Peers that claim what they do not send, or stop half-way: on real sockets, each from an address of its own. What they owe
// is asked of others, and the download ends. The numbers are those of the table of malicious peers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MESSAGE, writePieceHeader } from '../../src/protocol/wire/messages.ts';
import { until } from './raw-peer.ts';
import { blockOf, fieldOf, keepAlive, PIECES, setStage } from './stage.ts';

const on = setStage();

test('P6: who claims everything and sends nothing holds nobody up', async () => {
  const leecher = await on.stage.leecher(on.seed, { snubTimeout: 500 });
  const idle = await leecher.join();
  // All but one piece: two that have everything would part.
  idle.offer(fieldOf(Array.from({ length: PIECES - 1 }, (_, i) => i)), () => undefined);
  await idle.hear(MESSAGE.request, 2);
  keepAlive(idle);
  // All it owes is taken back, and from then on it is asked for one block at a time.
  await until(() => idle.count(MESSAGE.cancel) >= idle.count(MESSAGE.request) - 1, 'the cancels');
  assert.ok(idle.count(MESSAGE.request) - idle.count(MESSAGE.cancel) <= 1);
  await on.stage.finish(leecher, on.seed);
  assert.equal(idle.closed, false);
  assert.equal(leecher.torrent.status.wasted, 0);
});

test('P7: pieces that only a silent peer claims count as nowhere after three time-outs', async () => {
  const leecher = await on.stage.leecher(on.seed, { snubTimeout: 100 });
  const claimed = Array.from({ length: PIECES - 1 }, (_, i) => i);
  const lying = await leecher.join();
  lying.offer(fieldOf(claimed), () => undefined);
  keepAlive(lying);
  await lying.hear(MESSAGE.request);
  assert.equal(leecher.torrent.why.piecesNowhere, 1, 'it is believed at first');
  await until(() => leecher.torrent.why.piecesNowhere === PIECES, 'the doubt');
  assert.equal(lying.closed, false);
  const honest = await leecher.join();
  honest.offer(fieldOf([0]), blockOf);
  await until(() => leecher.torrent.status.piecesHave === 1, 'the piece of the honest one');
  await on.stage.finish(leecher, on.seed);
});

test('P8: who sends a byte now and then in the middle of a block is closed', async () => {
  const leecher = await on.stage.leecher(on.seed, { snubTimeout: 200 });
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
  await on.stage.finish(leecher, on.seed);
});
