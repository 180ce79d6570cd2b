import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { RateMeter } from './rate-meter.ts';

test('a steady stream shows its rate, from the first second on', () => {
  const meter = new RateMeter();
  for (let now = 5_000; now < 25_000; now += 50) {
    meter.add(5_000, now);
    if (now >= 5_500) {
      const rate = meter.rate(now);
      assert.ok(rate >= 85_000 && rate <= 115_000, `${rate} at ${now}`);
    }
  }
  assert.equal(meter.lastSecond(25_000), 100_000);
  assert.equal(meter.total, 400 * 5_000);
});

test('the rate falls to nothing within the window and starts again at once', () => {
  const meter = new RateMeter();
  meter.add(1_000_000, 1_000);
  assert.ok(meter.rate(2_500) > 0);
  assert.equal(meter.rate(7_000), 0);
  assert.equal(meter.lastSecond(7_000), 0);
  meter.add(1_000_000, 100_000);
  assert.equal(meter.lastSecond(101_000), 1_000_000);
  assert.equal(meter.total, 2_000_000);
});

test('the rate is never more than what came in the window, and the total is exact', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ wait: fc.nat(2_500), bytes: fc.nat(100_000) }), { minLength: 1, maxLength: 100 }),
      (steps) => {
        const meter = new RateMeter();
        const added: { now: number; bytes: number }[] = [];
        let now = 10_000;
        for (const { wait, bytes } of steps) {
          now += wait;
          meter.add(bytes, now);
          added.push({ now, bytes });
          const since = (start: number): number =>
            added.filter((entry) => entry.now >= start).reduce((sum, entry) => sum + entry.bytes, 0);
          const second = Math.floor(now / 1000);
          const window = since((second - 4) * 1000);
          assert.ok(meter.rate(now) <= 4 * window);
          assert.equal(meter.lastSecond(now), since((second - 1) * 1000) - since(second * 1000));
          assert.equal(meter.total, since(0));
        }
      },
    ),
  );
});
