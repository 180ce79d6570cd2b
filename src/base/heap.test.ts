import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Heap } from './heap.ts';

test('whatever goes in and out, the least of what is inside comes out first', () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant('add' as const), value: fc.nat(500) }),
    fc.record({ type: fc.constant('pop' as const) }),
    fc.record({ type: fc.constant('delete' as const), value: fc.nat(50) }),
  );
  fc.assert(
    fc.property(fc.array(fc.nat(500), { maxLength: 100 }), fc.array(step, { maxLength: 80 }), (first, steps) => {
      const heap = new Heap<number>((a, b) => a < b);
      const inside = new Set(first);
      for (const value of first) heap.add(value);
      const least = () => (inside.size === 0 ? undefined : Math.min(...inside));
      for (const taken of steps) {
        if (taken.type === 'add') {
          heap.add(taken.value);
          inside.add(taken.value);
        } else if (taken.type === 'delete') {
          const value = [...inside][taken.value] ?? taken.value;
          assert.equal(heap.delete(value), inside.delete(value));
        } else {
          const expected = least();
          assert.equal(heap.pop(), expected);
          if (expected !== undefined) inside.delete(expected);
        }
        assert.equal(heap.size, inside.size);
        assert.equal(heap.first, least());
      }
    }),
    { numRuns: 300 },
  );
});
