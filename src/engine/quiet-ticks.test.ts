// Torrents with nothing to do are looked at rarely, and those with something always.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { QuietTicks } from './quiet-ticks.ts';

class Counted {
  busy = false;
  ticks = 0;

  tick(): boolean {
    this.ticks++;
    return this.busy;
  }
}

/** Ten ticks a second, from `from` up to `to`, in milliseconds. */
function run(ticks: QuietTicks<Counted>, from: number, to: number): void {
  for (let now = from; now < to; now += 100) ticks.tick(now);
}

it('looks at who is busy ten times a second, and at who is quiet about every ten seconds', () => {
  const ticks = new QuietTicks<Counted>();
  const quiet = Array.from({ length: 250 }, () => new Counted());
  const busy = new Counted();
  busy.busy = true;
  for (const each of [...quiet, busy]) ticks.stir(each, 0);
  run(ticks, 0, 10_000);
  assert.ok(quiet.every((each) => each.ticks === 100));
  for (const each of [...quiet, busy]) each.ticks = 0;
  run(ticks, 11_000, 71_000);
  assert.equal(busy.ticks, 600);
  for (const each of quiet) assert.ok(each.ticks >= 4 && each.ticks <= 10, `${each.ticks} looks in a minute`);
  const [first, second, third] = quiet as [Counted, Counted, Counted];
  for (const each of quiet) each.ticks = 0;
  ticks.stir(first, 71_000);
  second.busy = true;
  ticks.delete(third);
  run(ticks, 71_000, 91_000);
  assert.ok(first.ticks >= 100 && first.ticks <= 104, `${first.ticks} looks after it was stirred`);
  assert.ok(second.ticks >= 50, 'who became busy is found');
  assert.equal(third.ticks, 0);
});
