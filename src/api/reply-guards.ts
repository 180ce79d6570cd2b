// Whether a reply has the shape it should have. A tracker is somebody else's machine: nothing it says is used before it
// has passed here. Written by hand against the schemas' types, so that a client needs no schema library; a property
// left out here does not compile.

import type { ReplyOf, RouteName } from './routes.ts';
import type {
  ClosedReply,
  FileReply,
  FileSummary,
  HeadReply,
  HealthReply,
  ListReply,
  OpenApiReply,
  PublishReply,
  UnpublishReply,
  VersionsReply,
} from './schemas.ts';
import type { AvailabilityReply, HeartbeatReply, OpenSessionReply, PeersReply, SwarmPeer } from './session-schemas.ts';

export type Guard<T> = (value: unknown) => value is T;

/** Strings longer than this are nobody's name, key, magnet or record. */
const MAX_TEXT = 65_536;
const MAX_ITEMS = 100_000;

export const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= MAX_TEXT;

export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Versions begin at 1. */
const isVersion = (value: unknown): value is number => isCount(value) && value > 0;

export const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';

export function matching(pattern: RegExp): Guard<string> {
  return (value): value is string => typeof value === 'string' && pattern.test(value);
}

export function oneOf<const T extends string>(...values: readonly T[]): Guard<T> {
  return (value): value is T => values.includes(value as T);
}

export function listOf<T>(item: Guard<T>): Guard<T[]> {
  return (value): value is T[] => Array.isArray(value) && value.length <= MAX_ITEMS && value.every(item);
}

/** May be absent. */
export function maybe<T>(guard: Guard<T>): Guard<T | undefined> {
  return (value): value is T | undefined => value === undefined || guard(value);
}

/** An object with at least these properties; a tracker of a later version may say more. */
export function shape<T>(guards: { [K in keyof T]-?: Guard<T[K]> }): Guard<T> {
  const entries = Object.entries(guards) as [keyof T, Guard<unknown>][];
  return (value): value is T =>
    typeof value === 'object' && value !== null && entries.every(([key, guard]) => guard((value as T)[key]));
}

const isSeconds = (value: unknown): value is number => Number.isFinite(value) && (value as number) >= 0;
const isKey = matching(/^[0-9a-f]{64}$/);
export const isInfoHash = matching(/^[0-9a-f]{40}$/);
const isBitfield = (value: unknown): value is string => typeof value === 'string' && value.length <= 2 * MAX_TEXT;
const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.length >= 1 && value.length <= 255;

const summary = {
  name: isName,
  publisher: isKey,
  seq: isVersion,
  size: isCount,
  infoHash: isInfoHash,
  files: isCount,
  published: isCount,
  seeds: isCount,
  peers: isCount,
};
const isSummary: Guard<FileSummary> = shape<FileSummary>(summary);

const isFile: Guard<FileReply> = shape<FileReply>({
  ...summary,
  latest: isVersion,
  since: isCount,
  pieceLength: isCount,
  pieces: isCount,
  private: isFlag,
  completed: isCount,
  magnet: isText,
  announce: listOf(isText),
  lookalikes: listOf(isName),
  entry: isText,
  signature: isText,
});

const isSwarmPeer: Guard<SwarmPeer> = shape<SwarmPeer>({
  addresses: listOf(isText),
  client: isText,
  seed: isFlag,
  left: isCount,
  have: maybe(isCount) as Guard<number>,
  pieces: maybe(isBitfield) as Guard<string>,
  age: isSeconds,
  session: isFlag,
});

/** Endpoints whose reply is JSON. */
type JsonRouteName = { [K in RouteName]: ReplyOf<K> extends Uint8Array ? never : K }[RouteName];

export const replyGuards = {
  publish: shape<PublishReply>({
    outcome: oneOf('created', 'same', 'newVersion'),
    file: isFile,
    warnings: listOf(isText),
  }),
  list: shape<ListReply>({ files: listOf(isSummary), total: isCount, next: maybe(isText) as Guard<string> }),
  lookup: isFile,
  versions: shape<VersionsReply>({ versions: listOf(isSummary) }),
  head: shape<HeadReply>({
    seq: isCount,
    hash: matching(/^([0-9a-f]{64})?$/),
    entry: isText,
    signature: isText,
  }),
  unpublish: shape<UnpublishReply>({ name: isName, removed: isCount }),
  openSession: shape<OpenSessionReply>({
    session: matching(/^[0-9a-f]{32}$/),
    every: isSeconds,
    lease: isSeconds,
  }),
  heartbeat: shape<HeartbeatReply>({ resend: listOf(isInfoHash), refused: listOf(isInfoHash) }),
  closeSession: shape<ClosedReply>({ closed: (value): value is true => value === true }),
  peers: shape<PeersReply>({
    infoHash: isInfoHash,
    pieceCount: isCount,
    seeds: isCount,
    peers: isCount,
    completed: isCount,
    swarm: listOf(isSwarmPeer),
  }),
  availability: shape<AvailabilityReply>({
    infoHash: isInfoHash,
    pieceCount: isCount,
    complete: isCount,
    partial: isCount,
    unknown: isCount,
    min: isCount,
    missing: isCount,
    histogram: listOf(shape<{ copies: number; pieces: number }>({ copies: isCount, pieces: isCount })),
    rarest: listOf(shape<{ piece: number; copies: number }>({ piece: isCount, copies: isCount })),
  }),
  openapi: shape<OpenApiReply>({ openapi: isText }),
  health: shape<HealthReply>({ status: oneOf('ok'), files: isCount }),
} satisfies { [K in JsonRouteName]: Guard<ReplyOf<K>> };
