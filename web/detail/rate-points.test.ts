import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatRate } from '../../src/base/quantity.ts';
import { pointsOf, rateTicks } from './rate-points.ts';

test('each rate stands at the beginning of its step', () => {
  assert.deepEqual(pointsOf({ step: 5, from: 60_000, down: [1, 2, 3], up: [0, 0, 9] }), [
    [60, 65, 70],
    [1, 2, 3],
    [0, 0, 9],
  ]);
});

test('ticks are round, begin at nothing and are neither few nor many', () => {
  assert.deepEqual(rateTicks(10 * 1024 * 1024).map(formatRate), [
    '0 B/s',
    '2.0 MiB/s',
    '4.0 MiB/s',
    '6.0 MiB/s',
    '8.0 MiB/s',
    '10.0 MiB/s',
  ]);
  fc.assert(
    fc.property(fc.integer({ min: 1024, max: 2 ** 40 }), (most) => {
      const ticks = rateTicks(most);
      assert.equal(ticks[0], 0);
      assert.ok(ticks.at(-1)! <= most);
      assert.ok(ticks.length >= 2 && ticks.length <= 8, `${ticks.length} ticks for ${most}`);
    }),
  );
});
