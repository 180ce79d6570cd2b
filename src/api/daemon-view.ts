// All torrents of a daemon as its event stream tells them: a snapshot, then deltas. Pure; the page and the tests keep their
// picture with it.

import type { SessionReply, TorrentRow } from './daemon-schemas.ts';
import type { ServerEvent } from './event-reader.ts';
import type { ActivityLine } from './history-schemas.ts';
import type { ShareRow, UploadRow } from './share-schemas.ts';

export interface DaemonView {
  /** By info-hash. */
  torrents: Map<string, TorrentRow>;
  session: SessionReply | undefined;
  uploads: UploadRow[];
  shares: ShareRow[];
  /** The newest lines of the log, in order. */
  activity: ActivityLine[];
  /** Id of the last event, for whoever goes on later. */
  last: string | undefined;
}

export function emptyView(): DaemonView {
  return { torrents: new Map(), session: undefined, uploads: [], shares: [], activity: [], last: undefined };
}

const MAX_LINES = 500;

interface Lists {
  uploads?: UploadRow[];
  shares?: ShareRow[];
  activity?: ActivityLine[];
}

interface Delta extends Lists {
  changed: (Partial<TorrentRow> & { infoHash: string })[];
  removed: string[];
  session?: SessionReply;
}

/** Changes `view` as the event says. Comes back with the info-hashes whose rows changed; undefined: any of them may have. */
export function applyEvent(view: DaemonView, event: ServerEvent): Set<string> | undefined {
  view.last = event.id;
  if (event.event === 'snapshot') {
    const { torrents, session, ...lists } = JSON.parse(event.data) as Lists & {
      torrents: TorrentRow[];
      session: SessionReply;
    };
    applyLists(view, lists);
    view.torrents = new Map(torrents.map((row) => [row.infoHash, row]));
    view.session = session;
    return undefined;
  }
  if (event.event !== 'delta') return new Set();
  const { changed, removed, session, ...lists } = JSON.parse(event.data) as Delta;
  applyLists(view, lists);
  for (const infoHash of removed) view.torrents.delete(infoHash);
  for (const each of changed) {
    const before = view.torrents.get(each.infoHash);
    view.torrents.set(each.infoHash, before === undefined ? (each as TorrentRow) : { ...before, ...each });
  }
  if (session !== undefined) view.session = session;
  return new Set([...changed.map(({ infoHash }) => infoHash), ...removed]);
}

function applyLists(view: DaemonView, { uploads, shares, activity }: Lists): void {
  if (uploads !== undefined) view.uploads = uploads;
  if (shares !== undefined) view.shares = shares;
  const last = view.activity.at(-1)?.id ?? 0;
  const fresh = (activity ?? []).filter(({ id }) => id > last);
  if (fresh.length > 0) view.activity = [...view.activity, ...fresh].slice(-MAX_LINES);
}
