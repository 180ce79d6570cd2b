// The log of what happened: in order, numbered over restarts, whole after a kill, and of bounded size.

import assert from 'node:assert/strict';
import { appendFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { temporaryDirectory } from '../../test/harness/shoal.ts';
import { type Activity, ActivityLog } from './activity-log.ts';

const line = (text: string, infoHash: string | null = null): Activity => ({
  kind: 'warning',
  level: 'warning',
  infoHash,
  name: null,
  text,
});

it('goes on where it was, also after a line that was cut short', async () => {
  const path = join(await temporaryDirectory(), 'activity');
  let now = 5;
  const open = () => ActivityLog.open(path, () => now++, assert.fail);
  const first = await open();
  for (const text of ['one', 'two', 'three']) first.add(line(text, text === 'two' ? 'aa' : null));
  await first.close();
  await appendFile(path, '{"id":4,"at":1,"kin');
  const second = await open();
  second.add(line('four'));
  await second.close();
  const third = await open();
  assert.deepEqual(
    third.since(0, 10).map(({ id, at, text }) => [id, at, text]),
    [
      [1, 5, 'one'],
      [2, 6, 'two'],
      [3, 7, 'three'],
      [4, 8, 'four'],
    ],
  );
  assert.deepEqual(
    third.since(0, 10, 'aa').map(({ text }) => text),
    ['two'],
  );
  assert.deepEqual(
    third.since(1, 2).map(({ text }) => text),
    ['three', 'four'],
    'the newest',
  );
  assert.deepEqual(third.since(4, 10), []);
});

it('stays within its bounds in memory and on disk', async () => {
  const path = join(await temporaryDirectory(), 'activity');
  const log = await ActivityLog.open(path, () => 1, assert.fail);
  for (let round = 0; round < 4; round++) {
    for (let count = 0; count < 2500; count++) log.add(line('x'.repeat(2000)));
    await log.close();
  }
  assert.equal(log.lastId, 10_000);
  assert.ok(log.since(0, 100_000).length <= 6000);
  assert.equal(log.since(0, 1)[0]?.text.length, 1000);
  log.add(line('after'));
  await log.close();
  assert.ok((await stat(path)).size < 1000, 'a new file was begun');
  const again = await ActivityLog.open(path, () => 1, assert.fail);
  assert.equal(again.lastId, 10_001);
});

it('says what it cannot read, and goes on without it', async () => {
  const path = join(await temporaryDirectory(), 'activity');
  await writeFile(
    path,
    'null\n[]\n{"id":"x"}\n{"id":7,"at":1,"kind":"added","level":"info","infoHash":null,"name":null}\n',
  );
  const log = await ActivityLog.open(path, () => 1, assert.fail);
  assert.equal(log.lastId, 0);
  const told: string[] = [];
  await ActivityLog.open(
    join(path, 'below'),
    () => 1,
    (message) => told.push(message),
  );
  assert.equal(told.length, 2);
});
