import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ShoalError } from '../base/errors.ts';
import { listenForSignals } from './interrupt.ts';

it('leaves politely at the first signal, also when it comes twice, and at once when somebody asks again', (t) => {
  let now = 5000;
  t.mock.method(performance, 'now', () => now);
  const exit = t.mock.method(process, 'exit', () => {});
  t.after(() => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name);
  });
  let told = 0;
  const signal = listenForSignals(
    () => told++,
    () => undefined,
  );
  process.emit('SIGINT');
  now += 100;
  process.emit('SIGINT'); // npx passes it on
  assert.equal(told, 1);
  assert.equal((signal.reason as ShoalError).code, 'ERR_INTERRUPTED');
  assert.equal(exit.mock.callCount(), 0);
  now += 1000;
  process.emit('SIGINT');
  assert.deepEqual(exit.mock.calls[0]?.arguments, [130]);
});
