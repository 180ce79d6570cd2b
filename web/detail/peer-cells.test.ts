import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FULL, levelOf } from '../../src/api/strip-cells.ts';
import { peerCells } from './peer-cells.ts';

it('a peer has all of a group only when it has all of it, and something when it has something', () => {
  const levels = [...peerCells([0, 1, 128, 254, 255])].map(levelOf);
  assert.deepEqual(levels, [0, 1, 32, FULL - 1, FULL]);
});
