import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildMatrix, drawMatrix } from './matrix.ts';

test('addresses become names, and rows and columns add up', () => {
  const names = new Map([
    ['127.0.0.1:1', 'seed'],
    ['127.0.0.1:2', 'anna'],
    ['127.0.0.1:3', 'ben'],
  ]);
  const matrix = buildMatrix(names, [
    {
      by: 'anna',
      from: [
        { address: '127.0.0.1:1', bytes: 300 },
        { address: '127.0.0.1:3', bytes: 100 },
      ],
    },
    {
      by: 'ben',
      from: [
        { address: '127.0.0.1:1', bytes: 200 },
        { address: '10.0.0.1:9', bytes: 7 },
      ],
    },
  ]);
  assert.deepEqual(drawMatrix(matrix, ['anna', 'ben']), [
    'FROM        TO anna  TO ben   SENT',
    'seed          300 B   200 B  500 B',
    'anna              –       –    0 B',
    'ben           100 B       –  100 B',
    '10.0.0.1:9        –     7 B    7 B',
    'received      400 B   207 B',
  ]);
});
