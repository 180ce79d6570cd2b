// How much data a choke comes behind, on a real socket whose other side reads slowly: what waits in this process is a quarter
// of a second of it, whatever the kernel swallowed before.

import assert from 'node:assert/strict';
import net from 'node:net';
import test, { type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { BLOCK_LENGTH } from '../base/geometry.ts';
import { RateMeter } from '../base/rate-meter.ts';
import { listen, type TcpSocket } from '../io/tcp.ts';
import { RequestQueue } from '../swarm/request-queue.ts';
import type { SwarmState } from '../swarm/swarm-state.ts';
import { maySend, nextUpload, type UploadRun } from '../swarm/swarm-upload.ts';
import type { Connection } from './connection.ts';
import { FrameFit } from './frame-fit.ts';
import { FramePool } from './frame-pool.ts';
import { RateLimits } from './rate-limits.ts';
import { serveUploads, type UploadContext } from './uploader.ts';

const PIECE_BLOCKS = 64;
const PIECES = 24;

/** Both ends of a connection: ours, and one that reads so many bytes a second. */
async function connect(t: TestContext, rate: number): Promise<{ ours: TcpSocket; heard: () => number }> {
  let heard = 0;
  let ours: TcpSocket | undefined;
  const listener = await listen({ host: '127.0.0.1', port: 0 }, (socket) => {
    ours = socket;
  });
  const theirs = net.connect({ host: '127.0.0.1', port: listener.port });
  theirs.on('data', (chunk) => {
    heard += chunk.length;
    theirs.pause();
    setTimeout(() => theirs.resume(), (1000 * chunk.length) / rate);
  });
  theirs.on('error', () => undefined);
  t.after(async () => {
    theirs.destroy();
    ours?.close('done');
    await listener.close();
  });
  while (ours === undefined) await wait(1);
  return { ours, heard: () => heard };
}

test('a choke comes behind no more than a quarter of a second of data', async (t) => {
  const rate = 2_000_000;
  const { ours, heard } = await connect(t, rate);
  const uploads = new RequestQueue();
  const askMore = (): void => {
    for (let piece = 0; piece < PIECES; piece++)
      for (let block = 0; block < PIECE_BLOCKS; block++) uploads.push(piece, block * BLOCK_LENGTH, BLOCK_LENGTH);
  };
  const peer = { uploads, uploadQueued: true, up: new RateMeter(), amChoking: false, grantedFast: new Map() };
  const clock = (): number => performance.now();
  const limits = new RateLimits({}, clock);
  t.after(() => limits.close());
  const { up } = limits.torrent().join('1.2.3.4');
  const fit = new FrameFit();
  let slowFrames = 0;
  const connection = {
    peer,
    up,
    socket: ours,
    reading: false,
    waiting: false,
    get frameLength() {
      return fit.length(peer.up.total, peer.up.rate(clock()), clock());
    },
    frameTaken: (bytes: number, milliseconds: number) => {
      if (milliseconds > 50) slowFrames++;
      fit.taken(bytes, milliseconds, clock());
    },
  };
  const context = {
    swarm: {
      nextUpload: (_peer: never, bytes: number) => {
        if (uploads.count < PIECE_BLOCKS) askMore();
        return nextUpload({} as SwarmState, peer as never, bytes);
      },
      maySend: (_peer: never, run: UploadRun) => maySend(peer as never, run),
      uploadSent: (_peer: never, bytes: number, now: number) => peer.up.add(bytes, now),
      uploadFailed: () => undefined,
    },
    frames: new FramePool(16 << 20),
    clock,
    source: () => ({
      read: (_piece: number, _begin: number, buffers: Uint8Array[], done: () => void) => {
        for (const buffer of buffers) buffer.fill(7);
        setImmediate(done);
      },
    }),
    failed: () => undefined,
    settle: () => undefined,
  };
  const serve = (): void => serveUploads(connection as unknown as Connection, context as unknown as UploadContext);
  ours.handlers = { onData: () => undefined, onDrain: serve, onClose: () => undefined };
  askMore();
  serve();
  const end = performance.now() + 60_000;
  // The kernel's memory is full for the first time, the rate is known, and it is full again.
  for (let longest = 0; slowFrames < 4 || performance.now() - end < -54_000 || ours.buffered === 0; ) {
    assert.ok(performance.now() < end, 'the kernel took everything');
    if (slowFrames >= 2) longest = Math.max(longest, ours.buffered);
    assert.ok(longest < rate / 4 + BLOCK_LENGTH, `${longest} bytes waited`);
    await wait(2);
  }
  // The choke: nothing more is pulled, and what is being read is not sent.
  const queued = ours.buffered;
  const sent = peer.up.total;
  peer.amChoking = true;
  uploads.clear();
  t.diagnostic(`${queued} bytes waited in front of the choke; ${heard()} of ${sent} were read`);
  assert.ok(queued <= rate / 4, `${queued} bytes waited in front of the choke`);
  let told = false;
  ours.write(new Uint8Array(5), () => {
    told = true;
  });
  while (!told) {
    assert.ok(performance.now() < end, 'the choke never left');
    await wait(2);
  }
  assert.equal(peer.up.total, sent, 'data went behind the choke');
});
