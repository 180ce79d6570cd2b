// Rate limits on real sockets, with peers that could do far more: the rate is kept, shared fairly, changed while it runs,
// and a choke comes soon. Windows of a second or two; of ten, and at more rates, with SHOAL_FULL=1.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Geometry } from '../../src/base/geometry.ts';
import { UNIT } from '../../src/base/quota.ts';
import { Session } from '../../src/engine/session.ts';
import type { SessionOptions, Torrent } from '../../src/engine/types.ts';
import { buildInfo, encodeMetainfo } from '../../src/protocol/metainfo-build.ts';
import { QuickPeer } from './quick-peer.ts';

const FULL = process.env.SHOAL_FULL === '1';
const PIECE = 64 * 1024;
const PATIENCE = 60_000;

/** A torrent of nothing but zeros, so that any peer can serve it. */
function zeros(size: number): { torrent: Uint8Array; geometry: Geometry } {
  const geometry = new Geometry(size, PIECE);
  const hash = createHash('sha1').update(new Uint8Array(PIECE)).digest();
  const pieces = Buffer.concat(new Array<Buffer>(geometry.pieceCount).fill(hash));
  const infoBytes = buildInfo({ name: 'zeros', pieceLength: PIECE, pieces, files: { length: size } });
  return { torrent: encodeMetainfo({ infoBytes }), geometry };
}

