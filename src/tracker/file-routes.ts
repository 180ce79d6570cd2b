// The catalog over HTTP: handlers that turn requests into calls of the catalog and entries into replies, with the swarm's
// counts beside them. Decides nothing about who may publish what; the catalog does.

import type { FastifyRequest } from 'fastify';
import type { FileReply, FileSummary } from '../api/schemas.ts';
import { HttpError } from '../http/problem.ts';
import { decodeEntry } from '../protocol/entry.ts';
import { formatMagnet } from '../protocol/magnet.ts';
import { parseMetainfo } from '../protocol/metainfo.ts';
import type { Catalog } from './catalog.ts';
import { sha1 } from './catalog-rules.ts';
import type { CatalogEntry, CatalogFile } from './catalog-types.ts';
import { announceUrlFor } from './public-address.ts';
import type { Handlers } from './route-handler.ts';
import { withAnnounce } from './torrent-file.ts';

/** What the catalog's replies need to know of swarms. */
export interface SwarmCounts {
  counts(infoHash: string, now: number): { seeds: number; peers: number; completed: number };
  /** Ends a swarm; `final`: for good, and its peers are told so. */
  disallow(infoHash: string, options: { final: boolean }): void;
}

export interface FileRoutesOptions {
  catalog: Catalog;
  swarms: SwarmCounts;
  /** The clock of the registry. */
  now: () => number;
  publicUrl: string | undefined;
}

type FileHandlers = Pick<Handlers, 'publish' | 'list' | 'lookup' | 'versions' | 'head' | 'torrent' | 'unpublish'>;

const DEFAULT_LIMIT = 50;

export function summarize(file: CatalogFile, { swarms, now }: Pick<FileRoutesOptions, 'swarms' | 'now'>): FileSummary {
  const { seeds, peers } = swarms.counts(file.infoHash, now());
  const { name, publisher, seq, size, infoHash, files, published } = file;
  return { name, publisher, seq, size, infoHash, files, published, seeds, peers };
}

