import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { ShoalError } from '../base/errors.ts';
import { BLOCK_LENGTH } from '../base/geometry.ts';
import { UNIT } from '../base/quota.ts';
import { PIECE_HEADER_LENGTH } from '../protocol/wire/messages.ts';
import { RequestQueue } from '../swarm/request-queue.ts';
import type { SwarmState } from '../swarm/swarm-state.ts';
import { maySend, nextUpload, type UploadRun } from '../swarm/swarm-upload.ts';
import type { Connection } from './connection.ts';
import { type Frame, FramePool } from './frame-pool.ts';
import { type PeerQuota, RateLimits } from './rate-limits.ts';
import { serveUploads, type UploadContext } from './uploader.ts';

interface Read {
  piece: number;
  begin: number;
  buffers: Uint8Array[];
  done: (error?: ShoalError) => void;
}

/** A peer's socket, the disk and the swarm, all of them moved by the test. */
class Scene {
  readonly reads: Read[] = [];
  readonly written: Uint8Array[] = [];
  readonly flushes: (() => void)[] = [];
  readonly failedRuns: UploadRun[] = [];
  readonly failures: string[] = [];
  readonly uploads = new RequestQueue();
  readonly socket = {
    buffered: 0,
    write: (bytes: Uint8Array, sent: () => void): void => {
      this.written.push(Uint8Array.from(bytes));
      this.socket.buffered += bytes.length;
      this.flushes.push(() => {
        this.socket.buffered -= bytes.length;
        sent();
      });
    },
  };
  readonly peer = {
    uploads: this.uploads,
    uploadQueued: true,
    up: { total: 0 },
    amChoking: false,
    grantedFast: new Map<number, number>(),
  };
  readonly limits: RateLimits;
  readonly up: PeerQuota;
  readonly connection;
  sent = 0;
  source = true;

  constructor(t: TestContext, rate = 0) {
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000 });
    this.limits = new RateLimits({ up: rate }, Date.now);
    t.after(() => this.limits.close());
    this.up = this.limits.torrent().join('1.2.3.4').up;
    // A quarter of a second without anybody: as much is saved up as may be.
    t.mock.timers.tick(400);
    const taken: [number, number][] = [];
    this.connection = {
      peer: this.peer,
      socket: this.socket,
      up: this.up,
      closed: false,
      reading: false,
      waiting: false,
      frameLength: 1024 * 1024,
      frameTaken: (bytes: number, milliseconds: number) => taken.push([bytes, milliseconds]),
      taken,
    };
  }

  ask(count: number, piece = 0): void {
    for (let block = 0; block < count; block++) this.uploads.push(piece, block * BLOCK_LENGTH, BLOCK_LENGTH);
  }

  serve(): void {
    const { connection } = this;
    const context = {
      swarm: {
        nextUpload: (peer: never, bytes: number) => nextUpload({} as SwarmState, peer, bytes),
        uploadSent: (_peer: never, bytes: number) => {
          this.sent += bytes;
        },
        maySend: (peer: never, run: UploadRun) => maySend(peer, run),
        uploadFailed: (_peer: never, run: UploadRun) => this.failedRuns.push(run),
      },
      frames: this.frames,
      clock: Date.now,
      source: () =>
        this.source
          ? {
              read: (piece: number, begin: number, buffers: Uint8Array[], done: Read['done']) =>
                this.reads.push({ piece, begin, buffers, done }),
            }
          : undefined,
      failed: (_piece: number, error: ShoalError) => this.failures.push(error.message),
      settle: () => undefined,
    };
    serveUploads(connection as unknown as Connection, context as unknown as UploadContext);
  }

  readonly frames = new FramePool(16 * 1024 * 1024);

  /** The disk answers the oldest read. */
  answer(error?: ShoalError): void {
    const read = this.reads.shift()!;
    for (const buffer of read.buffers) buffer.fill(read.piece + 1);
    read.done(error);
  }

  flush(): void {
    this.flushes.shift()!();
  }
}

const FRAME = 64 * (BLOCK_LENGTH + PIECE_HEADER_LENGTH);

test('one read at a time, one frame a write, and no read while the socket is full', (t) => {
  const scene = new Scene(t);
  scene.ask(64);
  scene.ask(64, 1);
  scene.ask(64, 2);
  scene.ask(64, 3);
  scene.serve();
  scene.serve();
  assert.equal(scene.reads.length, 1);
  scene.answer();
  assert.equal(scene.written.length, 1);
  assert.equal(scene.written[0]!.length, FRAME);
  assert.equal(scene.sent, 64 * BLOCK_LENGTH);
  assert.equal(scene.reads.length, 0, 'a whole frame waits in the socket');
  scene.flush();
  assert.equal(scene.reads.length, 1);
  scene.answer();
  scene.flush();
  scene.answer();
  scene.flush();
  scene.answer();
  scene.flush();
  assert.equal(scene.sent, 4 * 64 * BLOCK_LENGTH);
  assert.equal(scene.peer.uploadQueued, false);
  assert.equal(scene.written[2]![PIECE_HEADER_LENGTH], 3);
});

test('a peer that does not read holds no more than a mebibyte and a frame', (t) => {
  const scene = new Scene(t);
  for (let piece = 0; piece < 20; piece++) scene.ask(40, piece);
  scene.serve();
  while (scene.reads.length > 0) scene.answer();
  assert.ok(scene.socket.buffered <= 1024 * 1024 + FRAME, `${scene.socket.buffered}`);
  scene.serve();
  assert.equal(scene.reads.length, 0);
});

