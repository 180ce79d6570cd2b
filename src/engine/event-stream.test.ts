import assert from 'node:assert/strict';
import test from 'node:test';
import { EventStream } from './event-stream.ts';

interface Event {
  n: number;
  keep?: boolean;
}

function make(): EventStream<Event> {
  return new EventStream<Event>((event) => event.keep === true);
}

async function all(events: AsyncIterable<Event>): Promise<number[]> {
  const numbers: number[] = [];
  for await (const event of events) numbers.push(event.n);
  return numbers;
}

test('every reader gets every event from the moment it asked, in order', async () => {
  const stream = make();
  const early = stream.read();
  stream.emit({ n: 1 });
  stream.emit({ n: 2 });
  const late = stream.read();
  stream.emit({ n: 3 });
  stream.end();
  stream.emit({ n: 4 });
  assert.deepEqual(await all(early), [1, 2, 3]);
  assert.deepEqual(await all(late), [3]);
});

test('a late reader gets what has to be known, even after the end', async () => {
  const stream = make();
  stream.emit({ n: 1, keep: true });
  stream.emit({ n: 2 });
  stream.emit({ n: 3, keep: true });
  stream.end();
  assert.deepEqual(await all(stream.read()), [1, 3]);
});

test('a reader that waits is woken by each event and by the end', async () => {
  const stream = make();
  const reading = all(stream.read());
  for (let n = 0; n < 5; n++) {
    stream.emit({ n });
    await Promise.resolve();
  }
  stream.end();
  assert.deepEqual(await reading, [0, 1, 2, 3, 4]);
});

test('a reader that does not read holds a bounded number, without those it has to see being lost', async () => {
  const stream = make();
  const slow = stream.read();
  stream.emit({ n: -1, keep: true });
  for (let n = 0; n < 25_000; n++) stream.emit({ n });
  stream.emit({ n: -2, keep: true });
  stream.end();
  const numbers = await all(slow);
  assert.equal(numbers.length, 10_000);
  assert.equal(numbers[0], -1);
  assert.equal(numbers.at(-1), -2);
  assert.equal(numbers.at(-2), 24_999);
});

test('a reader that leaves is forgotten, also while it waits', async () => {
  const stream = make();
  const reader = stream.read();
  const iterator = reader[Symbol.asyncIterator]();
  stream.emit({ n: 1 });
  assert.deepEqual(await iterator.next(), { value: { n: 1 }, done: false });
  const waiting = iterator.next();
  await iterator.return?.();
  assert.deepEqual(await waiting, { value: undefined, done: true });
  assert.equal(stream.readers, 0);
  const last = stream.read();
  stream.emit({ n: 2 });
  for await (const event of last) {
    assert.equal(event.n, 2);
    break;
  }
  assert.equal(stream.readers, 0);
});

test('several calls of next are answered in order', async () => {
  const stream = make();
  const iterator = stream.read()[Symbol.asyncIterator]();
  const waiting = [iterator.next(), iterator.next(), iterator.next()];
  stream.emit({ n: 1 });
  stream.emit({ n: 2 });
  stream.end();
  assert.deepEqual(
    (await Promise.all(waiting)).map((result) => result.value?.n),
    [1, 2, undefined],
  );
});
