// The feed: follows the daemon's events for as long as the page is open, through its restarts too, and tells the page what
// it shows of them. Changes nothing at the daemon.

import { DaemonProblem, daemonTarget, followEvents } from '../../src/api/daemon-events.ts';
import type { TorrentRow } from '../../src/api/daemon-schemas.ts';
import { applyEvent, emptyView } from '../../src/api/daemon-view.ts';
import { eventEndpoints } from '../../src/api/event-endpoints.ts';
import { watchedFetch } from './feed-line.ts';
import type { FromFeed, Link, ToFeed } from './feed-messages.ts';
import { TorrentList } from './torrent-list.ts';

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5_000;

const view = emptyView();
const list = new TorrentList();
let link: Link = { state: 'connecting', since: Date.now(), message: undefined };
let window = { first: 0, count: 40 };
let watched: readonly string[] = [];
/** Id of the last line of the log that the page has. */
let told = 0;
/** Ends the attempt under way. */
let attempt: AbortController | undefined;

addEventListener('message', ({ data }: MessageEvent<ToFeed>) => {
  if (data.type === 'open') void follow(data.base);
  else if (data.type === 'ask') say({ type: 'answer', id: data.id, ...list.answer(data.question) });
  else if (data.type === 'watch') {
    watched = data.infoHashes;
    tell();
  } else {
    const { query, first, count } = data;
    const same = JSON.stringify(query) === JSON.stringify(list.query);
    list.query = query;
    window = { first, count };
    if (!same) list.arrange(view.torrents, false);
    tell();
  }
});

async function follow(base: string): Promise<void> {
  attempt?.abort();
  const own = new AbortController();
  const target = daemonTarget(base);
  attempt = own;
  for (let pause = FIRST_PAUSE; !own.signal.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    const { fetch, signal, stop } = watchedFetch(own.signal);
    try {
      for await (const event of followEvents(target, eventEndpoints.events, { signal }, { fetch }, view.last)) {
        const changed = applyEvent(view, event);
        pause = FIRST_PAUSE;
        if (link.state !== 'live') link = { state: 'live', since: Date.now(), message: undefined };
        list.arrange(view.torrents, changed === undefined || isNew(changed));
        tell();
      }
      leave(own, 'away', 'The daemon has stopped.');
    } catch (error) {
      if (own.signal.aborted) return;
      const refused = error instanceof DaemonProblem && (error.status === 401 || error.status === 403);
      leave(own, refused ? 'refused' : 'away', (error as Error).message);
      if (refused) return;
    } finally {
      stop();
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Names come with the metadata: whenever a row that was without its size gets one. */
const nameless = new Set<string>();
function isNew(changed: ReadonlySet<string>): boolean {
  let found = false;
  for (const infoHash of changed) {
    const row = view.torrents.get(infoHash);
    if (row === undefined) found = nameless.delete(infoHash) || found;
    else if (row.size === 0) nameless.add(infoHash);
    else if (nameless.delete(infoHash)) found = true;
  }
  return found;
}

function leave(own: AbortController, state: Link['state'], message: string): void {
  if (own.signal.aborted) return;
  link = { state, since: link.state === state ? link.since : Date.now(), message };
  tell();
}

function tell(): void {
  const rows = watched
    .map((infoHash) => view.torrents.get(infoHash))
    .filter((row): row is TorrentRow => row !== undefined);
  const { session, uploads, shares } = view;
  const activity = view.activity.filter(({ id }) => id > told);
  told = activity.at(-1)?.id ?? told;
  const part = list.window(window.first, window.count);
  say({ type: 'update', link, session, uploads, shares, activity, list: part, watched: rows });
}

function say(message: FromFeed): void {
  postMessage(message);
}
