// Numbers with units: written so that reading gives the same again, and what is no number refused.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GOALS, QUEUE, read, SPEED, write } from './quantities.ts';

const [down] = SPEED;
const [activeDownloads] = QUEUE;
const [ratio, seedTime] = GOALS;

describe('quantities', () => {
  it('are written in the largest unit that says them shortly', () => {
    assert.deepEqual(write(down!, 1.5 * 1024 ** 2), { text: '1.5', unit: 1 });
    assert.deepEqual(write(down!, 1100 * 1024), { text: '1100', unit: 0 });
    assert.deepEqual(write(down!, 500), { text: '0.488', unit: 0 });
    assert.deepEqual(write(seedTime!, 5400), { text: '1.5', unit: 2 });
    assert.deepEqual(write(seedTime!, 86_400), { text: '1', unit: 3 });
    assert.deepEqual(write(seedTime!, 3601), { text: '3601', unit: 0 });
  });

  it('are empty where nothing is set, and say so to the daemon', () => {
    for (const quantity of [...SPEED, ...QUEUE, ...GOALS]) {
      const written = write(quantity, quantity.none.value);
      assert.equal(written.text, '');
      assert.equal(read(quantity, written), quantity.none.value);
    }
  });

  it('are read back as they were', () => {
    for (const value of [1024, 3 * 1024 ** 2, 2.25 * 1024 ** 3]) assert.equal(read(down!, write(down!, value)), value);
    for (const value of [1, 59, 60, 3600, 5400, 86_400]) assert.equal(read(seedTime!, write(seedTime!, value)), value);
    for (const value of [0, 0.5, 2.25]) assert.equal(read(ratio!, write(ratio!, value)), value);
  });

  it('are refused when they are none', () => {
    for (const text of ['many', '-1', '1e3', '1.2.3', '0x10', ' . '])
      assert.equal(read(down!, { text, unit: 0 }), undefined, text);
    assert.equal(read(ratio!, { text: '2,5', unit: 0 }), 2.5);
    assert.equal(read(activeDownloads!, { text: ' 3 ', unit: 0 }), 3);
  });
});
