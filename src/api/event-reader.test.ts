import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readEvents, type ServerEvent } from './event-reader.ts';

/** A body that comes in these parts. */
function bodyOf(parts: readonly Uint8Array[]) {
  const left = [...parts];
  let cancelled = 0;
  return {
    get cancelled() {
      return cancelled;
    },
    getReader: () => ({
      read: async () => {
        const value = left.shift();
        return value === undefined ? { done: true } : { done: false, value };
      },
      cancel: async () => void cancelled++,
    }),
  };
}

async function readAll(parts: readonly Uint8Array[]): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  for await (const event of readEvents(bodyOf(parts))) events.push(event);
  return events;
}

const TEXT =
  ': hello\n\nevent: snapshot\nid: a-1\ndata: {"x":"ü€𝄞"}\n\ndata: one\r\ndata:two\r\n\r\nevent: empty\n\nid: a-2\ndata\n\ndata: cut';
const EVENTS = [
  { event: 'snapshot', data: '{"x":"ü€𝄞"}', id: 'a-1' },
  { event: 'message', data: 'one\ntwo', id: 'a-1' },
  { event: 'message', data: '', id: 'a-2' },
];

test('events are the same however their bytes are cut up', async () => {
  const bytes = new TextEncoder().encode(TEXT);
  assert.deepEqual(await readAll([bytes]), EVENTS);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (cuts) => {
      const ends = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const parts = ends.slice(1).map((end, index) => bytes.subarray(ends[index], end));
      assert.deepEqual(await readAll(parts), EVENTS);
    }),
    { numRuns: 200 },
  );
});

test('who stops reading ends the request', async () => {
  const body = bodyOf([new TextEncoder().encode(TEXT)]);
  for await (const _ of readEvents(body)) break;
  assert.equal(body.cancelled, 1);
});
