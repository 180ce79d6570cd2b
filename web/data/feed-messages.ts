// What the page and its feed say to each other. The feed is a worker: it follows the daemon's events, keeps all torrents and
// their order, and hands the page only those it shows, so that ten thousand of them cost the page no more than thirty.

import type { SessionReply, TorrentRow } from '../../src/api/daemon-schemas.ts';
import type { ActivityLine } from '../../src/api/history-schemas.ts';
import type { ShareRow, UploadRow } from '../../src/api/share-schemas.ts';

export const GROUPS = ['failed', 'downloading', 'seeding', 'stopped'] as const;
export type GroupName = (typeof GROUPS)[number];

export const SORT_KEYS = [
  'name',
  'progress',
  'status',
  'down',
  'up',
  'peers',
  'left',
  'size',
  'ratio',
  'added',
  'position',
] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** Which torrents the list shows, and in which order. */
export interface ListQuery {
  /** Words that all have to occur in the name or a label. */
  text: string;
  sort: SortKey;
  descending: boolean;
  folded: readonly GroupName[];
}

export interface GroupItem {
  kind: 'group';
  group: GroupName;
  count: number;
  folded: boolean;
  down: number;
  up: number;
}

export interface TorrentItem {
  kind: 'torrent';
  row: TorrentRow;
}

/** One line of the list. */
export type ListItem = GroupItem | TorrentItem;

/** The part of the list that the page shows. */
export interface ListWindow {
  /** Lines in the whole list. */
  total: number;
  /** Place of the first item in it. */
  first: number;
  items: readonly ListItem[];
  /** Heads of groups before the first item, and in the whole list: they may be lower than other lines. */
  headsBefore: number;
  heads: number;
  /** Torrents that match, and all there are. */
  matched: number;
  all: number;
}

/**
 * How the daemon is reached. `refused`: it wants the token. `away`: it does not answer and is tried again; what is shown is
 * what was known at `since`.
 */
export interface Link {
  state: 'connecting' | 'live' | 'away' | 'refused';
  /** Epoch milliseconds. */
  since: number;
  message: string | undefined;
}

export type Question =
  /** The torrent `by` torrents further down the list; without `from`, from its beginning (or end, when `by` is negative). */
  | { kind: 'step'; from: string | undefined; by: number }
  /** All torrents from one to the other, both included. */
  | { kind: 'between'; from: string; to: string }
  | { kind: 'all' };

export interface Answer {
  infoHashes: string[];
  /** Place of the first of them in the list; -1: it is not there. */
  index: number;
}

export type ToFeed =
  | { type: 'open'; base: string }
  | { type: 'list'; query: ListQuery; first: number; count: number }
  | { type: 'watch'; infoHashes: readonly string[] }
  | { type: 'ask'; id: number; question: Question };

export interface FeedUpdate {
  type: 'update';
  link: Link;
  session: SessionReply | undefined;
  uploads: readonly UploadRow[];
  shares: readonly ShareRow[];
  /** What happened since the update before. */
  activity: readonly ActivityLine[];
  list: ListWindow;
  /** Those that are watched and there. */
  watched: readonly TorrentRow[];
}

export type FromFeed = FeedUpdate | ({ type: 'answer'; id: number } & Answer);
