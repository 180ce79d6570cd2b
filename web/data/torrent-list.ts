// The torrents in the order they are shown in: filtered, in groups, sorted. Pure but for what it remembers of names, which
// are slow to compare. Knows nothing of the page.

import type { TorrentRow, TorrentState } from '../../src/api/daemon-schemas.ts';
import {
  type Answer,
  GROUPS,
  type GroupItem,
  type GroupName,
  type ListItem,
  type ListQuery,
  type ListWindow,
  type Question,
  type SortKey,
} from './feed-messages.ts';
import { secondsLeft } from './figures.ts';

const GROUP_OF: Readonly<Record<TorrentState, GroupName>> = {
  queued: 'downloading',
  metadata: 'downloading',
  checking: 'downloading',
  downloading: 'downloading',
  seeding: 'seeding',
  paused: 'stopped',
  finished: 'stopped',
  failed: 'failed',
};

type Value = (row: TorrentRow) => number;

const VALUES: Readonly<Record<Exclude<SortKey, 'name'>, Value>> = {
  progress: ({ have, wanted, size }) => (size > 0 ? have / Math.max(1, wanted) : -1),
  status: ({ error, waiting, peers }) => (error !== null ? 0 : waiting !== null ? 1 : peers === 0 ? 2 : 3),
  down: ({ down }) => down,
  up: ({ up }) => up,
  peers: ({ peers }) => peers,
  left: (row) => secondsLeft(row) ?? Number.MAX_VALUE,
  size: ({ size }) => size,
  ratio: ({ uploaded, size }) => (size > 0 ? uploaded / size : 0),
  added: ({ added }) => added,
  position: ({ position }) => position,
};

const NO_QUERY: ListQuery = { text: '', sort: 'added', descending: true, folded: [] };

export class TorrentList {
  query: ListQuery = NO_QUERY;
  #items: ListItem[] = [];
  /** Places of the heads of groups. */
  #heads: number[] = [];
  #matched = 0;
  #all = 0;
  /** Place of each name among all names. */
  #ranks = new Map<string, number>();
  readonly #compareNames = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' }).compare;

  /** Takes all torrents anew. `named`: names may have changed, or torrents come and gone. */
  arrange(rows: ReadonlyMap<string, TorrentRow>, named: boolean): void {
    if (named || this.#ranks.size !== rows.size) this.#rank(rows);
    const words = this.query.text.toLowerCase().split(/\s+/).filter(Boolean);
    const groups = new Map<GroupName, TorrentRow[]>(GROUPS.map((group) => [group, []]));
    this.#all = rows.size;
    this.#matched = 0;
    for (const row of rows.values()) {
      if (!matches(row, words)) continue;
      this.#matched++;
      groups.get(groupOf(row))!.push(row);
    }
    const compare = this.#comparison();
    this.#items = [];
    this.#heads = [];
    for (const [group, members] of groups) {
      if (members.length === 0) continue;
      const folded = this.query.folded.includes(group);
      this.#heads.push(this.#items.length);
      this.#items.push(headOf(group, members, folded));
      if (!folded) for (const row of members.sort(compare)) this.#items.push({ kind: 'torrent', row });
    }
  }

  window(first: number, count: number): ListWindow {
    const from = Math.max(0, Math.min(first, this.#items.length - 1));
    const items = this.#items.slice(from, from + count);
    const heads = this.#heads.length;
    const headsBefore = this.#heads.filter((place) => place < from).length;
    const [matched, all] = [this.#matched, this.#all];
    return { total: this.#items.length, first: from, items, headsBefore, heads, matched, all };
  }

  answer(question: Question): Answer {
    if (question.kind === 'step') return this.#step(question.from, question.by);
    if (question.kind === 'all') return this.#slice(0, this.#items.length - 1);
    const [from, to] = [this.#indexOf(question.from), this.#indexOf(question.to)];
    if (from < 0 || to < 0) return { infoHashes: to < 0 ? [] : [question.to], index: to };
    return this.#slice(Math.min(from, to), Math.max(from, to));
  }

  #step(from: string | undefined, by: number): Answer {
    const start = from === undefined ? -1 : this.#indexOf(from);
    const way = Math.sign(by);
    let at = start >= 0 ? start : way > 0 ? -1 : this.#items.length;
    let found = start;
    for (let left = Math.abs(by); left > 0 && at >= -1 && at <= this.#items.length; ) {
      at += way;
      const item = this.#items[at];
      if (item === undefined) break;
      if (item.kind !== 'torrent') continue;
      found = at;
      left--;
    }
    const item = this.#items[found];
    return item?.kind === 'torrent' ? { infoHashes: [item.row.infoHash], index: found } : { infoHashes: [], index: -1 };
  }

  #slice(from: number, to: number): Answer {
    const infoHashes: string[] = [];
    for (const item of this.#items.slice(from, to + 1)) if (item.kind === 'torrent') infoHashes.push(item.row.infoHash);
    return { infoHashes, index: from };
  }

  #indexOf(infoHash: string): number {
    return this.#items.findIndex((item) => item.kind === 'torrent' && item.row.infoHash === infoHash);
  }

  #comparison(): (a: TorrentRow, b: TorrentRow) => number {
    const { sort, descending } = this.query;
    const way = descending ? -1 : 1;
    const rank = (row: TorrentRow): number => this.#ranks.get(row.infoHash) ?? 0;
    if (sort === 'name') return (a, b) => way * (rank(a) - rank(b));
    const value = VALUES[sort];
    return (a, b) => way * (value(a) - value(b)) || rank(a) - rank(b);
  }

  #rank(rows: ReadonlyMap<string, TorrentRow>): void {
    const sorted = [...rows.values()].sort((a, b) => this.#compareNames(a.name, b.name));
    this.#ranks = new Map(sorted.map((row, rank) => [row.infoHash, rank]));
  }
}

export function groupOf({ state, have, size, wanted }: TorrentRow): GroupName {
  // What waits for its turn with all of its data waits to seed.
  if (state === 'queued' && size > 0 && have === wanted) return 'seeding';
  return GROUP_OF[state];
}

function matches({ name, labels, infoHash }: TorrentRow, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text = `${name}\n${labels.join('\n')}\n${infoHash}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function headOf(group: GroupName, rows: readonly TorrentRow[], folded: boolean): GroupItem {
  let down = 0;
  let up = 0;
  for (const row of rows) {
    down += row.down;
    up += row.up;
  }
  return { kind: 'group', group, count: rows.length, folded, down, up };
}
