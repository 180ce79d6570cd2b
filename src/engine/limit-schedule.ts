// Limits by time of day. Rules are held against the clock on the wall whenever that is asked, so that summer time and a
// changed clock are simply seen; how much may pass is measured with another clock, which neither of them moves.

import type { RateLimits } from './rate-limits.ts';
import type { LimitRule, Limits, SessionLimits, SessionOptions } from './types.ts';

/** Milliseconds between looks at the clock on the wall. */
const LOOK_EVERY = 1000;

const DAY = 24 * 60;

/** The first rule that holds at this time, in the time zone of the process. */
export function activeRule(rules: readonly LimitRule[], time: Date): LimitRule | undefined {
  const day = time.getDay();
  const minute = time.getHours() * 60 + time.getMinutes();
  return rules.find((rule) => holds(rule, day, minute));
}

/** A rule over midnight belongs to the day on which it begins. */
function holds({ days, from, to }: LimitRule, day: number, minute: number): boolean {
  if (from < to) return days.includes(day) && minute >= from && minute < to;
  return (days.includes(day) && minute >= from) || (days.includes((day + 6) % 7) && minute < to % DAY);
}

export class LimitSchedule {
  readonly #limits: RateLimits;
  #rules: readonly LimitRule[];
  readonly #onRule: SessionOptions['onRule'];
  /** What holds while no rule does. */
  readonly #usual: Required<Limits>;
  #active: LimitRule | undefined;
  #next = 0;

  constructor(limits: RateLimits, { schedule = [], onRule, down = 0, up = 0 }: SessionOptions) {
    this.#limits = limits;
    this.#rules = schedule;
    this.#onRule = onRule;
    this.#usual = { down, up };
  }

  /** Changes what holds outside the rules, and what the rule of the moment does not name. */
  set({ down = this.#usual.down, up = this.#usual.up, limitLan }: SessionLimits): void {
    const limits = limitsUnder(this.#active, { down, up });
    // Refuses what is no limit, before anything is remembered.
    this.#limits.set(limitLan === undefined ? limits : { ...limits, limitLan });
    this.#usual.down = down;
    this.#usual.up = up;
  }

  /** Other rules from now on. */
  setRules(rules: readonly LimitRule[], time: Date): void {
    this.#rules = rules;
    this.#hold(activeRule(rules, time));
  }

  /** Call often; `time` is asked for about once a second. */
  tick(now: number, time: () => Date): void {
    if (this.#rules.length === 0 || now < this.#next) return;
    this.#next = now + LOOK_EVERY;
    this.#hold(activeRule(this.#rules, time()));
  }

  #hold(rule: LimitRule | undefined): void {
    if (rule === this.#active) return;
    this.#active = rule;
    const limits = limitsUnder(rule, this.#usual);
    this.#limits.set(limits);
    this.#onRule?.(rule, limits);
  }
}

/** The limits under a rule: what it does not name stays as it is without it. */
function limitsUnder(rule: LimitRule | undefined, usual: Required<Limits>): { down: number; up: number } {
  return { down: rule?.down ?? usual.down, up: rule?.up ?? usual.up };
}
