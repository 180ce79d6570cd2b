// What a daemon and its callers read from HTTP by themselves: ranges of bytes, the choice of files in a request or a link,
// and the stream of events.

import assert from 'node:assert/strict';
import { readEvents, type ServerEvent } from '../../../src/api/event-reader.ts';
import { parseRange } from '../../../src/http/byte-range.ts';
import { matchFiles, parseIndexRanges } from '../../../src/protocol/file-selection.ts';
import { acceptLater, type FuzzTarget, note, utf8 } from '../oracle.ts';

const SIZES = [0, 1, 1000, 2 ** 31, 2 ** 52];

/** First byte: the size. What comes out lies in it, and is what the plain form says. */
export const byteRange: FuzzTarget = {
  name: 'byte-range',
  maxLength: 4000,
  seeds: utf8(
    '2bytes=0-499',
    '2bytes=500-',
    '2bytes=-1',
    '3Bytes = 1-2',
    '2bytes=0-1,5-6',
    '4bytes=0000000000000000001-9',
  ),
  tokens: utf8('bytes=', '-', ',', '0', '999', '9007199254740993', ' ', '1e3', '0x1', '+1'),
  fuzz(bytes) {
    const size = SIZES[(bytes[0] ?? 0) % SIZES.length]!;
    const header = Buffer.from(bytes.subarray(1)).toString('latin1');
    const range = parseRange(header, size);
    note(typeof range === 'string' ? range : 'range');
    if (typeof range !== 'string') assert.ok(0 <= range.start && range.start < range.end && range.end <= size);
    const [, first, last] = /^bytes=(\d{1,9})-(\d{1,9})$/.exec(header) ?? [];
    if (first === undefined || last === undefined || Number(last) < Number(first)) return;
    const wanted = { start: Number(first), end: Math.min(Number(last) + 1, size) };
    assert.deepEqual(range, wanted.start < size ? wanted : 'unsatisfiable');
  },
};

const FILES = ['a', 'b/a', 'b/c/d.mkv', 'b/c/*.txt', 'ü/[x]?.srt', 'b/c'.repeat(100)].map((path, index) => ({
  index: index * 2,
  path,
}));

/** A term a line. What is chosen was offered, each once and in order; a name without wildcards means just itself. */
export const fileSelection: FuzzTarget = {
  name: 'file-selection',
  maxLength: 20_000,
  seeds: utf8('0,2,4-6', '*', 'b/\n*.mkv', '?', 'b/c\n0-999999999', '**a**b**c', `${'*a'.repeat(300)}b`),
  tokens: utf8('*', '?', '/', '-', ',', '\n', '999999999', './', 'b/c', 'ü', '[', '.mkv'),
  fuzz(bytes) {
    const terms = Buffer.from(bytes).toString('utf8').split('\n').slice(0, 200);
    const found = matchFiles(terms, FILES);
    note(`${found.length}`);
    assert.deepEqual(
      found,
      FILES.filter((file) => found.includes(file)),
    );
    for (const term of terms) {
      if (parseIndexRanges(term) !== undefined || /[*?]|^\.\/|\/$/.test(term)) continue;
      for (const file of FILES) {
        const named = !term.includes('/') && file.path.endsWith(`/${term}`);
        if (file.path === term || file.path.startsWith(`${term}/`) || named)
          assert.ok(found.includes(file), `${JSON.stringify(term)} means ${file.path}`);
      }
    }
  },
};

async function readAll(bytes: Uint8Array, chunk: number): Promise<ServerEvent[]> {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += chunk)
        controller.enqueue(Uint8Array.from(bytes.subarray(at, at + chunk)));
      controller.close();
    },
  });
  const events: ServerEvent[] = [];
  for await (const event of readEvents(body)) events.push(event);
  return events;
}

/** However the bytes are cut on their way, the events are the same. */
export const eventStream: FuzzTarget = {
  name: 'event-stream',
  maxLength: 20_000,
  seeds: utf8(
    'event: snapshot\nid: 1\ndata: {"a":1}\n\nevent: delta\ndata: {}\n\n',
    'data: a\r\ndata: b\r\n\r\n: keep alive\n\n',
    'data\n\ndata:\n\nid:\nevent\n\n',
    'data: ü\n\n',
  ),
  tokens: utf8('\n', '\r', '\r\n', '\n\n', 'data:', 'event: ', 'id: ', ':', ' ', 'retry: 1', '\ufeff', 'ü'),
  async fuzz(bytes) {
    const whole = await acceptLater('ERR_DAEMON', () => readAll(bytes, bytes.length || 1));
    note(`${whole?.length} ${whole?.[0]?.event}`);
    const cut = await acceptLater('ERR_DAEMON', () => readAll(bytes, 1 + (bytes.length % 7)));
    assert.deepEqual(cut, whole);
    for (const { event, data } of whole ?? []) assert.ok(event.length + data.length <= bytes.length + 'message'.length);
  },
};
