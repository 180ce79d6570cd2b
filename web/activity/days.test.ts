// Lines of the log by day: newest first, cut at midnight.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ActivityLine } from '../../src/api/history-schemas.ts';
import { daysOf, nameOfDay } from './days.ts';

const line = (id: number, at: Date): ActivityLine => ({
  id,
  at: at.getTime(),
  kind: 'added',
  level: 'info',
  infoHash: null,
  name: null,
  text: '',
});

describe('days of the log', () => {
  it('are cut at midnight, the newest first', () => {
    const lines = [
      line(1, new Date(2026, 2, 27, 9)),
      line(2, new Date(2026, 2, 28, 23, 59, 59)),
      line(3, new Date(2026, 2, 29, 0, 0, 0)),
      line(4, new Date(2026, 2, 29, 12)),
    ];
    const days = daysOf(lines);
    assert.deepEqual(
      days.map((day) => day.lines.map(({ id }) => id)),
      [[4, 3], [2], [1]],
    );
    assert.equal(days[0]!.start, new Date(2026, 2, 29).getTime());
    const now = new Date(2026, 2, 29, 23).getTime();
    const names = days.map(({ start }) => nameOfDay(start, now));
    assert.deepEqual(names.slice(0, 2), ['Today', 'Yesterday']);
    assert.match(names[2]!, /27/);
  });

  it('are none of no lines', () => assert.deepEqual(daysOf([]), []));
});
