// Rules of the schedule between fields and the daemon.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clockOf, minutesOf, NEW_RULE, rateOf, withDay, withRate } from './schedule-rules.ts';

describe('rules of the schedule', () => {
  it('say times as the clock does, and the end of a day as midnight', () => {
    assert.deepEqual([0, 510, 1439, 1440].map(clockOf), ['00:00', '08:30', '23:59', '00:00']);
    for (const minutes of [0, 510, 1439]) assert.equal(minutesOf(clockOf(minutes), false), minutes);
    assert.equal(minutesOf('00:00', true), 1440);
    assert.equal(minutesOf('', false), undefined);
  });

  it('take days in and out, in order', () => {
    assert.deepEqual(withDay(NEW_RULE, 0, true).days, [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(withDay(NEW_RULE, 3, false).days, [1, 2, 4, 5]);
  });

  it('read rates as one writes them, and leave what is empty as it is', () => {
    assert.equal(rateOf(NEW_RULE, 'down'), '1M');
    assert.equal(rateOf(NEW_RULE, 'up'), '');
    assert.equal(withRate(NEW_RULE, 'up', '500K')?.up, 512_000);
    assert.equal(withRate(NEW_RULE, 'up', '0')?.up, 0);
    assert.equal('down' in withRate(NEW_RULE, 'down', ' ')!, false);
    assert.equal(withRate(NEW_RULE, 'down', 'fast'), undefined);
  });
});
