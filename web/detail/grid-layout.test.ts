import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { layOut } from './grid-layout.ts';

test('all pieces have a place, within the width, as large as fits', () => {
  assert.deepEqual(layOut(10, 1200, 200), { columns: 50, rows: 1, pitch: 24 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200_000 }),
      fc.integer({ min: 50, max: 2000 }),
      fc.integer({ min: 50, max: 800 }),
      (count, width, height) => {
        const { columns, rows, pitch } = layOut(count, width, height);
        assert.ok(columns * rows >= count);
        assert.ok((rows - 1) * columns < count);
        assert.ok(columns * pitch <= width);
        assert.ok(rows * pitch <= height || pitch === 3, 'only with the smallest cells it is higher than the box');
      },
    ),
  );
});
