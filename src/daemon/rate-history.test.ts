// The daemon's memory of rates: bounded, and there again after a restart.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { temporaryDirectory } from '../../test/harness/shoal.ts';
import { RateHistory } from './rate-history.ts';

const START = 1_700_000_000_000;

it('is there again after a restart, but for what is too old', async () => {
  const path = join(await temporaryDirectory(), 'history');
  let now = START;
  const open = () => RateHistory.open(path, () => now, assert.fail);
  const first = await open();
  first.add('aa', 60_000, 0, now, now + 60_000);
  first.add('bb', 0, 60_000, now, now + 60_000);
  now += 90_000;
  const before = [undefined, 'aa', 'bb'].map((each) => first.read(each, '1h'));
  assert.ok(before.every(({ down, up }) => [...down, ...up].some((rate) => rate === 1000)));
  await first.close();
  const second = await open();
  assert.deepEqual(
    [undefined, 'aa', 'bb'].map((each) => second.read(each, '1h')),
    before,
  );
  second.forget('aa');
  assert.ok(second.read('aa', '1d').down.every((rate) => rate === 0));
  second.add('cc', 1, 1, now, now + 1000);
  await second.close();
  now += 26 * 3600 * 1000;
  const third = await open();
  assert.ok(third.read('bb', '1d').up.every((rate) => rate === 0));
  await third.close();
});

it('has a series for the torrents that moved last, and for no more', async () => {
  const history = await RateHistory.open(join(await temporaryDirectory(), 'history'), () => START + 2000, assert.fail);
  history.add('first', 1000, 0, START, START + 1000);
  history.add('second', 1000, 0, START, START + 1000);
  history.add('still', 0, 0, START, START + 1000);
  for (let count = 0; count < 998; count++) history.add(`t${count}`, 1000, 0, START, START + 1000);
  history.add('first', 1000, 0, START, START + 1000);
  history.add('last', 1000, 0, START, START + 1000);
  const moved = (infoHash: string) => history.read(infoHash, '1m').down.some((rate) => rate > 0);
  assert.deepEqual(['first', 'second', 't0', 'last', 'still'].map(moved), [true, false, true, true, false]);
  assert.equal(
    history.read(undefined, '1m').down.reduce((all, rate) => all + rate),
    1_002_000,
  );
  await history.close();
});
