// Run with --expose-gc: rounds of hostile connections of every kind of the table against a seed and a download, and what is left of
// them. Prints one line of JSON.

import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { Torrent } from '../../src/engine/types.ts';
import { encodeExtensionHandshake, encodeMetadataMessage } from '../../src/protocol/wire/extension.ts';
import { encodeHandshake } from '../../src/protocol/wire/handshake.ts';
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
import { fieldOf, nextAddress, PIECES, Stage, spoiltBlockOf, type Target } from './stage.ts';

const ROUNDS = 16;
const BLOCK = 16_384;
const gc = globalThis.gc!;

const open = (target: Target): Promise<RawPeer> => RawPeer.open(target.session.port, undefined, nextAddress());

/** Each plays its part and leaves, or is closed. */
const KINDS: ((target: Target) => Promise<RawPeer>)[] = [
  async (target) => {
    const raw = await open(target);
    raw.send(randomBytes(200));
    return raw;
  },
  async (target) => {
    const raw = await open(target);
    raw.send(raw.handshakeFor(target.torrent.infoHash).subarray(0, 50));
    return raw;
  },
  async (target) => {
    const raw = await open(target);
    raw.send(raw.handshakeFor('ee'.repeat(20)));
    return raw;
  },
  async (target) => {
    const raw = await target.join();
    raw.send(randomBytes(50_000));
    return raw;
  },
  async (target) => {
    const raw = await target.join();
    raw.offer(fieldOf(), () => undefined);
    await raw.hear(MESSAGE.extended);
    // The head of a block and a part of it: it leaves in the middle.
    raw.send(encodePiece(0, 0, new Uint8Array(BLOCK)).subarray(0, 5_000));
    return raw;
  },
  async (target) => {
    const raw = await target.join();
    raw.offer(fieldOf(), spoiltBlockOf);
    await raw.hear(MESSAGE.extended);
    return raw;
  },
  async (target) => {
    const raw = await target.join();
    raw.pause();
    raw.signal(MESSAGE.interested);
    for (let i = 0; i < 1_000; i++) raw.send(encodeRequest(i % (PIECES - 1), 0, BLOCK));
    return raw;
  },
  // P8: a byte now and then in a block.
  async (target) => {
    const raw = await target.join();
    raw.offer(fieldOf(), ({ piece, begin, length }) => {
      const header = new Uint8Array(14);
      writePieceHeader(header, 0, piece, begin, length);
      raw.onRequest = undefined;
      raw.send(header);
      return undefined;
    });
    await raw.hear(MESSAGE.extended);
    raw.send(Uint8Array.of(1));
    return raw;
  },
  // P11, P13, P15: asks while choked, takes back what it asked for, changes its mind.
  async (target) => {
    const raw = await target.join();
    for (let i = 0; i < 1_000; i++) raw.send(encodeRequest(i % (PIECES - 1), 0, BLOCK));
    return raw;
  },
  async (target) => {
    const raw = await target.join();
    raw.signal(MESSAGE.interested);
    for (let i = 0; i < 1_500; i++) raw.send(encodeRequest(1, 0, BLOCK), encodeCancel(1, 0, BLOCK));
    return raw;
  },
  async (target) => {
    const raw = await target.join();
    for (let i = 0; i < 1_500; i++)
      raw.signal(MESSAGE.interested, MESSAGE.unchoke, MESSAGE.notInterested, MESSAGE.choke);
    return raw;
  },
  // P16, P18, P23: data, hashes and addresses that nobody asked for.
  async (target) => {
    const raw = await target.join();
    for (let i = 0; i < 40; i++) raw.send(encodePiece(i % (PIECES - 1), 0, new Uint8Array(BLOCK)));
    return raw;
  },
  async (target) => {
    const raw = await target.join();
    for (let i = 0; i < 90; i++) raw.send(encodeExtended(1, randomBytes(200)));
    raw.send(encodeFrame(MESSAGE.hashRequest, new Uint8Array(48)));
    return raw;
  },
  // P20: pretends to be who it talks to.
  async (target) => {
    const first = await target.join();
    const raw = await open(target);
    raw.send(encodeHandshake(target.torrent.infoHash, first.theirId, { fast: true, extended: true }));
    first.leave();
    await first.ended();
    return raw;
  },
  // P22: an opening of an encrypted handshake.
  async (target) => {
    const raw = await open(target);
    raw.send(randomBytes(600));
    return raw;
  },
  async (target) => {
    const raw = await target.join();
    raw.send(
      encodeExtended(
        0,
        encodeExtensionHandshake({
          messages: new Map([['ut_metadata', 9]]),
          port: 1 + (raw.port % 9),
          metadataSize: 99,
        }),
      ),
      ...Array.from({ length: 20 }, () => encodeExtended(3, encodeMetadataMessage({ type: 'request', piece: 0 }))),
      ...Array.from({ length: 100 }, (_, i) => encodeHave(i % PIECES)),
      encodeFrame(77, new Uint8Array(1_000)),
    );
    return raw;
  },
];

async function round(targets: readonly Target[]): Promise<number> {
  let count = 0;
  for (const target of targets) {
    const raws = await Promise.all(KINDS.flatMap((play) => [play(target), play(target), play(target)]));
    for (const raw of raws) raw.leave();
    await Promise.all(raws.map((raw) => raw.ended()));
    await until(() => target.torrent.peers.length === 0, 'the end of all connections');
    count += raws.length;
    target.endings.clear();
  }
  return count;
}

function handles(): string[] {
  return process.getActiveResourcesInfo().filter((name) => name !== 'TTYWrap' && name !== 'PipeWrap');
}

function descriptors(): number {
  return fs.existsSync('/proc/self/fd') ? fs.readdirSync('/proc/self/fd').length : 0;
}

async function memory(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    await turn();
    gc();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

async function play(stage: Stage): Promise<{ memory: number[]; perRound: number; removed: WeakRef<Torrent> }> {
  const seed = await stage.seed({ handshakeTimeout: 2_000 });
  const leecher = await stage.leecher(seed, { handshakeTimeout: 2_000, snubTimeout: 300 });
  const taken: number[] = [];
  let perRound = 0;
  for (let i = 0; i < ROUNDS; i++) {
    perRound = await round([seed, leecher]);
    taken.push(await memory());
  }
  const removed = new WeakRef(leecher.torrent);
  await stage.finish(leecher, seed);
  await leecher.torrent.stop();
  return { memory: taken, perRound, removed };
}

// What the platform opens once and keeps is open from here on.
const first = new Stage();
const whole = await first.seed();
await first.finish(await first.leecher(whole), whole);
await first.close();
await until(() => handles().length === 0, 'the end of the first sessions');

const before = { handles: handles(), descriptors: descriptors() };
const stage = new Stage();
const { memory: taken, perRound, removed } = await play(stage);
await until(() => stage.torrents === 1, 'the removal of the torrent');
for (let i = 0; i < 50 && removed.deref() !== undefined; i++) await memory();
const collected = removed.deref() === undefined;
await stage.close();
await until(() => handles().length <= before.handles.length, `the end of ${handles().join()}`);
console.log(
  JSON.stringify({
    memory: taken,
    perRound,
    collected,
    handles: handles(),
    before: before.handles,
    descriptors: descriptors() - before.descriptors,
  }),
);
