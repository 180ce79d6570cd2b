import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { RequestQueue } from './request-queue.ts';

test('the queue agrees with an array', () => {
  const step = fc.record({
    kind: fc.constantFrom('push', 'push', 'push', 'push', 'removeAt', 'dropOldest', 'find', 'clear'),
    a: fc.nat(9),
    b: fc.nat(5),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 120, size: 'max' }), (capacity, steps) => {
      const queue = new RequestQueue(capacity);
      const model: [piece: number, begin: number, length: number][] = [];
      for (const { kind, a, b } of steps) {
        if (kind === 'push') {
          queue.push(a, b, a + b);
          model.push([a, b, a + b]);
        } else if (kind === 'removeAt') {
          if (model.length === 0) continue;
          queue.removeAt(a % model.length);
          model.splice(a % model.length, 1);
        } else if (kind === 'dropOldest') {
          const count = Math.min(b, model.length);
          queue.dropOldest(count);
          model.splice(0, count);
        } else if (kind === 'find') {
          const at = model.findIndex(([piece, begin]) => piece === a && begin === b);
          assert.equal(queue.find(a, b), at);
        } else if (b === 0) {
          queue.clear();
          model.length = 0;
        }
        assert.deepEqual(
          Array.from({ length: queue.count }, (_, i) => [queue.pieceAt(i), queue.beginAt(i), queue.lengthAt(i)]),
          model,
        );
      }
    }),
  );
});

test('numbers that no request can have are found nowhere', () => {
  const queue = new RequestQueue();
  queue.push(2 ** 31 - 1, 0, 1);
  assert.equal(queue.find(2 ** 32 - 1, 0), -1);
  assert.equal(queue.find(2 ** 31 - 1, 0), 0);
});
