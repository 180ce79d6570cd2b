// The links of a simulated world: caps hold, rates are shared, bytes come in order and none is lost.

import assert from 'node:assert/strict';
import test from 'node:test';
import { EventQueue } from './event-queue.ts';
import { seededRandom } from './net.ts';
import { Pipe } from './virtual-links.ts';
import { VirtualSocket } from './virtual-socket.ts';

class Bench {
  now = 0;
  readonly #queue = new EventQueue();

  at(time: number, kind: number, run: () => void): void {
    this.#queue.add(time, kind, run);
  }

  run(until: number): void {
    while (this.#queue.due <= until) {
      const event = this.#queue.next()!;
      assert.ok(event.at >= this.now, 'time goes forward');
      this.now = event.at;
      event.run();
    }
    this.now = until;
  }
}

function way(up: number, down: number, latency = 10): { up: Pipe; down: Pipe; latency: number } {
  return { up: new Pipe(up), down: new Pipe(down), latency };
}

const HOST = { host: '10.0.0.1', port: 1 };

/** Keeps sending; counts what comes. */
function stream(bench: Bench, from: ReturnType<typeof way>, to: ReturnType<typeof way>): { got: number } {
  const [a, b] = VirtualSocket.pair(bench, { way: from, seenAs: HOST }, { way: to, seenAs: HOST });
  const block = new Uint8Array(16_384);
  const result = { got: 0 };
  const fill = (): void => {
    while (a.out.queued < 32_768) a.write(block);
  };
  a.handlers = { onBytes: () => undefined, onPacket: () => undefined, onDrain: fill, onClose: () => undefined };
  b.handlers = {
    onBytes: (_bytes, start, end) => {
      result.got += end - start;
    },
    onPacket: () => undefined,
    onDrain: () => undefined,
    onClose: () => undefined,
  };
  fill();
  return result;
}

test('an uplink is shared evenly among its connections and not exceeded', () => {
  const bench = new Bench();
  const seed = way(1_000_000, 1_000_000);
  const flows = [1, 2, 3, 4].map(() => stream(bench, seed, way(1_000_000, 1_000_000)));
  bench.run(10_000);
  for (const { got } of flows) assert.ok(Math.abs(got / 10 - 250_000) < 12_500, `${got / 10}`);
  assert.ok(seed.up.carried <= 10_200_000);
});

test('a downlink is shared evenly among its connections, however fast their senders are', () => {
  const bench = new Bench();
  const sink = way(1_000_000, 600_000);
  const flows = [4_000_000, 1_000_000, 400_000].map((rate) => stream(bench, way(rate, 1_000_000), sink));
  bench.run(10_000);
  for (const { got } of flows) assert.ok(Math.abs(got / 10 - 200_000) < 20_000, `${got / 10}`);
});

test('what a slow receiver leaves of an uplink goes to the others', () => {
  const bench = new Bench();
  const seed = way(1_000_000, 1_000_000);
  const slow = stream(bench, seed, way(1_000_000, 100_000));
  const fast = stream(bench, seed, way(1_000_000, 5_000_000));
  bench.run(20_000);
  assert.ok(Math.abs(slow.got / 20 - 100_000) < 6_000, `${slow.got / 20}`);
  assert.ok(fast.got / 20 > 870_000, `${fast.got / 20}`);
});

test('small messages do not wait for the payload of others, and are charged', () => {
  const bench = new Bench();
  const seed = way(50_000, 1_000_000);
  stream(bench, seed, way(1_000_000, 1_000_000));
  const [a, b] = VirtualSocket.pair(
    bench,
    { way: seed, seenAs: HOST },
    { way: way(1_000_000, 1_000_000), seenAs: HOST },
  );
  let heard = 0;
  b.handlers = {
    onBytes: () => {
      heard = bench.now;
    },
    onPacket: () => undefined,
    onDrain: () => undefined,
    onClose: () => undefined,
  };
  bench.run(1000);
  a.write(new Uint8Array(100));
  bench.run(10_000);
  assert.ok(heard > 0 && heard - 1000 < 120, `${heard}`);
  assert.ok(seed.up.carried <= 505_000, `${seed.up.carried}`);
});

test('bytes come in the order in which they were written, through packets of every size', () => {
  const bench = new Bench();
  const random = seededRandom(7);
  const [a, b] = VirtualSocket.pair(
    bench,
    { way: way(300_000, 300_000), seenAs: HOST },
    { way: way(300_000, 120_000), seenAs: HOST },
  );
  const sent = Uint8Array.from({ length: 200_000 }, () => random() * 256);
  const got = new Uint8Array(sent.length);
  let at = 0;
  b.handlers = {
    onBytes: (bytes, start, end) => {
      got.set(bytes.subarray(start, end), at);
      at += end - start;
    },
    onPacket: () => undefined,
    onDrain: () => undefined,
    onClose: () => undefined,
  };
  let written = 0;
  const write = (): void => {
    const length = Math.min(sent.length - written, 1 + Math.floor(random() * (random() < 0.5 ? 40 : 20_000)));
    a.write(sent, written, written + length);
    written += length;
    if (written < sent.length) bench.at(bench.now + random() * 30, 0, write);
  };
  write();
  bench.run(30_000);
  assert.equal(at, sent.length);
  assert.equal(Buffer.compare(sent, got), 0);
});

test('what is on its way when the sender closes arrives before the close does; a stalled link delivers later', () => {
  const bench = new Bench();
  const [a, b] = VirtualSocket.pair(
    bench,
    { way: way(100_000, 100_000), seenAs: HOST },
    { way: way(100_000, 100_000), seenAs: HOST },
  );
  const heard: string[] = [];
  b.handlers = {
    onBytes: (_bytes, start, end) => heard.push(`${end - start}`),
    onPacket: () => undefined,
    onDrain: () => undefined,
    onClose: (reason) => heard.push(reason),
  };
  a.write(new Uint8Array(500));
  a.stall();
  bench.run(1000);
  assert.deepEqual(heard, []);
  a.resume();
  a.write(new Uint8Array(700));
  a.close();
  bench.run(2000);
  assert.deepEqual(heard, ['500', '700', 'closed by the peer']);
});
