// Shapes of what a daemon remembers, and of the picture of a swarm. Rates are bytes per second, times epoch milliseconds.
// Names, clients and texts come from others: they are untrusted text.

import { type Static, Type } from 'typebox';
import { orNull } from './schema-parts.ts';

const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const InfoHash = Type.String({ pattern: '^[0-9a-f]{40}$', description: 'v1 info-hash in hex' });

export const HistoryQuery = Type.Object({
  infoHash: Type.Optional(Type.String({ ...InfoHash, description: 'Absent: all together' })),
  range: Type.Optional(Type.Union([Type.Literal('1m'), Type.Literal('1h'), Type.Literal('1d')], { default: '1m' })),
});
export const HistoryReply = Type.Object({
  step: Type.Number({ description: 'Seconds between points' }),
  from: Type.Number({ description: 'Beginning of the first step' }),
  down: Type.Array(Count, { description: 'The oldest first, up to the step that is not over yet' }),
  up: Type.Array(Count),
});
export type HistoryReply = Static<typeof HistoryReply>;

export const ActivityLine = Type.Object({
  id: Type.Integer({ minimum: 1, description: 'Grows by one, over restarts too' }),
  at: Type.Number(),
  kind: Type.Union([
    Type.Literal('added'),
    Type.Literal('complete'),
    Type.Literal('failed'),
    Type.Literal('finished'),
    Type.Literal('paused'),
    Type.Literal('resumed'),
    Type.Literal('moved'),
    Type.Literal('removed'),
    Type.Literal('shared'),
    Type.Literal('warning'),
  ]),
  level: Type.Union([Type.Literal('info'), Type.Literal('warning'), Type.Literal('error')]),
  infoHash: orNull(Type.String()),
  name: orNull(Type.String()),
  text: Type.String(),
});
export type ActivityLine = Static<typeof ActivityLine>;

export const ActivityQuery = Type.Object({
  after: Type.Optional(Type.Integer({ ...Count, default: 0, description: 'Only lines with a higher id' })),
  infoHash: Type.Optional(InfoHash),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 2000, default: 200, description: 'The newest so many' })),
});
export const ActivityReply = Type.Object({ lines: Type.Array(ActivityLine) });

export const SwarmQuery = Type.Object({
  groups: Type.Optional(Type.Integer({ minimum: 1, maximum: 512, default: 128, description: 'Columns at most' })),
});
const Shares = Type.Array(Type.Integer({ minimum: 0, maximum: 255 }), {
  description: 'Of each group: 0 nothing, 255 all of it',
});
export const SwarmReply = Type.Object({
  pieceCount: Count,
  pieceGroups: Type.Integer({ minimum: 0, description: 'Columns: 0 until the metadata is known' }),
  own: Shares,
  rows: Type.Array(
    Type.Object({ address: Type.String(), client: Type.String(), outgoing: Type.Boolean(), have: Shares }),
  ),
  copies: Type.Array(Count, {
    description: 'Of the rarest piece of each group, among this daemon and those it is connected to',
  }),
});
export type SwarmReply = Static<typeof SwarmReply>;
