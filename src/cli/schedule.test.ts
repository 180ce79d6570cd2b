import assert from 'node:assert/strict';
import test from 'node:test';
import { parseConfig } from './config-file.ts';
import { parseLimitRule } from './schedule.ts';
import { resolveSettings } from './settings.ts';

test('a rule as people write it', () => {
  assert.deepEqual(parseLimitRule('Mon-Fri 08:00-18:00 down=1M up=200K'), {
    days: [1, 2, 3, 4, 5],
    from: 480,
    to: 1080,
    down: 1 << 20,
    up: 200 << 10,
    text: 'Mon-Fri 08:00-18:00 down=1M up=200K',
  });
  assert.deepEqual(parseLimitRule(' 22:30-6:00  up=0 '), {
    days: [0, 1, 2, 3, 4, 5, 6],
    from: 1350,
    to: 360,
    up: 0,
    text: '22:30-6:00  up=0',
  });
  assert.deepEqual(parseLimitRule('sat-mon,WED 0:00-24:00 DOWN=5k')?.days, [0, 1, 3, 6]);
});

test('what is no rule', () => {
  for (const text of [
    '',
    'Mon-Fri',
    '08:00-18:00',
    'Mon 08:00-08:00 down=1',
    'Mon 08:60-09:00 down=1',
    'Mon 24:00-09:00 down=1',
    'Mon 08:00-24:01 down=1',
    'Mon- 08:00-09:00 down=1',
    'Mon-Tue-Wed 08:00-09:00 down=1',
    'Mo 08:00-09:00 down=1',
    'Mon 08:00-09:00 down=fast',
    'Mon 08:00-09:00 down=1 down=2',
    'Mon 08:00-09:00 sideways=1',
    'Mon 8-9 down=1',
  ])
    assert.equal(parseLimitRule(text), undefined, text);
});

test('rules from flags, environment and file, and a wrong one named with its place', async () => {
  const read = (flags: object, env: Record<string, string>, file?: Awaited<ReturnType<typeof parseConfig>>) =>
    resolveSettings('get', ['schedule', 'noLimitLan'], flags, env, file);
  const variable = 'Mon,Tue 08:00-09:00 down=1; 10:00-11:00 up=2';
  assert.deepEqual(
    read({}, { SHOAL_SCHEDULE: variable, SHOAL_NO_LIMIT_LAN: '1' }).schedule?.map(({ days, up }) => [days.length, up]),
    [
      [2, undefined],
      [7, 2],
    ],
  );
  const file = await parseConfig('schedule = ["1:00-2:00 up=1"]\nno-limit-lan = true\n', '/c.toml', ['get']);
  assert.deepEqual([read({}, {}, file).schedule?.length, read({}, {}, file).noLimitLan], [1, true]);
  assert.throws(() => read({ schedule: ['1:00-2:00 up=1', 'Mon 8-9'] }, {}), {
    code: 'ERR_USAGE',
    message: /^--schedule: "Mon 8-9" is not a rule such as /,
  });
  const wrong = await parseConfig('\nschedule = "never"\n', '/c.toml', ['get']);
  assert.throws(() => read({}, {}, wrong), { code: 'ERR_CONFIG', message: /^\/c\.toml:2: schedule: "never" is not/ });
});
