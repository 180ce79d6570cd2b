// Shapes of uploads, shares and directory lists. Sizes are bytes, times epoch milliseconds. Names come from callers and
// from disks: they are untrusted text.

import { type Static, Type } from 'typebox';
import { Failure } from './daemon-schemas.ts';
import { orNull } from './schema-parts.ts';
import { MAX_UPLOAD_FILES } from './share-endpoints.ts';

const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Id = Type.String({ pattern: '^[0-9a-f]{32}$' });
const Name = Type.String({ minLength: 1, maxLength: 255 });
const Path = Type.String({ minLength: 1, maxLength: 4096 });
const STRICT = { additionalProperties: false };

export const UploadParams = Type.Object({ id: Id });
export const SendParams = Type.Object({ id: Id, index: Count });
export const SendQuery = Type.Object({
  offset: Type.Optional(Type.Integer({ ...Count, default: 0, description: '0 begins the file anew' })),
});

const UploadFile = {
  path: Type.Array(Name, { maxItems: 32, description: 'Below the folder; empty for the one file there is' }),
  length: Count,
};

export const StartUploadBody = Type.Object(
  {
    name: Type.String({ ...Name, description: 'Of the file or folder, one component of a path' }),
    files: Type.Array(Type.Object(UploadFile, STRICT), { minItems: 1, maxItems: MAX_UPLOAD_FILES }),
  },
  STRICT,
);
export type StartUploadBody = Static<typeof StartUploadBody>;

export const UploadRow = Type.Object({
  id: Id,
  name: Type.String(),
  files: Count,
  size: Count,
  received: Count,
  started: Type.Number(),
});
export type UploadRow = Static<typeof UploadRow>;
export const UploadsReply = Type.Object({ uploads: Type.Array(UploadRow) });
export const UploadReply = Type.Object({
  ...UploadRow.properties,
  got: Type.Array(Count, { description: 'Bytes of each file that are here: where to go on' }),
  plan: Type.Array(Type.Object(UploadFile), { description: 'What is to be sent, in the order of `got`' }),
});
export type UploadReply = Static<typeof UploadReply>;
export const SendReply = Type.Object({ received: Count, length: Count });
export const CancelReply = Type.Object({ cancelled: Type.Literal(true) });

const Publish = Type.Boolean({ default: true, description: 'False: only a link leads to it' });
const CatalogName = Type.String({ ...Name, description: 'In the catalog; default its own name' });
export const ShareUploadBody = Type.Union([
  Type.Object({ name: Type.Optional(CatalogName), publish: Type.Optional(Publish) }, STRICT),
  Type.Null(),
]);
export const ShareBody = Type.Object(
  { path: Path, name: Type.Optional(CatalogName), publish: Type.Optional(Publish) },
  STRICT,
);

export const ShareRow = Type.Object({
  id: Id,
  name: Type.String({ description: 'In the catalog' }),
  path: Type.String(),
  state: Type.Union([
    Type.Literal('waiting'),
    Type.Literal('hashing'),
    Type.Literal('publishing'),
    Type.Literal('done'),
    Type.Literal('failed'),
  ]),
  hashed: Count,
  size: Type.Integer({ minimum: 0, description: '0 until the files have been found' }),
  started: Type.Number(),
  infoHash: orNull(Type.String()),
  magnet: orNull(Type.String(), 'The link to hand on'),
  version: orNull(Count, 'In the catalog'),
  leftOut: Type.Integer({ minimum: 0, description: 'Things that cannot be shared: sockets, links that lead out, …' }),
  warnings: Type.Array(Type.String()),
  error: orNull(Failure),
});
export type ShareRow = Static<typeof ShareRow>;
export const SharesReply = Type.Object({ shares: Type.Array(ShareRow) });

export const DirectoriesQuery = Type.Object({
  path: Type.Optional(Type.String({ ...Path, description: 'Absent: the allowed directories themselves' })),
});
export const DirectoriesReply = Type.Object({
  path: orNull(Type.String()),
  parent: orNull(Type.String(), 'Null where going up leads out of what is allowed'),
  entries: Type.Array(
    Type.Object({
      name: Type.String(),
      path: Type.String(),
      kind: Type.Union([Type.Literal('folder'), Type.Literal('file')]),
      size: orNull(Count, 'Of a file'),
    }),
  ),
  truncated: Type.Boolean({ description: 'There is more than is told' }),
});
export type DirectoriesReply = Static<typeof DirectoriesReply>;
