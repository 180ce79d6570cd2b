import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import { eventually } from '../../test/harness/shoal.ts';
import type { SessionReply, TorrentRow } from '../api/daemon-schemas.ts';
import { EventFeed } from './event-feed.ts';

/** A reader that takes nothing while it is told to have so much unread. */
class Reader extends EventEmitter {
  text = '';
  writableLength = 0;
  write(text: string): boolean {
    this.text += text;
    return true;
  }
  end(): void {}
  get events(): string[] {
    return [...this.text.matchAll(/^event: (\w+)$/gm)].map((match) => match[1]!);
  }
  get last(): string {
    return [...this.text.matchAll(/^id: (.+)$/gm)].at(-1)![1]!;
  }
  /** As the response that it stands for. */
  get response(): ServerResponse {
    return this as unknown as ServerResponse;
  }
}

function world() {
  const rows = new Map<string, number>([['a', 0]]);
  const row = ([infoHash, have]: [string, number]) => ({ infoHash, have, labels: ['x'] }) as unknown as TorrentRow;
  const session = { version: '1' } as SessionReply;
  const feed = new EventFeed({ rows: () => [...rows].map(row), session: async () => session });
  return { rows, feed };
}

test('who does not read gets no more, and later a snapshot in place of all it missed', async (t) => {
  const { rows, feed } = world();
  t.after(() => feed.close());
  const [slow, quick] = [new Reader(), new Reader()];
  await feed.add(() => slow.response, undefined);
  await feed.add(() => quick.response, undefined);
  assert.deepEqual(slow.events, ['snapshot']);
  slow.writableLength = 5 * 1024 * 1024;
  rows.set('a', 1);
  await eventually(() => quick.events.length === 2, 'a delta');
  assert.match(quick.text, /"changed":\[\{"infoHash":"a","have":1\}\],"removed":\[\]\}/, 'only what changed');
  assert.deepEqual(slow.events, ['snapshot']);
  slow.writableLength = 0;
  rows.set('b', 2);
  await eventually(() => slow.events.length === 2, 'a snapshot');
  assert.deepEqual(slow.events, ['snapshot', 'snapshot']);
  assert.deepEqual(quick.events, ['snapshot', 'delta', 'delta']);
  rows.delete('b');
  await eventually(() => slow.events.length === 3, 'a delta again');
  assert.match(slow.text, /"removed":\["b"\]\}/);
});

test('who comes back gets what it missed, as long as that is kept', async (t) => {
  const { rows, feed } = world();
  t.after(() => feed.close());
  const first = new Reader();
  await feed.add(() => first.response, undefined);
  rows.set('a', 1);
  await eventually(() => first.events.length === 2, 'a delta');
  first.emit('close');
  rows.set('a', 2);
  const back = new Reader();
  await feed.add(() => back.response, first.last);
  assert.deepEqual(back.events, ['delta']);
  assert.match(back.text, /"have":2/);
  for (const last of ['x-1', first.last.replace(/\d+$/, '99'), first.last.replace(/-.*/, '-'), '', 'nonsense']) {
    const other = new Reader();
    await feed.add(() => other.response, last);
    assert.deepEqual(other.events, ['snapshot'], last);
    other.emit('close');
  }
});