export function fileHandlers(options: FileRoutesOptions): FileHandlers {
  const { catalog, swarms, now, publicUrl } = options;

  const describe = (entry: CatalogEntry, request: FastifyRequest): FileReply => {
    const announce = announceUrlFor(request.raw, publicUrl);
    return {
      ...summarize(entry, options),
      completed: swarms.counts(entry.infoHash, now()).completed,
      latest: entry.latest,
      since: entry.since,
      pieceLength: entry.pieceLength,
      pieces: entry.pieces,
      private: entry.private,
      magnet: formatMagnet({
        infoHash: entry.infoHash,
        name: entry.name,
        length: entry.size,
        trackers: [announce, ...otherTrackers(entry, announce)],
      }),
      announce: [announce],
      lookalikes: entry.lookalikes,
      entry: encodeBase64(entry.entry),
      signature: encodeBase64(entry.signature),
    };
  };

  const notFound = async (name: string, version: number | undefined): Promise<HttpError> => {
    const latest = version === undefined ? undefined : await catalog.lookup(name);
    if (latest !== undefined)
      return new HttpError(
        404,
        'ERR_NOT_IN_CATALOG',
        `${JSON.stringify(name)} has no version ${version} in this catalog; the newest is ${latest.latest}`,
        { reason: 'no_such_version' },
      );
    const near = await catalog.near(name);
    const hint = near.length === 0 ? '' : `; did you mean ${near.map((each) => JSON.stringify(each)).join(' or ')}?`;
    return new HttpError(404, 'ERR_NOT_IN_CATALOG', `there is no ${JSON.stringify(name)} in this catalog${hint}`, {
      near,
    });
  };

  return {
    async publish({ body, request, reply }) {
      const result = await catalog.publish({
        torrent: decodeBase64(body.torrent, 'torrent'),
        entry: decodeBase64(body.entry, 'entry'),
        signature: decodeBase64(body.signature, 'signature'),
        sourceAddress: request.raw.socket.remoteAddress ?? '',
      });
      reply.code(result.outcome === 'same' ? 200 : 201);
      return { outcome: result.outcome, file: describe(result.file, request), warnings: result.warnings };
    },

    async list({ query }) {
      const { q = '', cursor, limit = DEFAULT_LIMIT } = query;
      const { files, next, total } = await catalog.list({ query: q, cursor, limit });
      return { files: files.map((file) => summarize(file, options)), total, ...(next === undefined ? {} : { next }) };
    },

    async lookup({ params, query, request }) {
      const entry = await catalog.lookup(params.name, query.version);
      if (entry === undefined) throw await notFound(params.name, query.version);
      return describe(entry, request);
    },

    async versions({ params }) {
      const versions = await catalog.versions(params.name);
      if (versions.length === 0) throw await notFound(params.name, undefined);
      return { versions: versions.map((file) => summarize(file, options)) };
    },

    async head({ params, query }) {
      const { seq, hash, entry, signature } = await catalog.head(params.name, query.publisher);
      return { seq, hash, entry: encodeBase64(entry), signature: encodeBase64(signature) };
    },

    async torrent({ params, query, request, reply }) {
      const [torrent, entry] = await Promise.all([
        catalog.torrent(params.name, query.version),
        catalog.lookup(params.name, query.version),
      ]);
      if (torrent === undefined || entry === undefined) throw await notFound(params.name, query.version);
      const announce = announceUrlFor(request.raw, publicUrl);
      const metainfo = parseMetainfo(torrent.bytes, sha1);
      const known = new Set([announce]);
      const tiers = [[announce]];
      for (const tier of [...otherTrackers(entry, announce).map((url) => [url]), ...metainfo.announce]) {
        const fresh = tier.filter((url) => !known.has(url));
        for (const url of fresh) known.add(url);
        if (fresh.length > 0) tiers.push(fresh);
      }
      void reply.header(
        'content-disposition',
        `attachment; filename="${infoHashName(torrent.infoHash)}"; filename*=UTF-8''${encodeHeader(`${params.name}.torrent`)}`,
      );
      return withAnnounce(torrent.bytes, tiers);
    },

    async unpublish({ params, body, operator }) {
      if (body !== null && body !== undefined) {
        const entry = decodeBase64(body.entry, 'entry');
        const signature = decodeBase64(body.signature, 'signature');
        return { name: params.name, ...(await catalog.unpublish(params.name, { entry, signature })) };
      }
      if (!operator)
        throw new HttpError(
          401,
          'ERR_NOT_ALLOWED',
          'taking a name out needs the signed removal of its publisher or the admin token of the tracker',
          { reason: 'no_proof' },
        );
      const versions = await catalog.versions(params.name);
      const result = await catalog.removeAsOperator(params.name).catch(async (error) => {
        throw error.code === 'ERR_NOT_IN_CATALOG' ? await notFound(params.name, undefined) : error;
      });
      // What its publisher took out may come back; what the operator took out is over for everyone who still asks.
      for (const { infoHash } of versions) if (!catalog.has(infoHash)) swarms.disallow(infoHash, { final: true });
      return { name: params.name, ...result };
    },
  };
}

/** Announce URLs of the trackers an entry names, without this one; none for a private torrent (BEP 27). */
function otherTrackers(entry: CatalogEntry, own: string): string[] {
  if (entry.private) return [];
  const record = decodeEntry(entry.entry);
  if (record.type !== 'file') return [];
  return record.trackers.map((url) => `${url.replace(/\/+$/, '')}/announce`).filter((url) => url !== own);
}

function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function decodeBase64(text: string, what: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  // Buffer skips what is not base64; then the lengths disagree.
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  if (bytes.length !== Math.floor(((text.length - padding) * 3) / 4))
    throw new HttpError(400, 'ERR_USAGE', `${what} is not base64`, { reason: 'not_base64' });
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** For programs that do not know RFC 5987: a name without any character that could need care. */
function infoHashName(infoHash: string): string {
  return `${infoHash}.torrent`;
}

function encodeHeader(text: string): string {
  return encodeURIComponent(text).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}
