import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { BLOCK_LENGTH } from '../base/geometry.ts';
import { RateMeter } from '../base/rate-meter.ts';
import { FrameFit } from './frame-fit.ts';

const MIB = 1024 * 1024;

/**
 * Frames to a socket whose other side reads at `rate`; the kernel has room for `memory` bytes and tells of it in steps.
 * Returns the longest times that one and a half frames took to be read, in milliseconds: of all, and after six seconds.
 */
function play(memory: number, step: number, rate: number, seconds: number): { longest: number; steady: number } {
  const fit = new FrameFit();
  const meter = new RateMeter();
  let now = 1000;
  let room = memory;
  let read = 0;
  let longest = 0;
  let steady = 0;
  while (now < 1000 + seconds * 1000) {
    const bytes = fit.length(meter.total, meter.rate(now), now);
    const from = now;
    meter.add(bytes, now);
    if (bytes > room) {
      const time = (1500 * bytes) / rate;
      longest = Math.max(longest, time);
      if (now > 7000 && bytes > BLOCK_LENGTH) steady = Math.max(steady, time);
    }
    for (; room < bytes; now++) {
      read += rate / 1000;
      if (read < step) continue;
      room += read;
      read = 0;
    }
    room -= bytes;
    now += 0.1;
    fit.taken(bytes, now - from, now);
  }
  return { longest, steady };
}

test('a fast peer gets frames of a mebibyte, after sixteen', () => {
  const fit = new FrameFit();
  assert.equal(fit.length(0, 0, 0), 128 * 1024);
  assert.equal(fit.length(4 * MIB, 500 * MIB, 10), 256 * 1024);
  assert.equal(fit.length(16 * MIB, 500 * MIB, 20), MIB);
});

test('one and a half frames for a slow peer pass within a quarter of a second, however the kernel tells of its room', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 150_000, max: 20_000_000 }),
      fc.integer({ min: 0, max: 4 * MIB }),
      fc.integer({ min: 1, max: MIB }),
      (rate, memory, step) => {
        const { steady } = play(memory, step, rate, 20);
        assert.ok(steady <= 250, `${steady} ms`);
      },
    ),
    { numRuns: 30 },
  );
});

test('what fills the memory of the kernel does not make frames long', () => {
  const { longest } = play(4 * MIB, 1, 1_000_000, 10);
  assert.ok(longest < 450, `${longest} ms`);
});

test('a frame that had to wait makes the next ones short, for some seconds', () => {
  const fit = new FrameFit();
  fit.taken(MIB, 4_000, 5_000);
  assert.equal(fit.length(64 * MIB, 500 * MIB, 5_001), BLOCK_LENGTH);
  assert.equal(fit.length(64 * MIB, 500 * MIB, 9_001), MIB);
});
