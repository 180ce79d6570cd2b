import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FreeRoom } from './free-room.ts';

test('free room is waited for once, and told as it was while the disk does not answer', async () => {
  const answers: ((bytes: number) => void)[] = [];
  const room = new FreeRoom(() => new Promise((resolve) => answers.push(resolve)), 0);
  const first = room.bytes();
  answers[0]!(5000);
  assert.equal(await first, 5000);
  assert.equal(await room.bytes(), 5000, 'while it is asked again');
  assert.equal(await room.bytes(), 5000);
  assert.equal(answers.length, 2, 'one question at a time');
});

test('a disk that never answers holds up nobody, and one that cannot be asked has no room', async () => {
  assert.equal(await new FreeRoom(() => new Promise(() => {})).bytes(), 0);
  assert.equal(await new FreeRoom(() => Promise.reject(new Error('gone'))).bytes(), 0);
});
