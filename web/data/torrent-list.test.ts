import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { TorrentRow } from '../../src/api/daemon-schemas.ts';
import type { ListItem, ListQuery } from './feed-messages.ts';
import { TorrentList } from './torrent-list.ts';

const QUERY: ListQuery = { text: '', sort: 'name', descending: false, folded: [] };

function row(name: string, more: Partial<TorrentRow> = {}): TorrentRow {
  const infoHash = Buffer.from(name).toString('hex').padEnd(40, '0').slice(0, 40);
  return {
    infoHash,
    name,
    state: 'downloading',
    path: '/x',
    size: 1000,
    wanted: 1000,
    have: 100,
    pieceCount: 10,
    piecesHave: 1,
    piecesWanted: 10,
    downloaded: 0,
    uploaded: 0,
    wasted: 0,
    down: 0,
    up: 0,
    peers: 0,
    seeds: 0,
    checked: 0,
    labels: [],
    limits: {},
    position: 0,
    sequential: false,
    added: 0,
    done: null,
    private: false,
    error: null,
    waiting: null,
    ...more,
  };
}

function listOf(rows: readonly TorrentRow[], query: Partial<ListQuery> = {}): TorrentList {
  const list = new TorrentList();
  list.query = { ...QUERY, ...query };
  list.arrange(new Map(rows.map((each) => [each.infoHash, each])), true);
  return list;
}

const told = (items: readonly ListItem[]): string[] =>
  items.map((item) => (item.kind === 'group' ? `${item.group} ${item.count}` : item.row.name));
const all = (list: TorrentList): string[] => told(list.window(0, 1e6).items);

const ROWS = [
  row('b', { state: 'seeding', have: 1000, up: 5 }),
  row('a10', { down: 7, labels: ['music'] }),
  row('a9', { down: 9 }),
  row('d', { state: 'failed' }),
  row('c', { state: 'paused' }),
  row('e', { state: 'queued', have: 1000 }),
];

describe('the list of transfers', () => {
  it('is in groups, trouble first, and by name as people count', () => {
    assert.deepEqual(all(listOf(ROWS)), [
      'failed 1',
      'd',
      'downloading 2',
      'a9',
      'a10',
      'seeding 2',
      'b',
      'e',
      'stopped 1',
      'c',
    ]);
  });

  it('sorts within groups, and equals by name', () => {
    assert.deepEqual(all(listOf(ROWS, { sort: 'down', descending: true })).slice(2, 5), ['downloading 2', 'a9', 'a10']);
    assert.deepEqual(all(listOf(ROWS, { sort: 'down' })).slice(2, 5), ['downloading 2', 'a10', 'a9']);
    assert.deepEqual(all(listOf(ROWS, { sort: 'size', descending: true })).slice(2, 5), ['downloading 2', 'a9', 'a10']);
  });

  it('finds words in names and labels, and counts what it found', () => {
    const list = listOf(ROWS, { text: 'A MUSIC' });
    assert.deepEqual(all(list), ['downloading 1', 'a10']);
    assert.deepEqual([list.window(0, 9).matched, list.window(0, 9).all], [1, 6]);
  });

  it('keeps the head of a folded group, with its rates', () => {
    const list = listOf(ROWS, { folded: ['downloading'] });
    assert.deepEqual(all(list).slice(2, 4), ['downloading 2', 'seeding 2']);
    const [, , head] = list.window(0, 9).items;
    assert.deepEqual(head, { kind: 'group', group: 'downloading', count: 2, folded: true, down: 16, up: 0 });
  });

  it('gives the part that is asked for, and tells of the heads before it', () => {
    const list = listOf(ROWS);
    const part = list.window(3, 2);
    assert.deepEqual(told(part.items), ['a9', 'a10']);
    assert.deepEqual([part.first, part.total, part.headsBefore, part.heads], [3, 10, 2, 4]);
    assert.equal(list.window(2, 2).headsBefore, 1, 'the head that is the first itself is not before it');
    assert.deepEqual(list.window(500, 5).items.length, 1, 'past the end there is the end');
    assert.deepEqual(listOf([]).window(0, 5).items, []);
  });

  it('steps over heads, and stops at the ends', () => {
    const list = listOf(ROWS);
    const name = (from: string | undefined, by: number): string | undefined => {
      const { index } = list.answer({ kind: 'step', from: from && row(from).infoHash, by });
      const [item] = index < 0 ? [] : list.window(index, 1).items;
      return item?.kind === 'torrent' ? item.row.name : undefined;
    };
    assert.equal(name(undefined, 1), 'd');
    assert.equal(name(undefined, -1), 'c');
    assert.equal(name('d', 1), 'a9');
    assert.equal(name('a9', -1), 'd');
    assert.equal(name('d', -1), 'd');
    assert.equal(name('a9', 1e9), 'c');
    assert.equal(name('e', -1e9), 'd');
    assert.equal(name('a9', 0), 'a9');
    assert.equal(listOf([]).answer({ kind: 'step', from: undefined, by: 1 }).index, -1);
  });

  it('takes all from one to the other, whichever comes first', () => {
    const list = listOf(ROWS);
    const ends = { from: row('b').infoHash, to: row('a9').infoHash };
    const names = ['a9', 'a10', 'b'].map((name) => row(name).infoHash);
    assert.deepEqual(list.answer({ kind: 'between', ...ends }).infoHashes, names);
    assert.deepEqual(list.answer({ kind: 'between', from: ends.to, to: ends.from }).infoHashes, names);
    assert.deepEqual(list.answer({ kind: 'between', from: 'gone', to: ends.to }).infoHashes, [ends.to]);
    assert.equal(list.answer({ kind: 'all' }).infoHashes.length, 6);
  });

  it('has every torrent once, however it is asked', () => {
    const states = [
      'queued',
      'metadata',
      'checking',
      'downloading',
      'seeding',
      'paused',
      'finished',
      'failed',
    ] as const;
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...states), { maxLength: 60 }),
        fc.integer({ min: 1, max: 9 }),
        (given, step) => {
          const list = listOf(
            given.map((state, index) => row(`t${index}`, { state })),
            { sort: 'status' },
          );
          const found: string[] = [];
          for (let at = 0; at < list.window(0, 0).total; at += step)
            for (const item of list.window(at, step).items) if (item.kind === 'torrent') found.push(item.row.infoHash);
          assert.equal(found.length, given.length);
          assert.equal(new Set(found).size, given.length);
        },
      ),
    );
  });
});
