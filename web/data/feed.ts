// The page's side of the feed: the last update as a store that components subscribe to, and questions with answers.

import { useEffect } from 'preact/hooks';
import type { TorrentRow } from '../../src/api/daemon-schemas.ts';
import { BASE } from './api.ts';
import type { Answer, FeedUpdate, FromFeed, ListQuery, Question, ToFeed } from './feed-messages.ts';
import { createStore } from './store.ts';

/** `activity`: the newest lines of the log, the oldest of them first. */
export type FeedState = Omit<FeedUpdate, 'type'>;

/** Lines of the log that are kept: as many as a daemon tells who comes to it. */
const MOST_LINES = 500;

const feed = createStore<FeedState>({
  link: { state: 'connecting', since: Date.now(), message: undefined },
  session: undefined,
  uploads: [],
  shares: [],
  activity: [],
  list: { total: 0, first: 0, items: [], headsBefore: 0, heads: 0, matched: 0, all: 0 },
  watched: [],
});

/** Within a component: what `select` takes of the last update; renders again when that is another value. */
export const useFeed = feed.use as <S>(select: (state: FeedState) => S) => S;

const waiting = new Map<number, (answer: Answer) => void>();
let asked = 0;
/** How many components want each torrent. */
const wanted = new Map<string, number>();

const worker = new Worker(new URL('./feed-worker.ts', import.meta.url), { type: 'module' });

worker.addEventListener('message', ({ data }: MessageEvent<FromFeed>) => {
  if (data.type === 'answer') {
    waiting.get(data.id)?.(data);
    waiting.delete(data.id);
    return;
  }
  const { link, uploads, shares, activity } = feed.get();
  feed.set({
    ...data,
    link: unlessEqual(link, data.link),
    uploads: unlessEqual(uploads, data.uploads),
    shares: unlessEqual(shares, data.shares),
    activity: data.activity.length === 0 ? activity : [...activity, ...data.activity].slice(-MOST_LINES),
  });
});

/** What comes from a worker is always another object; who watches it is not to draw for nothing. */
function unlessEqual<T>(before: T, after: T): T {
  return JSON.stringify(before) === JSON.stringify(after) ? before : after;
}

function tell(message: ToFeed): void {
  worker.postMessage(message);
}

/** Begins to follow the daemon, or does so anew after a log-in. */
export function openFeed(): void {
  tell({ type: 'open', base: BASE });
}

export function showList(query: ListQuery, first: number, count: number): void {
  tell({ type: 'list', query, first, count });
}

export function ask(question: Question): Promise<Answer> {
  const id = ++asked;
  const answer = new Promise<Answer>((resolve) => waiting.set(id, resolve));
  tell({ type: 'ask', id, question });
  return answer;
}

/** One torrent, for as long as it is looked at; undefined while it is not known. */
export function useTorrent(infoHash: string | undefined): TorrentRow | undefined {
  useEffect(() => {
    if (infoHash === undefined) return undefined;
    wanted.set(infoHash, (wanted.get(infoHash) ?? 0) + 1);
    tell({ type: 'watch', infoHashes: [...wanted.keys()] });
    return () => {
      const left = wanted.get(infoHash)! - 1;
      if (left > 0) wanted.set(infoHash, left);
      else wanted.delete(infoHash);
      tell({ type: 'watch', infoHashes: [...wanted.keys()] });
    };
  }, [infoHash]);
  return useFeed(({ watched }) => watched.find((row) => row.infoHash === infoHash));
}
