// Shapes of what a daemon tells of the catalogs of its trackers, merged. Sizes are bytes, times epoch seconds as trackers
// tell them. Names come from publishers: they are untrusted text.

import { type Static, Type } from 'typebox';
import { Failure } from './daemon-schemas.ts';
import { orNull } from './schema-parts.ts';
import { FileReply, FileSummary, NameParams, VersionQuery } from './schemas.ts';

export const CatalogQuery = Type.Object({
  query: Type.Optional(
    Type.String({ maxLength: 255, description: 'Words; each must be part of the name, in any case' }),
  ),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100, description: 'From each tracker' })),
  after: Type.Optional(Type.String({ maxLength: 16_384, description: '`next` of the page before' })),
});

export const CatalogRow = Type.Object({
  ...FileSummary.properties,
  trackers: Type.Array(Type.String(), { description: 'Base URLs of those that have this version' }),
  own: Type.Boolean({ description: 'Published by this daemon' }),
});
export type CatalogRow = Static<typeof CatalogRow>;

export const CatalogReply = Type.Object({
  files: Type.Array(CatalogRow, {
    description: 'By name. Where trackers differ, one may come again on a later page: of another tracker',
  }),
  total: Type.Integer({ minimum: 0, description: 'Names in the largest of the catalogs' }),
  trackers: Type.Array(Type.Object({ url: Type.String(), error: orNull(Failure) }), {
    description: 'Who was asked, and why one did not answer',
  }),
  next: Type.Optional(Type.String({ description: 'Goes on where this page ends; absent on the last' })),
});
export type CatalogReply = Static<typeof CatalogReply>;

export const CatalogParams = NameParams;
export const CatalogEntryQuery = VersionQuery;

const { entry: _entry, signature: _signature, ...told } = FileReply.properties;
export const CatalogEntryReply = Type.Object({
  ...told,
  own: Type.Boolean({ description: 'Published by this daemon' }),
  firstContact: Type.Boolean({ description: 'Nothing was known of this name before' }),
  foundOn: Type.Array(Type.String(), { description: 'Base URLs of the trackers that have it' }),
  warnings: Type.Array(Type.String()),
  versions: Type.Array(FileSummary, { description: 'Newest first' }),
  contents: Type.Array(Type.Object({ path: Type.String(), size: Type.Integer({ minimum: 0 }) }), {
    description: 'The first thousand of its files',
  }),
});
export type CatalogEntryReply = Static<typeof CatalogEntryReply>;
