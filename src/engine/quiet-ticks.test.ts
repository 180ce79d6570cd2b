import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { QuietTicks } from './quiet-ticks.ts';

/** How many of the ticks, ten a second from `from` on, are taken. */
function countDue(ticks: QuietTicks, from: number, seconds: number, busy: boolean): number {
  let due = 0;
  for (let tick = 1; tick <= seconds * 10; tick++) if (ticks.due(from + tick * 100, busy)) due++;
  return due;
}

describe('quiet ticks', () => {
  it('looks at every tick while there is something to do, and for ten seconds after', () => {
    const ticks = new QuietTicks(0);
    assert.equal(countDue(ticks, 0, 30, true), 300);
    assert.equal(countDue(ticks, 30_000, 9, false), 90);
  });

  it('looks once in five seconds when nobody has come for ten', () => {
    const ticks = new QuietTicks(0);
    countDue(ticks, 0, 10, false);
    assert.equal(countDue(ticks, 10_000, 50, false), 10);
  });

  it('looks at once again when something stirs, and goes on for ten seconds', () => {
    const ticks = new QuietTicks(0);
    countDue(ticks, 0, 20, false);
    ticks.stir(20_050);
    assert.equal(countDue(ticks, 20_050, 9, false), 90);
  });

  it('is quick again as soon as a look finds something to do', () => {
    const ticks = new QuietTicks(0);
    countDue(ticks, 0, 20, false);
    assert.equal(countDue(ticks, 20_000, 10, true) >= 50, true);
  });
});
