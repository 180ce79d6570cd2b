// The catalogs of the daemon's trackers for its callers: searched as one, one name looked at. What trackers say is told as
// they say it, except where it is signed.

import type { FastifyReply } from 'fastify';
import type { CatalogEntryReply, CatalogReply } from '../api/daemon-catalog-schemas.ts';
import type { DaemonRoutes } from '../api/daemon-routes.ts';
import { describeName } from '../engine/catalog.ts';
import { listPage } from '../engine/catalog-page.ts';
import { normalizeTrackers } from '../engine/catalog-trackers.ts';
import { HttpError } from '../http/problem.ts';
import type { HandlersFor } from '../http/route-table.ts';
import type { Pins } from '../io/stores/pins.ts';
import type { Access } from './access.ts';
import { describeFailure } from './torrent-row.ts';

export interface CatalogContext {
  /** Base URLs. */
  readonly trackers: readonly string[];
  readonly pins: Pins;
  /** The daemon's own key. */
  readonly publisher: string;
}

const MAX_CONTENTS = 1000;

export function catalogHandlers({
  trackers,
  pins,
  publisher,
}: CatalogContext): HandlersFor<Pick<DaemonRoutes, 'catalog' | 'catalogEntry'>, Access> {
  return {
    async catalog({ query: { query = '', limit = 100, after }, reply }): Promise<CatalogReply> {
      if (trackers.length === 0) return { files: [], total: 0, trackers: [] };
      const asking = { retryFor: 0, signal: untilGone(reply) };
      const page = await listPage({ trackers, query, limit, after, ...asking });
      return {
        files: page.files.map((file) => ({ ...file, own: file.publisher === publisher })),
        total: page.total,
        trackers: normalizeTrackers(trackers).flatMap((url) => {
          const failure = page.failures.find(({ tracker }) => tracker === url);
          return failure === undefined && !page.answered.includes(url)
            ? []
            : [{ url, error: describeFailure(failure?.error) }];
        }),
        ...(page.next === undefined ? {} : { next: page.next }),
      };
    },
    async catalogEntry({ params, query: { version }, reply }): Promise<CatalogEntryReply> {
      if (trackers.length === 0)
        throw new HttpError(404, 'ERR_NOT_IN_CATALOG', 'this daemon has no tracker, and so no catalog', {
          reason: 'no_tracker',
        });
      const name = params.name.normalize('NFC');
      const asking = { retryFor: 0, signal: untilGone(reply) };
      const found = await describeName({ trackers, name, version, pins, ...asking });
      const { entry: _entry, signature: _signature, ...told } = found.told;
      const { entry, metainfo } = found;
      return {
        ...told,
        // As it was signed, whatever else the tracker says.
        name: entry.name,
        publisher: entry.publisher,
        seq: entry.seq,
        size: entry.size,
        infoHash: entry.infoHash,
        files: metainfo.files.length,
        own: entry.publisher === publisher,
        firstContact: found.firstContact,
        foundOn: found.foundOn,
        warnings: found.warnings,
        versions: found.versions,
        contents: metainfo.files
          .filter(({ pad }) => !pad)
          .slice(0, MAX_CONTENTS)
          .map(({ path, length }) => ({ path: path.join('/'), size: length })),
      };
    },
  };
}

/** Who types on does not wait for the answer any more. */
function untilGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return gone.signal;
}
