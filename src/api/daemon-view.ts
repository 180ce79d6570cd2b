// All torrents of a daemon as its event stream tells them: a snapshot, then deltas. Pure; the page and the tests keep their
// picture with it.

import type { SessionReply, TorrentRow } from './daemon-schemas.ts';
import type { ServerEvent } from './event-reader.ts';
import type { ShareRow, UploadRow } from './share-schemas.ts';

export interface DaemonView {
  /** By info-hash. */
  torrents: Map<string, TorrentRow>;
  session: SessionReply | undefined;
  uploads: UploadRow[];
  shares: ShareRow[];
  /** Id of the last event, for whoever goes on later. */
  last: string | undefined;
}

export function emptyView(): DaemonView {
  return { torrents: new Map(), session: undefined, uploads: [], shares: [], last: undefined };
}

interface Lists {
  uploads?: UploadRow[];
  shares?: ShareRow[];
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
    Object.assign(view, lists);
    view.torrents = new Map(torrents.map((row) => [row.infoHash, row]));
    view.session = session;
    return undefined;
  }
  if (event.event !== 'delta') return new Set();
  const { changed, removed, session, uploads, shares } = JSON.parse(event.data) as Delta;
  if (uploads !== undefined) view.uploads = uploads;
  if (shares !== undefined) view.shares = shares;
  for (const infoHash of removed) view.torrents.delete(infoHash);
  for (const each of changed) {
    const before = view.torrents.get(each.infoHash);
    view.torrents.set(each.infoHash, before === undefined ? (each as TorrentRow) : { ...before, ...each });
  }
  if (session !== undefined) view.session = session;
  return new Set([...changed.map(({ infoHash }) => infoHash), ...removed]);
}
