import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailureLimit } from './failure-limit.ts';

const LIMITS = { perAddress: 3, lockout: 60_000, total: 6, window: 10_000 };

function limited() {
  const time = { now: 0 };
  const limit = new FailureLimit(LIMITS, () => time.now);
  return { time, failed: (address: string) => limit.failed(address) };
}

test('an address that goes on guessing is locked out, and let in again later', () => {
  const { time, failed } = limited();
  for (let round = 0; round < 3; round++) assert.equal(failed('192.0.2.1'), 0);
  assert.equal(failed('192.0.2.1'), 60);
  time.now = 20_000;
  assert.equal(failed('192.0.2.1'), 40, 'guessing on does not make it longer');
  assert.equal(failed('192.0.2.2'), 0, 'others are not meant');
  time.now = 60_000;
  assert.equal(failed('192.0.2.1'), 0);
});

test('an IPv6 host is its /64, and an IPv4 address is the same however it is written', () => {
  const { failed } = limited();
  for (const address of ['2001:db8::1', '2001:db8::ffff:2', '2001:db8:0:0:1::']) assert.equal(failed(address), 0);
  assert.ok(failed('2001:db8::3') > 0);
  assert.equal(failed('2001:db8:0:1::3'), 0);
});

test('all together guess only so often, from whatever addresses', () => {
  const { time, failed } = limited();
  for (let round = 0; round < 6; round++) {
    assert.equal(failed(`192.0.2.${round}`), 0);
    time.now += 1000;
  }
  assert.equal(failed('198.51.100.1'), 4, 'until the first of them is old');
  time.now = 10_000;
  assert.equal(failed('198.51.100.1'), 0);
});
