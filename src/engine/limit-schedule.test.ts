import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { activeRule, LimitSchedule } from './limit-schedule.ts';
import { RateLimits } from './rate-limits.ts';
import type { LimitRule } from './types.ts';

const WEEKDAYS = [1, 2, 3, 4, 5];
const day: LimitRule = { days: WEEKDAYS, from: 8 * 60, to: 18 * 60, down: 1000, up: 200, text: 'day' };
const night: LimitRule = { days: [5], from: 22 * 60, to: 6 * 60, down: 7, text: 'night' };

/** 2026-11-20 is a Friday. */
const at = (date: number, hour: number, minute = 0): Date => new Date(2026, 10, date, hour, minute);

test('a rule holds on its days, from its first minute and not in its last', () => {
  const held = (time: Date) => activeRule([day, night], time)?.text;
  assert.equal(held(at(20, 7, 59)), undefined);
  assert.equal(held(at(20, 8, 0)), 'day');
  assert.equal(held(at(20, 17, 59)), 'day');
  assert.equal(held(at(20, 18, 0)), undefined);
  assert.equal(held(at(21, 12)), undefined, 'Saturday');
  assert.equal(held(at(20, 22)), 'night');
  assert.equal(held(at(21, 5, 59)), 'night', 'Saturday morning belongs to the night of Friday');
  assert.equal(held(at(21, 6)), undefined);
  assert.equal(held(at(20, 3)), undefined, 'Friday morning to that of Thursday');
  assert.equal(activeRule([{ ...day, days: [6], from: 0, to: 1440 }], at(21, 23, 59))?.text, 'day');
  assert.equal(activeRule([{ ...night, days: [6], from: 600, to: 1440 }], at(22, 0))?.text, undefined);
});

test('rules come and go with the clock on the wall, and leave alone what they do not name', () => {
  const limits = new RateLimits({ down: 5000, up: 600 }, () => 0);
  const told: (string | undefined)[] = [];
  const schedule = new LimitSchedule(limits, {
    down: 5000,
    up: 600,
    schedule: [day, night],
    onRule: (rule, { down, up }) => told.push(`${rule?.text} ${down} ${up}`),
  });
  let now = 0;
  const look = (time: Date): number[] => {
    now += 1000;
    schedule.tick(now, () => time);
    return [limits.down, limits.up];
  };
  assert.deepEqual(look(at(20, 7)), [5000, 600]);
  assert.deepEqual(look(at(20, 9)), [1000, 200]);
  assert.deepEqual(look(at(20, 23)), [7, 600]);
  schedule.set({ up: 900 });
  assert.deepEqual([limits.down, limits.up], [7, 900]);
  schedule.set({ down: 0 });
  assert.deepEqual([limits.down, limits.up], [7, 900], 'the rule still holds');
  assert.deepEqual(look(at(21, 9)), [0, 900]);
  assert.throws(() => schedule.set({ down: -1 }), { code: 'ERR_USAGE' });
  assert.deepEqual(look(at(20, 9)), [1000, 200]);
  assert.deepEqual(told, ['day 1000 200', 'night 7 600', 'undefined 0 900', 'day 1000 200']);
});

test('where the clock is put forward an hour does not come, and where it is put back it comes twice', () => {
  const hours = (month: number, date: number) => {
    const program = `
      import { activeRule } from './src/engine/limit-schedule.ts';
      const rule = { days: [0], from: 120, to: 180, down: 1 };
      let held = 0;
      const start = new Date(2026, ${month}, ${date}, 0).getTime();
      for (let minute = 0; minute < 360; minute++)
        if (activeRule([rule], new Date(start + minute * 60000)) !== undefined) held++;
      console.log(held / 60);`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: new URL('../..', import.meta.url),
      env: { ...process.env, TZ: 'Europe/Berlin' },
      encoding: 'utf8',
    });
    return Number(stdout);
  };
  assert.equal(hours(2, 29), 0);
  assert.equal(hours(9, 25), 2);
  assert.equal(hours(5, 7), 1);
});
