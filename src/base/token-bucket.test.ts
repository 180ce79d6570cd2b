import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { TokenBucket } from './token-bucket.ts';

test('over any time no more passes than the rate allows, and no less when somebody always asks', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1_000, max: 10_000_000 }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 20, maxLength: 200 }),
      fc.integer({ min: 1, max: 1_048_576 }),
      (rate, waits, frame) => {
        const bucket = new TokenBucket(rate, 0);
        let now = 0;
        let passed = 0;
        for (const wait of waits) {
          while (bucket.available(now) > 0) {
            bucket.take(frame);
            passed += frame;
          }
          now += wait;
        }
        const saved = Math.max(rate / 4, 16_384);
        assert.ok(passed <= (now * rate) / 1000 + saved + frame, `${passed} in ${now} ms`);
        // Saved up tokens are capped, so only waits longer than the burst may lose some.
        const usable = waits.reduce((sum, wait) => sum + Math.min(wait, (1000 * saved) / rate), 0);
        assert.ok(passed >= ((usable - waits.at(-1)!) * rate) / 1000 - 1, `${passed} in ${usable} ms`);
      },
    ),
  );
});

test('the delay is when the bytes may pass, not earlier and hardly later', () => {
  const bucket = new TokenBucket(1_000_000, 0);
  bucket.take(bucket.available(0) + 50_000);
  const delay = bucket.delay(1, 0);
  assert.equal(delay, 51);
  assert.ok(bucket.available(delay - 1) < 1);
  assert.ok(bucket.available(delay) >= 1);
});

test('without a limit everything passes and nothing is owed when one is set', () => {
  const bucket = new TokenBucket(0, 0);
  assert.equal(bucket.limited, false);
  assert.equal(bucket.available(5), Number.POSITIVE_INFINITY);
  bucket.take(1e12);
  assert.equal(bucket.delay(1e9, 10), 0);
  bucket.setRate(100_000, 60_000);
  assert.equal(bucket.available(60_000), 0, 'a minute without a limit saves nothing up');
  assert.equal(bucket.available(60_100), 10_000);
});

test('an overdraft does not outlive the limit, nor grow longer with a lower one', () => {
  const bucket = new TokenBucket(1_000_000, 0);
  bucket.take(bucket.available(0) + 1_000_000);
  assert.equal(bucket.delay(1, 0), 1001);
  bucket.setRate(10_000, 0);
  assert.ok(bucket.delay(1, 0) <= 1001, 'a second of debt stays a second');
  bucket.setRate(0, 0);
  bucket.setRate(10_000, 0);
  assert.ok(bucket.delay(1, 0) <= 1);
});

test('a higher rate pays an overdraft back sooner', () => {
  const bucket = new TokenBucket(1_000, 0);
  bucket.take(bucket.available(0) + 10_000);
  bucket.setRate(10_000, 0);
  assert.equal(bucket.delay(1, 0), 1001);
});
