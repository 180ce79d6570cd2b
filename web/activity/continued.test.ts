import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ActivityLine } from '../../src/api/history-schemas.ts';
import { continued } from './continued.ts';

const line = (id: number, infoHash: string): ActivityLine => ({
  id,
  at: id,
  kind: 'added',
  level: 'info',
  infoHash,
  name: null,
  text: '',
});
const ids = (lines: readonly ActivityLine[]): number[] => lines.map(({ id }) => id);

it('a log goes on with what is newer, each line once, and with those of its transfer alone', () => {
  const known = [line(3, 'a'), line(4, 'b')];
  const news = [line(4, 'b'), line(5, 'a'), line(6, 'b')];
  assert.deepEqual(ids(continued(known, news)), [3, 4, 5, 6]);
  assert.deepEqual(ids(continued([line(3, 'a')], news, 'a')), [3, 5]);
  assert.deepEqual(ids(continued([], news)), [4, 5, 6]);
  assert.deepEqual(ids(continued(known, [])), [3, 4]);
});
