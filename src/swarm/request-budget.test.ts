import assert from 'node:assert/strict';
import test from 'node:test';
import { BLOCK_LENGTH } from '../base/geometry.ts';
import { RequestBudget } from './request-budget.ts';

interface Outcome {
  /** Bytes per second and requests outstanding, on average over the last minute. */
  rate: number;
  asked: number;
}

/**
 * Data that flows like water: each peer that is asked for something gives up to so many bytes per second, together no more
 * than the link. What is asked and what comes by the tenth of a second.
 */
class River {
  readonly budget = new RequestBudget(0);
  readonly #owed: Float64Array;
  readonly #asked: Int32Array;
  #tick = 0;

  constructor(peers: number) {
    this.#owed = new Float64Array(peers);
    this.#asked = new Int32Array(peers);
  }

  flow(each: number, link: number, seconds: number): Outcome {
    const end = this.#tick + seconds * 10;
    let came = 0;
    let sum = 0;
    for (; this.#tick < end; this.#tick++) {
      const got = this.#step(each, link);
      if (this.#tick < end - 600) continue;
      came += got;
      sum += this.budget.count;
    }
    return { rate: came / 60, asked: sum / 600 };
  }

  #step(each: number, link: number): number {
    const { budget } = this;
    const owed = this.#owed;
    const asked = this.#asked;
    const now = this.#tick * 100;
    if (this.#tick % 10 === 0) {
      budget.askable = owed.length;
      budget.retune(now);
    }
    let active = 0;
    for (let i = 0; i < owed.length; i++) {
      const more = Math.max(0, budget.depth(asked[i]!, 4, true) - asked[i]!);
      asked[i]! += more;
      budget.count += more;
      owed[i]! += more * BLOCK_LENGTH;
      if (owed[i]! > 0) active++;
    }
    const share = active === 0 ? 0 : Math.min(each, link / active) / 10;
    let came = 0;
    for (let i = 0; i < owed.length; i++) {
      const part = Math.min(owed[i]!, share);
      owed[i]! -= part;
      came += part;
      while (asked[i]! > 0 && owed[i]! <= (asked[i]! - 1) * BLOCK_LENGTH) {
        asked[i]!--;
        budget.count--;
        budget.blockCame();
      }
    }
    budget.arriving.add(came, now);
    return came;
  }
}

test('on a slow downlink no more is asked for than comes in some seconds, however many would send', () => {
  const { rate, asked } = new River(96).flow(50_000, 20_000, 240);
  assert.ok(rate > 0.95 * 20_000, `rate ${rate}`);
  assert.ok(asked <= 24, `${asked} asked`);
});

test('of many slow peers nearly all are asked, because each adds to the rate', () => {
  const { rate } = new River(60).flow(1_000, 10_000_000, 400);
  assert.ok(rate > 0.75 * 60_000, `rate ${rate}`);
});

test('a fast link is filled within seconds', () => {
  const { rate } = new River(60).flow(400_000, 12_000_000, 64);
  assert.ok(rate > 0.9 * 12_000_000, `rate ${rate}`);
});

test('the number follows when the link gets slow, and when it gets fast again', () => {
  const river = new River(60);
  river.flow(400_000, 2_000_000, 60);
  assert.ok(river.budget.limit > 400, `${river.budget.limit}`);
  const slow = river.flow(400_000, 20_000, 300);
  assert.ok(slow.asked <= 24, `${slow.asked} asked`);
  const fast = river.flow(400_000, 2_000_000, 70);
  assert.ok(fast.rate > 0.9 * 2_000_000, `rate ${fast.rate}`);
});

test('a quarter is kept for equal shares, and a peer without a part in it gets none of that', () => {
  const budget = new RequestBudget(0);
  budget.askable = 8;
  assert.equal(budget.depth(0, 100, true), 24);
  budget.count = 24;
  assert.equal(budget.depth(24, 100, true), 24, 'it has more than its share');
  assert.equal(budget.depth(0, 100, true), 4);
  assert.equal(budget.depth(0, 100, false), 0);
  budget.count = 30;
  assert.equal(budget.depth(0, 100, true), 2);
  budget.count = 32;
  assert.equal(budget.depth(0, 100, true), 0);
  assert.equal(budget.depth(3, 2, true), 2, 'never more than its own window');
});
