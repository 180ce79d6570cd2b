// Peers that ask for more than their share, and give nothing: on real sockets, each from an address of its own. What waits
// for them is bounded, who goes on is closed, and honest peers get what they are after. The numbers are those of the table
// of malicious peers.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { parseAddress } from '../../src/base/endpoint.ts';
import { sha1 } from '../../src/engine/torrent-source.ts';
import { ALLOWED_FAST_COUNT, allowedFastSet } from '../../src/protocol/wire/fast.ts';
import {
  encodeCancel,
  encodeExtended,
  encodeRequest,
  MESSAGE,
  PIECE_HEADER_LENGTH,
} from '../../src/protocol/wire/messages.ts';
import { type RawPeer, until } from './raw-peer.ts';
import { content, fieldOf, keepAlive, PIECE, PIECES, setStage } from './stage.ts';

const FULL = process.env.SHOAL_FULL === '1';
const BLOCK = 16_384;
/** What is read from the disk for one peer and not yet with the kernel, in bytes: two frames. */
const MOST_QUEUED = 2 * 64 * (BLOCK + PIECE_HEADER_LENGTH);

const on = setStage();

/** Bytes the kernel holds between two ports of this machine, on their way or not read yet; undefined where it does not say. */
function heldByKernel(port: number, other: number): number | undefined {
  if (!fs.existsSync('/proc/net/tcp')) return undefined;
  let held = 0;
  for (const line of fs.readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)) {
    const [, local = '', remote = '', , queues = ''] = line.trim().split(/\s+/);
    const [from, to] = [local, remote].map((address) => Number.parseInt(address.split(':')[1] ?? '', 16));
    const [unsent, unread] = queues.split(':').map((digits) => Number.parseInt(digits, 16));
    if (from === port && to === other) held += unsent!;
    if (from === other && to === port) held += unread!;
  }
  return held;
}

test('P9: who asks and never reads is read for no more than two frames, and dropped when it takes nothing', async (t) => {
  const patient = await on.stage.seed({ unreadTimeout: 3_000 });
  const greedy = await patient.join();
  await greedy.fetchBlock();
  greedy.pause();
  keepAlive(greedy);
  const before = greedy.bytesHeard;
  const asked = 1_900;
  for (let i = 0; i < asked; i++) greedy.send(encodeRequest(i % (PIECES - 1), 0, BLOCK));
  let sent = 0;
  let queued = 0;
  // It is dropped because nothing has moved for three seconds: what is seen last is what came to rest.
  await until(() => {
    const peer = patient.peer(greedy);
    if (peer === undefined) return patient.endings.has(greedy.address);
    sent = peer.uploaded;
    const blocks = sent / BLOCK;
    const kernel = heldByKernel(patient.session.port, greedy.port);
    if (kernel !== undefined) queued = sent + blocks * PIECE_HEADER_LENGTH - kernel - before;
    return false;
  }, 'the end');
  assert.match(patient.endings.get(greedy.address)!, /does not read what it is sent/);
  t.diagnostic(`${sent} of ${asked * BLOCK} bytes were read from the disk, ${queued} were not with the kernel`);
  assert.ok(sent < (asked * BLOCK) / 2, `${sent} bytes were read for it`);
  assert.ok(queued <= MOST_QUEUED, `${queued} bytes waited in this process`);
  greedy.leave();
  await on.stage.finish(await on.stage.leecher(on.seed), patient);
});

test('P10: of a hundred thousand requests two thousand wait, the next ones are rejected, then it is closed', async () => {
  const greedy = await on.seed.join();
  await greedy.fetchBlock();
  greedy.pause();
  const all: Uint8Array[] = [];
  for (let i = 0; i < 100_000; i++) all.push(encodeRequest(i % (PIECES - 1), 0, BLOCK));
  greedy.send(...all);
  await until(() => on.seed.endings.has(greedy.address), 'the end');
  assert.match(on.seed.endings.get(greedy.address)!, /more than its share \(invalid_request\)/);
  await on.stage.finish(await on.stage.leecher(on.seed), on.seed);
  greedy.leave();
});

