// Lines of the log by the day on which they were written, as their reader's clock has it. Pure.

import type { ActivityLine } from '../../src/api/history-schemas.ts';

export interface Day {
  /** Midnight at its beginning, epoch milliseconds. */
  start: number;
  /** The newest first. */
  lines: readonly ActivityLine[];
}

/** The newest day first. `lines`: the oldest first. */
export function daysOf(lines: readonly ActivityLine[]): Day[] {
  const days: { start: number; lines: ActivityLine[] }[] = [];
  for (const line of lines.toReversed()) {
    const start = new Date(line.at).setHours(0, 0, 0, 0);
    const day = days.at(-1);
    if (day?.start === start) day.lines.push(line);
    else days.push({ start, lines: [line] });
  }
  return days;
}

/** `Today`, `Yesterday`, or the date. */
export function nameOfDay(start: number, now: number): string {
  const today = new Date(now).setHours(0, 0, 0, 0);
  if (start === today) return 'Today';
  // Noon of the day before, whatever summer time does to its length.
  if (start === new Date(today - 12 * 3_600_000).setHours(0, 0, 0, 0)) return 'Yesterday';
  return date.format(start);
}

const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });
