// Rules of the schedule as fields show them: times of the clock, days in the order of the week, rates as one writes them. Pure.

import type { Settings } from '../../src/api/settings-schemas.ts';
import { parseRate } from '../../src/base/quantity.ts';
import { rateText } from '../transfers/limit-text.ts';

export type Rule = Settings['schedule'][number];

const DAY = 24 * 60;

/** Number in the API and name, Monday first. */
export const DAYS = [
  [1, 'Mon'],
  [2, 'Tue'],
  [3, 'Wed'],
  [4, 'Thu'],
  [5, 'Fri'],
  [6, 'Sat'],
  [0, 'Sun'],
] as const;

/** What a new rule is before it is changed: working hours at a tenth of what many lines carry. */
export const NEW_RULE: Rule = { days: [1, 2, 3, 4, 5], from: 8 * 60, to: 18 * 60, down: 1024 ** 2 };

/** `08:30`, as a field for times wants it; the end of the day is its next midnight. */
export function clockOf(minutes: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor((minutes % DAY) / 60))}:${two(minutes % 60)}`;
}

/** Undefined: no time. */
export function minutesOf(clock: string, isEnd: boolean): number | undefined {
  const [, hours, minutes] = /^(\d\d):(\d\d)/.exec(clock) ?? [];
  if (hours === undefined) return undefined;
  const at = Number(hours) * 60 + Number(minutes);
  return isEnd && at === 0 ? DAY : at;
}

export function withDay({ days, ...rule }: Rule, day: number, on: boolean): Rule {
  return { ...rule, days: on ? [...days, day].sort() : days.filter((each) => each !== day) };
}

export function rateOf(rule: Rule, name: 'down' | 'up'): string {
  return rateText(rule[name]);
}

/** Empty: the rule leaves it as it is. Undefined: not understood. */
export function withRate(rule: Rule, name: 'down' | 'up', text: string): Rule | undefined {
  const { [name]: _before, ...rest } = rule;
  if (text.trim() === '') return rest;
  const rate = parseRate(text);
  return rate === undefined ? undefined : { ...rest, [name]: rate };
}