function makeFolder(t: TestContext): string {
  const memory = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
  const folder = fs.mkdtempSync(path.join(memory, 'shoal-limits-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function open(t: TestContext, options: SessionOptions): Promise<Session> {
  const session = await Session.open({ listen: { host: '127.0.0.1', port: 0 }, state: null, ...options });
  t.after(() => session.close());
  return session;
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const end = performance.now() + PATIENCE; !condition(); await wait(2))
    assert.ok(performance.now() < end, `${what} did not come`);
}

interface Transfer {
  session: Session;
  torrent: Torrent;
  peers: QuickPeer[];
  /** Bytes that have passed at Shoal. */
  passed(): number;
}

/** Shoal fetches from so many seeds that answer at once. */
async function download(t: TestContext, size: number, count: number, options: SessionOptions): Promise<Transfer> {
  const { torrent: bytes, geometry } = zeros(size);
  const session = await open(t, options);
  const torrent = await session.add(bytes, { directory: makeFolder(t) });
  const peers: QuickPeer[] = [];
  for (let i = 1; i <= count; i++) {
    const host = `127.0.0.${i}`;
    const seed = await QuickPeer.listen(torrent.infoHash, geometry, host, (peer) => peers.push(peer));
    t.after(seed.close);
    torrent.addPeer({ host, port: seed.port });
  }
  t.after(() => {
    for (const peer of peers) peer.close();
  });
  return { session, torrent, peers, passed: () => torrent.status.downloaded };
}

/** Shoal serves so many peers that want all they can get. */
async function upload(t: TestContext, count: number, options: SessionOptions): Promise<Transfer> {
  const file = path.join(makeFolder(t), 'zeros');
  const size = 16 * 1024 * 1024;
  fs.writeFileSync(file, '');
  fs.truncateSync(file, size);
  const session = await open(t, options);
  const torrent = await session.seed(file, { pieceLength: PIECE });
  const geometry = new Geometry(size, PIECE);
  const peers: QuickPeer[] = [];
  for (let i = 1; i <= count; i++)
    peers.push(await QuickPeer.dial(session.port, `127.0.0.${i}`, torrent.infoHash, geometry));
  t.after(() => {
    for (const peer of peers) peer.close();
  });
  return { session, torrent, peers, passed: () => peers.reduce((sum, peer) => sum + peer.bytes, 0) };
}

/** Bytes per second from one change of the count to the first one after so many milliseconds. */
async function measure(passed: () => number, milliseconds: number): Promise<number> {
  const change = async (): Promise<{ at: number; bytes: number }> => {
    const before = passed();
    await until(() => passed() !== before, 'a byte');
    return { at: performance.now(), bytes: passed() };
  };
  const first = await change();
  await wait(milliseconds);
  const last = await change();
  return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
}

/** What was saved up before the first byte has gone. */
async function warmUp({ passed, peers }: Transfer, count: number, rate: number): Promise<void> {
  await until(() => peers.length === count && passed() > 0, 'the first byte');
  await until(() => passed() > rate / 2, 'half a second of bytes');
}

const KB = 1000;
const RATES = FULL ? [50 * KB, 500 * KB, 5_000 * KB, 50_000 * KB] : [150 * KB, 4_000 * KB];
const WINDOW = FULL ? 10_000 : 1_500;
/** What a portion more or less makes of a short window comes on top. */
const tolerance = (rate: number): number =>
  0.03 + (FULL ? 0 : (2 * Math.max(UNIT, rate * 0.1)) / (rate * (WINDOW / 1000)));

/** Bytes that a limit saves up while nothing passes. */
const burst = (rate: number): number => Math.max(rate / 4, UNIT + rate / 10);

/** A machine that is busy with something else can hold a window back, or one peer, or leave a burst to the window after. */
const MOST_WINDOWS = FULL ? 3 : 6;
/** Below so many bytes a second a transfer leaves the machine to others, and they run side by side. */
const BUSY = 10_000 * KB;

/** The rate is kept, and no peer gets much more of it than another. `shares`: bytes of each peer so far. */
async function assertKept(t: TestContext, transfer: Transfer, shares: () => number[], rate: number): Promise<void> {
  await warmUp(transfer, shares().length, rate);
  for (let windows = 1; ; windows++) {
    const before = shares();
    const measured = await measure(transfer.passed, WINDOW);
    const given = shares().map((bytes, i) => bytes - before[i]!);
    t.diagnostic(`${measured.toFixed(0)} bytes a second, ${given}`);
    const most = rate * (1 + tolerance(rate));
    assert.ok(measured < most + burst(rate) / (WINDOW / 1000), `${measured} bytes a second`);
    if (measured > rate * (1 - tolerance(rate)) && measured < most && isFair(given, rate)) return;
    assert.ok(windows < MOST_WINDOWS, `${measured} bytes a second, ${given}`);
  }
}

function keepsRate(rate: number, count: number): void {
  test(`a download from ${count} at ${rate / KB} KB/s`, { timeout: 120_000 }, async (t) => {
    const size = Math.ceil((rate * (MOST_WINDOWS * (WINDOW / 1000) + 3) + 4_000_000) / PIECE) * PIECE;
    const transfer = await download(t, size, count, { down: rate });
    await until(() => transfer.torrent.peers.length === count, 'every peer');
    await assertKept(t, transfer, () => transfer.torrent.peers.map((peer) => peer.downloaded), rate);
  });
  test(`an upload to ${count} at ${rate / KB} KB/s`, { timeout: 120_000 }, async (t) => {
    const transfer = await upload(t, count, { up: rate });
    await assertKept(t, transfer, () => transfer.peers.map((peer) => peer.bytes), rate);
  });
}

for (const count of [1, 4]) for (const rate of RATES.filter((rate) => rate >= BUSY)) keepsRate(rate, count);
describe('side by side', { concurrency: true }, () => {
  for (const rate of RATES.filter((rate) => rate < BUSY)) for (const count of [1, 4]) keepsRate(rate, count);
});

/** Nobody is more than a few portions from the average. */
function isFair(bytes: readonly number[], rate: number): boolean {
  const mean = bytes.reduce((sum, one) => sum + one, 0) / bytes.length;
  const portion = Math.max(UNIT, rate * 0.1);
  return bytes.every((one) => Math.abs(one - mean) <= 0.05 * mean + 2 * portion);
}

test('a limit that comes, changes and goes takes effect at once, without a burst and without a pause', async (t) => {
  const transfer = await download(t, 3_000 * 1024 * 1024, 1, {});
  await until(() => transfer.passed() > 20_000_000, 'twenty megabytes');
  // From now on, whatever was under way. While the machine lets this process stand, nothing can be expected to pass.
  const assertSecond = async (least: number, most: number, what: string): Promise<void> => {
    const before = transfer.passed();
    const from = performance.now();
    let stood = 0;
    for (let last = from; last < from + 1_000; ) {
      await wait(5);
      const now = performance.now();
      stood += Math.max(0, now - last - 20);
      last = now;
    }
    const took = performance.now() - from;
    const bytes = transfer.passed() - before;
    t.diagnostic(`${bytes} bytes ${what}, in ${Math.round(took)} ms of which it stood ${Math.round(stood)}`);
    assert.ok(bytes > (least * (took - stood)) / 1000, `only ${bytes} bytes ${what}`);
    assert.ok(bytes < (most * took) / 1000, `${bytes} bytes ${what}`);
  };
  transfer.session.setLimits({ down: 2_000_000 });
  await assertSecond(1_600_000, 2_600_000, 'after the limit came');
  transfer.session.setLimits({ down: 400_000 });
  await assertSecond(250_000, 560_000, 'after it was lowered');
  transfer.torrent.setLimits({ down: 200_000 });
  await assertSecond(100_000, 320_000, 'under the limit of the torrent');
  transfer.session.setLimits({ down: 0 });
  transfer.torrent.setLimits({ down: 0 });
  const before = transfer.passed();
  await until(() => transfer.passed() - before > 10_000_000, 'ten megabytes without a limit');
  await transfer.torrent.stop();
});

test('under a limit little is asked for, and nobody is taken for slow', async (t) => {
  const transfer = await download(t, 40_000_000, 2, { down: 100_000, snubTimeout: 300 });
  await warmUp(transfer, 2, 100_000);
  await measure(transfer.passed, 1_500);
  for (const peer of transfer.peers) {
    const waiting = peer.requests * UNIT - transfer.torrent.status.downloaded / 2;
    assert.ok(waiting < 6 * UNIT, `${waiting} bytes wait in the kernel`);
  }
  assert.equal(transfer.torrent.status.wasted, 0);
  assert.equal(transfer.torrent.peers.length, 2);
});

/** The next round of the choker is up to ten seconds away. */
if (FULL)
  test('a choke comes within a quarter of a second of data', { timeout: 60_000 }, async (t) => {
    const rate = 400_000;
    const transfer = await upload(t, 1, { up: rate });
    await warmUp(transfer, 1, rate);
    const [peer] = transfer.peers;
    peer!.loseInterest();
    await until(() => transfer.torrent.peers[0]!.chokedByUs, 'the decision');
    const atDecision = peer!.bytes;
    await until(() => peer!.choked, 'the choke');
    assert.ok(peer!.bytes - atDecision <= rate / 4 + UNIT, `${peer!.bytes - atDecision} bytes came before it`);
    const atChoke = peer!.bytes;
    await wait(500);
    assert.equal(peer!.bytes, atChoke, 'nothing comes behind it');
  });

test('a limit of the LAN, and none', async (t) => {
  const transfer = await upload(t, 1, { up: 200_000 });
  await warmUp(transfer, 1, 200_000);
  transfer.session.setLimits({ limitLan: false });
  const before = transfer.passed();
  await until(() => transfer.passed() - before > 5_000_000, 'what no limit of the session holds back');
  transfer.torrent.setLimits({ lan: { up: 300_000 } });
  await wait(300);
  for (let windows = 1; ; windows++) {
    const measured = await measure(transfer.passed, 1_000);
    t.diagnostic(`${measured} bytes a second under the limit for the LAN`);
    assert.ok(measured < 360_000 + burst(300_000), `${measured} bytes a second under the limit for the LAN`);
    if (Math.abs(measured - 300_000) < 60_000) break;
    assert.ok(windows < MOST_WINDOWS, `${measured} bytes a second under the limit for the LAN`);
  }
});
