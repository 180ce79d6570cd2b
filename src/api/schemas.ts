// Shapes of the catalog's requests and replies. One definition gives the types, the validation at the server and the
// OpenAPI document. Sizes are bytes, times epoch seconds. Everything a reply contains came from others: names and
// addresses are untrusted text.

import { type Static, Type } from 'typebox';
import { MAX_TORRENT_LENGTH } from './endpoints.ts';

const Key = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Raw ed25519 public key in hex' });
const Sha256 = Type.String({ pattern: '^([0-9a-f]{64})?$', description: 'SHA-256 in hex, empty for none' });
const InfoHash = Type.String({ pattern: '^[0-9a-f]{40}$', description: 'v1 info-hash in hex' });
const Name = Type.String({ minLength: 1, maxLength: 255 });
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Version = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const SignedBytes = Type.String({
  maxLength: 12_000,
  description: 'Base64 of the signed bytes: "shoal-entry-v1\\0" and a canonical bencoded dictionary',
});
const Signature = Type.String({ maxLength: 88, description: 'Base64 of the ed25519 signature over the signed bytes' });

export const NameParams = Type.Object({ name: Name });

export const PublishBody = Type.Object({
  entry: SignedBytes,
  signature: Signature,
  torrent: Type.String({
    // Bounded by the endpoint's body limit: counting the characters of ten megabytes would hold up announces.
    description: `Base64 of the .torrent file, which may have ${MAX_TORRENT_LENGTH} bytes`,
  }),
});
export type PublishBody = Static<typeof PublishBody>;

export const UnpublishBody = Type.Union([Type.Object({ entry: SignedBytes, signature: Signature }), Type.Null()]);
export type UnpublishBody = Static<typeof UnpublishBody>;

/** What a list shows of an entry. */
export const FileSummary = Type.Object({
  name: Name,
  publisher: Key,
  seq: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Version' }),
  size: Count,
  infoHash: InfoHash,
  files: Type.Integer({ minimum: 0, description: 'Number of files in the torrent' }),
  published: Type.Integer({ minimum: 0, description: 'When this tracker took this version' }),
  seeds: Count,
  peers: Type.Integer({ minimum: 0, description: 'Peers that are not seeds' }),
});
export type FileSummary = Static<typeof FileSummary>;

export const FileReply = Type.Object({
  ...FileSummary.properties,
  latest: Type.Integer({ minimum: 1, description: 'The newest version of this name' }),
  since: Type.Integer({ minimum: 0, description: 'Since when the name belongs to this publisher here' }),
  pieceLength: Count,
  pieces: Count,
  private: Type.Boolean(),
  completed: Type.Integer({ minimum: 0, description: 'Downloads that ended since the tracker knows the swarm' }),
  magnet: Type.String(),
  announce: Type.Array(Type.String(), { description: 'Announce URLs of this tracker for the swarm' }),
  lookalikes: Type.Array(Name, { description: 'Other names in the catalog that look like this one' }),
  entry: SignedBytes,
  signature: Signature,
});
export type FileReply = Static<typeof FileReply>;

export const ListQuery = Type.Object({
  q: Type.Optional(Type.String({ maxLength: 255, description: 'Words; each must be part of the name, in any case' })),
  cursor: Type.Optional(Type.String({ maxLength: 1024, description: '`next` of the page before' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
});
export type ListQuery = Static<typeof ListQuery>;

export const ListReply = Type.Object({
  files: Type.Array(FileSummary),
  total: Type.Integer({ minimum: 0, description: 'Names in the whole catalog' }),
  next: Type.Optional(Type.String({ description: 'Cursor of the next page; absent on the last' })),
});
export type ListReply = Static<typeof ListReply>;

export const VersionQuery = Type.Object({ version: Type.Optional(Version) });
export type VersionQuery = Static<typeof VersionQuery>;

export const VersionsReply = Type.Object({ versions: Type.Array(FileSummary) });
export type VersionsReply = Static<typeof VersionsReply>;

export const HeadQuery = Type.Object({ publisher: Key });
export type HeadQuery = Static<typeof HeadQuery>;

export const HeadReply = Type.Object({
  seq: Type.Integer({ minimum: 0, description: '0: this publisher has nothing under this name' }),
  hash: Sha256,
  entry: Type.String({ maxLength: 12_000, description: 'Base64 of the signed bytes of that record; empty for none' }),
  signature: Type.String({ maxLength: 88 }),
});
export type HeadReply = Static<typeof HeadReply>;

export const PublishReply = Type.Object({
  outcome: Type.Union([Type.Literal('created'), Type.Literal('same'), Type.Literal('newVersion')]),
  file: FileReply,
  warnings: Type.Array(Type.String()),
});
export type PublishReply = Static<typeof PublishReply>;

export const UnpublishReply = Type.Object({
  name: Name,
  removed: Type.Integer({ minimum: 0, description: 'Versions taken out' }),
});
export type UnpublishReply = Static<typeof UnpublishReply>;

export const HealthReply = Type.Object({ status: Type.Literal('ok'), files: Count });
export type HealthReply = Static<typeof HealthReply>;

export const ClosedReply = Type.Object({ closed: Type.Literal(true) });
export type ClosedReply = Static<typeof ClosedReply>;

export const OpenApiReply = Type.Object({ openapi: Type.String() }, { additionalProperties: true });
export type OpenApiReply = Static<typeof OpenApiReply>;

/** RFC 9457. */
export const Problem = Type.Object({
  type: Type.String({ description: 'urn:shoal:error:ERR_…' }),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.String({ description: 'Stable code, ERR_…' }),
  reason: Type.Optional(Type.String({ description: 'Finer reason inside the code' })),
  near: Type.Optional(Type.Array(Name, { description: 'Names in the catalog near the one asked for' })),
});
export type Problem = Static<typeof Problem>;
