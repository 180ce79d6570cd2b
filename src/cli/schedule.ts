// Reads a rule of the time-of-day schedule as people write it: `Mon-Fri 08:00-18:00 down=1M up=200K`.

import { parseRate } from '../base/quantity.ts';
import type { LimitRule } from '../engine/types.ts';

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const EVERY_DAY: readonly number[] = [0, 1, 2, 3, 4, 5, 6];

/** Undefined when it means nothing. Days may be left out, for every day, and be joined as in `Mon,Wed-Fri`. */
export function parseLimitRule(text: string): LimitRule | undefined {
  const words = text.trim().split(/\s+/);
  const days = /^[a-z]/i.test(words[0]!) && !words[0]!.includes('=') ? parseDays(words.shift()!) : EVERY_DAY;
  const times = /^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/.exec(words.shift() ?? '');
  if (days === undefined || times === null || words.length === 0) return undefined;
  const from = minuteOf(times[1]!, times[2]!);
  const to = minuteOf(times[3]!, times[4]!);
  if (from === undefined || to === undefined || from === 24 * 60 || from === to) return undefined;
  const rates: { down?: number; up?: number } = {};
  for (const word of words) {
    const [, name, value] = /^(down|up)=(.+)$/i.exec(word) ?? [];
    const rate = value === undefined ? undefined : parseRate(value);
    const direction = name?.toLowerCase() as 'down' | 'up' | undefined;
    if (rate === undefined || direction === undefined || rates[direction] !== undefined) return undefined;
    rates[direction] = rate;
  }
  return { days, from, to, ...rates, text: text.trim() };
}

/** `Mon`, `Mon-Fri`, `Sat-Mon`, `Mon,Wed`. */
function parseDays(text: string): number[] | undefined {
  const days = new Set<number>();
  for (const part of text.toLowerCase().split(',')) {
    const [first, last = first, ...more] = part.split('-').map((name) => DAYS.indexOf(name));
    if (first === undefined || last === undefined || first < 0 || last < 0 || more.length > 0) return undefined;
    for (let day = first; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === last) break;
    }
  }
  return [...days].sort();
}

/** Minutes since midnight; 24:00 is the end of the day. */
function minuteOf(hours: string, minutes: string): number | undefined {
  const minute = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && minute <= 24 * 60 ? minute : undefined;
}
