// Rates over time: nothing lost, nothing invented, whenever it is looked at.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RateSeries } from './rate-series.ts';

const START = 1_700_000_000_000;

describe('a series of rates', () => {
  it('spreads bytes over the time in which they moved', () => {
    const series = new RateSeries();
    series.add(3000, 300, START, START + 3000);
    const { step, from, down, up } = series.read('1m', START + 3000);
    assert.equal(step, 1);
    assert.equal(down.length, 59);
    assert.deepEqual(
      [down.slice(-4), up.slice(-4)],
      [
        [0, 1000, 1000, 1000],
        [0, 100, 100, 100],
      ],
    );
    assert.equal(from + down.length * 1000, START + 3000, 'the last step is the one that has just ended');
  });

  it('keeps the sum in every range, whatever the rhythm of the looks', () => {
    const series = new RateSeries();
    let sum = 0;
    let at = START;
    for (let look = 0; look < 200; look++) {
      const next = at + 70 + ((look * 7919) % 500);
      series.add(1000 + look, 0, at, next);
      sum += 1000 + look;
      at = next;
    }
    for (const range of ['1h', '1d'] as const) {
      const { step, down } = series.read(range, at + 10 * 60_000);
      const total = down.reduce((all, rate) => all + rate * step, 0);
      assert.ok(Math.abs(total - sum) < sum * 0.02, `${range}: ${total} of ${sum}`);
    }
  });

  it('forgets what is older than a range, and is empty after a long silence', () => {
    const series = new RateSeries();
    series.add(1000, 0, START, START + 1000);
    assert.ok(series.read('1m', START + 30_000).down.includes(1000));
    assert.deepEqual(new Set(series.read('1m', START + 70_000).down), new Set([0]));
    series.add(5000, 0, START + 300_000, START + 301_000);
    const { down } = series.read('1m', START + 301_000);
    assert.equal(
      down.reduce((all, rate) => all + rate, 0),
      5000,
    );
    assert.deepEqual(new Set(new RateSeries().read('1d', START).down), new Set([0]));
  });

  it('takes bytes of a time longer than it remembers', () => {
    const series = new RateSeries();
    series.add(1e12, 0, 0, START);
    const { down } = series.read('1m', START);
    assert.equal(down.length, 59);
    assert.ok(down.every((rate) => rate > 0 && rate < 1e11));
  });

  it('is the same after it was saved, and empty when that was damaged', () => {
    const series = new RateSeries();
    series.add(123_456, 654, START, START + 40_000);
    const saved = JSON.parse(JSON.stringify(series.save())) as Record<string, Record<string, unknown>>;
    const again = RateSeries.restore(saved);
    for (const range of ['1m', '1h', '1d'] as const)
      assert.deepEqual(again.read(range, START + 50_000), series.read(range, START + 50_000));
    for (const damage of [
      null,
      'x',
      { '1m': null },
      { '1m': { ...saved['1m'], newest: -1 } },
      { '1m': { ...saved['1m'], newest: 1.5 } },
      { '1m': { ...saved['1m'], down: 'AAAA' } },
      { '1m': { ...saved['1m'], down: Buffer.from(new Float32Array(60).fill(-1).buffer).toString('base64') } },
    ])
      assert.deepEqual(new Set(RateSeries.restore(damage).read('1m', START + 41_000).down), new Set([0]));
  });
});
