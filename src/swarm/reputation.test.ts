import assert from 'node:assert/strict';
import test from 'node:test';
import { MAX_ABSENT, Reputations } from './reputation.ts';

test('who comes back under suspicion finds its record; who has none starts anew', () => {
  const book = new Reputations();
  const suspect = book.find('127.0.0.1', 0, 'aa', 'unknown');
  suspect.unsettled = 1;
  book.keep(suspect);
  assert.notEqual(book.find('127.0.0.1', 0, 'bb', 'unknown'), suspect, 'another peer on the same host');
  const again = book.find('127.0.0.1', 7, 'aa', 'unknown');
  assert.equal(again, suspect);
  assert.equal(again.port, 7);
  assert.equal(book.size, 0);
  book.keep(again);
  assert.equal(book.find('127.0.0.1', 0, 'aa', 'unknown').port, 7, 'where it listens is not forgotten');
  again.unsettled = 0;
  book.keep(again);
  assert.equal(book.size, 0, 'nothing is held against it');
});

test('a public address stands for one host, whatever peer id it shows', () => {
  const book = new Reputations();
  const suspect = book.find('8.8.8.8', 0, 'aa', 'unknown');
  suspect.unsettled = 1;
  book.keep(suspect);
  assert.equal(book.find('8.8.8.8', 0, 'bb', 'unknown'), suspect);
});

test('records of absent peers are bounded', () => {
  const book = new Reputations();
  for (let i = 0; i < MAX_ABSENT + 10; i++) {
    const suspect = book.find('10.0.0.1', 0, String(i), 'unknown');
    suspect.unsettled = 1;
    book.keep(suspect);
  }
  assert.equal(book.size, MAX_ABSENT);
  assert.equal(book.find('10.0.0.1', 0, '0', 'unknown').unsettled, 0);
  const kept = book.find('10.0.0.1', 0, '10', 'unknown');
  assert.equal(kept.unsettled, 1, 'the oldest that is left');
  for (const more of [MAX_ABSENT - 1, 1]) {
    book.keep(kept);
    for (let i = 0; i < more; i++) {
      const another = book.find('10.0.0.2', 0, `${more} ${i}`, 'unknown');
      another.unsettled = 1;
      book.keep(another);
    }
  }
  assert.equal(book.size, MAX_ABSENT);
  assert.equal(book.find('10.0.0.1', 0, '10', 'unknown'), kept, 'what is kept again is the newest');
});

test('a stranger from among banned peers starts on parole; praise has a limit and failures weigh twice', () => {
  const book = new Reputations();
  assert.equal(book.find('8.8.8.8', 0, 'aa', 'unknown').suspicion, 0);
  const stranger = book.find('8.8.8.9', 0, 'aa', 'suspect');
  assert.equal(stranger.suspicion, 1);
  assert.equal(stranger.trust, -2);
  stranger.onParole = false;
  stranger.passed = 100;
  stranger.unsettled = 3;
  assert.equal(stranger.trust, 8 - 6);
});