test('after a read that failed the next requests are served', (t) => {
  const scene = new Scene(t);
  scene.ask(2, 0);
  scene.ask(2, 1);
  scene.serve();
  scene.answer(new ShoalError('ERR_SOURCE', 'gone'));
  assert.deepEqual(
    scene.failedRuns.map((run) => run.piece),
    [0],
  );
  assert.deepEqual(scene.failures, ['gone']);
  assert.equal(scene.reads.length, 1);
  scene.answer();
  assert.equal(scene.written.length, 1);
  assert.equal(scene.sent, 2 * BLOCK_LENGTH);
});

test('what was read for one who was choked meanwhile is not sent, but what it may have while choked is', (t) => {
  const scene = new Scene(t, 1_000_000);
  scene.ask(2, 0);
  scene.serve();
  scene.peer.amChoking = true;
  scene.uploads.clear();
  scene.answer();
  assert.deepEqual([scene.written.length, scene.sent], [0, 0]);
  assert.deepEqual(
    scene.failedRuns.map(({ piece, lengths }) => [piece, lengths.length]),
    [[0, 2]],
  );
  assert.deepEqual(scene.failures, [], 'nothing is wrong with the disk');
  assert.equal(scene.up.available(Date.now()), 250_000);
  scene.peer.grantedFast.set(3, 0);
  scene.ask(1, 3);
  scene.serve();
  scene.answer();
  assert.equal(scene.written.length, 1);
});

test('a connection that closes during the read is not written to, and what it did not use is given back', (t) => {
  const scene = new Scene(t, 1_000_000);
  scene.ask(10);
  scene.serve();
  assert.equal(scene.reads.length, 1);
  scene.connection.closed = true;
  scene.answer();
  assert.equal(scene.written.length, 0);
  assert.equal(scene.up.available(Date.now()), 250_000);
  scene.serve();
  assert.equal(scene.reads.length, 0);
});

test('under a limit a frame is a tenth of a second long, its headers are paid for, and the next waits', (t) => {
  const rate = 10 * 5 * UNIT;
  const scene = new Scene(t, rate);
  for (let piece = 0; piece < 4; piece++) scene.ask(64, piece);
  scene.serve();
  while (scene.reads.length > 0) {
    assert.equal(scene.reads[0]!.buffers.length, 5);
    scene.answer();
    scene.flush();
  }
  assert.equal(scene.sent, 10 * BLOCK_LENGTH, 'what was saved up in a quarter of a second has gone, in whole portions');
  assert.equal(scene.connection.waiting, true);
  let waited = 0;
  for (; scene.reads.length === 0 && waited < 2_000; waited++) t.mock.timers.tick(1);
  assert.ok(waited >= 49 && waited <= 60, `waited ${waited} ms`);
  assert.equal(scene.connection.waiting, false);
});

test('what was granted and not asked for any more is given back', (t) => {
  const scene = new Scene(t, 1_000_000);
  scene.up.charge(250_000);
  scene.ask(4);
  scene.serve();
  assert.equal(scene.connection.waiting, true);
  scene.uploads.clear();
  t.mock.timers.tick(400);
  assert.equal(scene.connection.waiting, false);
  assert.equal(scene.peer.uploadQueued, false);
  assert.equal(scene.up.available(Date.now()), 250_000);
  scene.ask(1);
  scene.serve();
  assert.equal(
    scene.up.available(Date.now()),
    250_000 - UNIT,
    'one block is paid for, not the portion that was granted',
  );
});

test('a limit that is lifted lets a waiting connection go on at once', (t) => {
  const scene = new Scene(t, 20_000);
  scene.up.charge(100_000);
  scene.ask(64);
  scene.serve();
  assert.equal(scene.reads.length, 0);
  scene.limits.set({ up: 0 });
  assert.equal(scene.reads.length, 1);
});

test('a connection that closes while it waits for the limit takes nothing', (t) => {
  const scene = new Scene(t, 100_000);
  scene.up.charge(200_000);
  scene.ask(1);
  scene.serve();
  scene.connection.closed = true;
  for (let i = 0; i < 5_000; i++) t.mock.timers.tick(1);
  assert.equal(scene.reads.length, 0);
  assert.equal(scene.up.available(Date.now()), UNIT + 10_000);
});

test('frames are as long as the socket takes them, so that a choke is not far behind', (t) => {
  const scene = new Scene(t);
  scene.connection.frameLength = 4 * BLOCK_LENGTH;
  for (let piece = 0; piece < 3; piece++) scene.ask(64, piece);
  scene.serve();
  assert.equal(scene.reads[0]!.buffers.length, 4);
  scene.answer();
  assert.equal(scene.reads.length, 0, 'a frame waits in the socket');
  t.mock.timers.tick(300);
  scene.flush();
  assert.deepEqual(scene.connection.taken, [[4 * BLOCK_LENGTH, 300]]);
});

for (const [name, rate] of [
  ['without memory for a frame', 0],
  ['under a limit and without memory for a frame', 10_000_000],
] as const)
  test(`${name} nothing is pulled, and it goes on when somebody gives theirs back`, (t) => {
    const scene = new Scene(t, rate);
    scene.ask(64);
    const others: Frame[] = [];
    for (let frame = scene.frames.take(1); frame !== undefined; frame = scene.frames.take(1)) others.push(frame);
    scene.serve();
    scene.serve();
    assert.equal(scene.reads.length, 0);
    assert.equal(scene.uploads.count, 64, 'a choke can still take them back');
    for (const frame of others) scene.frames.give(frame);
    assert.equal(scene.reads.length, 1);
  });

test('nothing is pulled while there is no storage', (t) => {
  const scene = new Scene(t);
  scene.ask(1);
  scene.source = false;
  scene.serve();
  assert.equal(scene.uploads.count, 1);
});
