// Moments as people say them. Sizes, rates and durations are said as the command line says them, by src/base/quantity.ts.

import { formatDuration } from '../../src/base/quantity.ts';

const exactly = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

/** `3h 10m ago`; `now` for the last few seconds. Both are epoch milliseconds. */
export function formatAgo(at: number, now: number): string {
  const seconds = Math.max(0, (now - at) / 1000);
  if (seconds < 5) return 'now';
  return `${formatDuration(seconds).split(' ')[0]} ago`;
}

export function formatMoment(at: number): string {
  return exactly.format(at);
}

/** Only the time of the day. */
export function formatClock(at: number): string {
  return clock.format(at);
}