test('P11: requests while choked are rejected, then it is closed', async () => {
  const pushing = await on.seed.join();
  const granted = allowedFastSet(on.seed.torrent.infoHash, parseAddress(pushing.from)!, PIECES, sha1);
  const refused = Array.from({ length: PIECES - 1 }, (_, i) => i).find((piece) => !granted.includes(piece));
  assert.ok(refused !== undefined);
  for (let i = 0; i < 3_000; i++) pushing.send(encodeRequest(refused, 0, BLOCK));
  await on.seed.endedBy(pushing, /invalid_request/);
  assert.ok(pushing.count(MESSAGE.reject) > 0);
  assert.equal(pushing.blocks.length, 0);
});

test('P12: an allowed-fast piece is not had again and again while choked', async () => {
  const greedy = await on.seed.join();
  await greedy.hear(MESSAGE.allowedFast);
  const piece = Buffer.from(greedy.heard.find(({ id }) => id === MESSAGE.allowedFast)!.payload).readUInt32BE();
  for (let i = 0; i < 4_000 && !greedy.closed; i++) greedy.send(encodeRequest(piece, 0, 1_000));
  await until(() => greedy.count(MESSAGE.reject) > 0 || greedy.closed, 'the first refusal');
  assert.ok(greedy.bytesHeard <= 3 * ALLOWED_FAST_COUNT * PIECE + 200_000, `it was given ${greedy.bytesHeard} bytes`);
  await on.seed.endedBy(greedy, /the same piece while it is choked \(invalid_request\)/);
});

test('P13: who asks for a block and takes it back, over and over, is closed', async () => {
  const fickle = await on.seed.join();
  await fickle.fetchBlock();
  const before = fickle.bytesHeard;
  const pair = Buffer.concat([encodeRequest(0, 0, BLOCK), encodeCancel(0, 0, BLOCK)]);
  for (let i = 0; i < 5_000; i++) fickle.send(pair);
  await on.seed.endedBy(fickle, /keeps changing its mind \(too_many_messages\)/);
  // Of the pairs that were let pass most were taken back before they were read.
  assert.ok(fickle.bytesHeard - before < 1_000 * BLOCK, `it was given ${fickle.bytesHeard - before} bytes`);
  await on.stage.finish(await on.stage.leecher(on.seed), on.seed);
});

test('P17: a tiny, huge or negative request queue is brought into bounds', async () => {
  for (const [reqq, most] of [
    ['1', 1],
    ['0', 512],
    ['-5', 512],
    ['9007199254740991', 512],
  ] as const) {
    const leecher = await on.stage.leecher(on.seed);
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

test('a cancel for each request leaves no work behind', async () => {
  const fickle = await on.seed.join();
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

/** Asks for everything again and again and gives nothing. */
function ride(raw: RawPeer): void {
  raw.signal(MESSAGE.interested);
  let next = 0;
  const ask = (): void => {
    for (let i = 0; i < 8; i++) raw.send(encodeRequest(next++ % (PIECES - 1), 0, BLOCK));
  };
  raw.onBlock = () => {
    if (raw.blocks.length % 8 === 0) ask();
  };
  raw.onUnchoke = ask;
}

test('P26: riders that hold all places of a seed give them up in turn to who comes later', {
  skip: FULL ? false : 'takes half a minute; runs in test:full and in npm run hostile',
}, async (t) => {
  const busy = await on.stage.seed({ uploadSlots: 3, up: 1_000_000 });
  const riders = await Promise.all(Array.from({ length: 4 }, () => busy.join()));
  for (const raw of riders) ride(raw);
  await until(() => riders.filter((raw) => raw.blocks.length > 8).length >= 3, 'all places to be taken');
  const started = performance.now();
  await on.stage.finish(await on.stage.leecher(busy), busy);
  t.diagnostic(`it ended after ${Math.round((performance.now() - started) / 1000)} s`);
  const taken = riders.reduce((sum, raw) => sum + raw.blocks.length * BLOCK, 0);
  t.diagnostic(`the riders took ${Math.round(taken / content.length)} copies`);
});
