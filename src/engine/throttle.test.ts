import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { Throttle } from './throttle.ts';

function start(t: TestContext, rate: number): Throttle {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
  const throttle = new Throttle(rate, Date.now);
  t.after(() => throttle.close());
  return throttle;
}

function pass(t: TestContext, milliseconds: number): void {
  for (let i = 0; i < milliseconds; i++) t.mock.timers.tick(1);
}

test('uploaders that always have something share the rate evenly, whatever their frames', (t) => {
  const throttle = start(t, 1_000_000);
  const sent = [0, 0, 0, 0];
  const serve = (who: number): void => {
    const allowed = throttle.frameBytes();
    if (allowed === 0) {
      throttle.wait(() => serve(who));
      return;
    }
    const bytes = Math.min(allowed, 65_536);
    throttle.take(bytes);
    sent[who]! += bytes;
    // The frame is gone in no time: the next one is asked for at once.
    setTimeout(() => serve(who), 0);
  };
  for (const who of sent.keys()) serve(who);
  pass(t, 10_000);
  const total = sent.reduce((sum, bytes) => sum + bytes, 0);
  assert.ok(Math.abs(total - 10_250_000) < 150_000, `${total} bytes in ten seconds`);
  for (const bytes of sent) assert.ok(Math.abs(bytes - total / 4) <= 2 * 65_536, `${sent}`);
});

test('a newcomer waits behind those who were there', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 0;
  const throttle = new Throttle(100_000, () => now);
  t.after(() => throttle.close());
  throttle.take(200_000);
  let turns = 0;
  throttle.wait(() => turns++);
  now = 10_000;
  assert.equal(throttle.exhausted, false);
  assert.equal(throttle.frameBytes(), 0, 'bytes may pass, but it is not its turn');
  t.mock.timers.tick(5_000);
  assert.equal(turns, 1);
  assert.ok(throttle.frameBytes() > 0);
});

test('readers are let go one by one: what each may read is taken before it is known', (t) => {
  const throttle = start(t, 100_000);
  throttle.take(25_000);
  let resumed = 0;
  for (let i = 0; i < 10; i++) throttle.wait(() => resumed++, 50_000);
  pass(t, 100);
  assert.equal(resumed, 1);
  pass(t, 1_000);
  assert.ok(resumed >= 2 && resumed <= 4, `${resumed}`);
});

test('frames are a quarter of a second long, but at least a block', (t) => {
  const throttle = start(t, 1_000_000);
  assert.equal(throttle.frameBytes(), 250_000);
  throttle.setRate(1_000);
  pass(t, 20_000);
  assert.equal(throttle.frameBytes(), 16_384);
  throttle.setRate(0);
  assert.equal(throttle.frameBytes(), Number.POSITIVE_INFINITY);
  assert.equal(throttle.exhausted, false);
});

test('lifting or raising the limit lets everybody go on', (t) => {
  const throttle = start(t, 1_000);
  throttle.take(100_000);
  let resumed = 0;
  for (let i = 0; i < 5; i++) throttle.wait(() => resumed++);
  throttle.setRate(0);
  assert.equal(resumed, 5);
});

test('who waits again in its turn waits for the next round', (t) => {
  const throttle = start(t, 1_000_000);
  throttle.take(300_000);
  let turns = 0;
  const again = (): void => {
    turns++;
    if (turns < 1_000) throttle.wait(again);
  };
  throttle.wait(again);
  pass(t, 100);
  assert.ok(turns >= 1 && turns < 100, `${turns} turns`);
});

test('a closed throttle calls nobody and keeps no timer', (t) => {
  const throttle = start(t, 1_000);
  throttle.take(100_000);
  let resumed = 0;
  throttle.wait(() => resumed++);
  throttle.close();
  throttle.wait(() => resumed++);
  pass(t, 200_000);
  assert.equal(resumed, 0);
});
