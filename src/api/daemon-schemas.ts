// Shapes of a daemon's requests and replies. One definition gives the types, the validation at the server and the OpenAPI
// document. Sizes are bytes, rates bytes per second, times epoch milliseconds. Names, clients and trackers' words come
// from others: they are untrusted text.

import { type Static, Type } from 'typebox';
import { MAX_TERM } from '../protocol/file-selection.ts';
import { orNull } from './schema-parts.ts';
import { Settings } from './settings-schemas.ts';

const InfoHash = Type.String({ pattern: '^[0-9a-f]{40}$', description: 'v1 info-hash in hex' });
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Time = Type.Number({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Epoch milliseconds' });
const Rate = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'Bytes per second; 0: no limit',
});
const Ratio = Type.Number({ minimum: 0, maximum: 1e6 });
const Path = Type.String({ minLength: 1, maxLength: 4096 });
const Url = Type.String({ minLength: 1, maxLength: 2048 });

/** What unknown members of a request mean is never guessed. */
const STRICT = { additionalProperties: false };

export const Label = Type.String({ minLength: 1, maxLength: 64, pattern: '^[^,\\u0000-\\u001f\\u007f]+$' });
const Labels = Type.Array(Label, { maxItems: 32 });

export const TorrentLimits = Type.Object(
  {
    down: Type.Optional(Rate),
    up: Type.Optional(Rate),
    ratio: Type.Optional(orNull(Ratio)),
    seedTime: Type.Optional(orNull(Count)),
    idleTime: Type.Optional(orNull(Count)),
  },
  {
    ...STRICT,
    description:
      'Of one torrent. It stops seeding at this ratio, after so many seconds of seeding, or after so many without an upload; absent: as the daemon says, null: never',
  },
);
export type TorrentLimits = Static<typeof TorrentLimits>;

const TorrentState = Type.Union(
  [
    Type.Literal('queued'),
    Type.Literal('metadata'),
    Type.Literal('checking'),
    Type.Literal('downloading'),
    Type.Literal('seeding'),
    Type.Literal('paused'),
    Type.Literal('finished'),
    Type.Literal('failed'),
  ],
  { description: 'queued waits for its turn; finished has reached the ratio or time up to which it was to seed' },
);
export type TorrentState = Static<typeof TorrentState>;

export const Failure = Type.Object({
  code: Type.String({ description: 'Stable code, ERR_…' }),
  message: Type.String(),
  reason: Type.Optional(Type.String()),
});
export type Failure = Static<typeof Failure>;

/** What a list shows of a torrent, and what the event stream keeps up to date. */
export const TorrentRow = Type.Object({
  infoHash: InfoHash,
  name: Type.String(),
  state: TorrentState,
  path: Type.String({ description: 'Where the data is or will be' }),
  size: Type.Integer({ minimum: 0, description: '0 until the metadata is known' }),
  have: Type.Integer({ minimum: 0, description: 'Bytes verified and written' }),
  wanted: Type.Integer({
    minimum: 0,
    description: 'Bytes that are here when it is done: what is here, and what is to come of the files that are wanted',
  }),
  pieceCount: Count,
  piecesHave: Count,
  piecesWanted: Type.Integer({ minimum: 0, description: 'Pieces that are here when it is done, as `wanted`' }),
  downloaded: Type.Integer({ minimum: 0, description: 'Payload bytes received, over all runs' }),
  uploaded: Type.Integer({ minimum: 0, description: 'Payload bytes sent, over all runs' }),
  wasted: Type.Integer({ minimum: 0, description: 'Received in this run and thrown away' }),
  down: Count,
  up: Count,
  peers: Count,
  seeds: Count,
  checked: Type.Number({ minimum: 0, maximum: 1, description: 'Progress of a check' }),
  labels: Type.Array(Type.String()),
  limits: TorrentLimits,
  position: Type.Integer({ minimum: 0, description: 'Place in the queue, 0 first' }),
  added: Time,
  done: orNull(Time),
  sequential: Type.Boolean({ description: 'Pieces are fetched in their order' }),
  private: Type.Boolean(),
  error: orNull(Failure),
  waiting: orNull(Failure, 'Why it waits and goes on by itself: the disk is full, say'),
});
export type TorrentRow = Static<typeof TorrentRow>;

export const SessionReply = Type.Object({
  version: Type.String(),
  started: Time,
  port: Type.Integer({ minimum: 1, maximum: 65535, description: 'Where peers reach it' }),
  listen: Type.Array(Type.String()),
  downloads: Type.String({ description: 'Where downloads go that say nothing else' }),
  roots: Type.Array(Type.String(), { description: 'Directories below which data may be put by callers of this API' }),
  shareRoot: Type.String({ description: 'Where what is sent to it is kept' }),
  publisher: Type.String({ description: 'Its own key: who publishes what it shares' }),
  trackers: Type.Array(Type.String()),
  free: Type.Integer({ minimum: 0, description: 'Bytes free where downloads go' }),
  down: Count,
  up: Count,
  downloaded: Type.Integer({ minimum: 0, description: 'Since it was started' }),
  uploaded: Count,
  torrents: Type.Object({ all: Count, active: Count, paused: Count, failed: Count }),
  settings: Settings,
  locked: Type.Array(Type.Object({ name: Type.String(), by: Type.String() }), {
    description: 'Settings that a flag, an environment variable or the config file has fixed',
  }),
});
export type SessionReply = Static<typeof SessionReply>;

export const LoginBody = Type.Object({ token: Type.String({ minLength: 1, maxLength: 256 }) }, STRICT);
export const DoneReply = Type.Object({ done: Type.Literal(true) });

export const TorrentParams = Type.Object({ infoHash: InfoHash });

export const TorrentsQuery = Type.Object({
  label: Type.Optional(Label),
  state: Type.Optional(TorrentState),
  q: Type.Optional(Type.String({ maxLength: 255, description: 'Part of the name, in any case' })),
});
export const TorrentsReply = Type.Object({ torrents: Type.Array(TorrentRow) });

export const AddBody = Type.Object(
  {
    magnet: Type.Optional(Type.String({ minLength: 1, maxLength: 1024 * 1024 })),
    torrent: Type.Optional(Type.String({ minLength: 1, description: 'Base64 of a .torrent file' })),
    url: Type.Optional(Url),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: 'In the catalog of the trackers' })),
    version: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
    publisher: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
    trust: Type.Optional(Type.Boolean({ description: 'Accept that the name changed hands' })),
    directory: Type.Optional(Type.String({ ...Path, description: 'The folder that gets it under its own name' })),
    path: Type.Optional(Type.String({ ...Path, description: 'The file or folder itself' })),
    overwrite: Type.Optional(Type.Boolean()),
    paused: Type.Optional(Type.Boolean()),
    labels: Type.Optional(Labels),
    limits: Type.Optional(TorrentLimits),
    trackers: Type.Optional(Type.Array(Url, { maxItems: 256 })),
    peers: Type.Optional(Type.Array(Type.String({ maxLength: 260, description: 'ADDRESS:PORT' }), { maxItems: 256 })),
    files: Type.Optional(
      Type.Array(Type.Union([Count, Type.String({ minLength: 1, maxLength: MAX_TERM })]), {
        minItems: 1,
        maxItems: 100_000,
        description:
          "Fetch only these: numbers of files, lists such as '0,2,4-6', or patterns of paths such as '*.flac'; default those that the link names, else all",
      }),
    ),
    sequential: Type.Optional(Type.Boolean()),
    originals: Type.Optional(
      Type.Array(Path, {
        maxItems: 1_000_000,
        description:
          'Seed these files where they lie: the absolute path of each file of the torrent in order; only for the owner',
      }),
    ),
  },
  { ...STRICT, description: 'Exactly one of magnet, torrent, url and name' },
);
export type AddBody = Static<typeof AddBody>;

export const AddReply = Type.Object({
  added: Type.Boolean({ description: 'False: it was here' }),
  torrent: TorrentRow,
});

export const ChangeBody = Type.Object(
  {
    labels: Type.Optional(Labels),
    limits: Type.Optional(TorrentLimits),
    position: Type.Optional(Count),
    sequential: Type.Optional(Type.Boolean({ description: 'Fetch pieces in their order' })),
    trackers: Type.Optional(Type.Array(Url, { maxItems: 256, description: 'Announce to these as well' })),
    onlyTrackers: Type.Optional(
      Type.Array(Type.Array(Url, { maxItems: 256 }), {
        maxItems: 256,
        description: 'In tiers: announce to these from now on, and to no others',
      }),
    ),
    peers: Type.Optional(Type.Array(Type.String({ maxLength: 260 }), { maxItems: 256, description: 'Try these' })),
  },
  STRICT,
);
export type ChangeBody = Static<typeof ChangeBody>;

export const RemoveQuery = Type.Object({
  data: Type.Optional(Type.Boolean({ default: false, description: 'Delete its data, too' })),
  state: Type.Optional(
    Type.Boolean({
      default: true,
      description: 'Forget what is known of its data, too; false: a later add goes on from there',
    }),
  ),
});
export const RemoveReply = Type.Object({
  removed: Type.Literal(true),
  kept: Type.Array(Type.String(), {
    description:
      'Files that stay although the data was to go: not put there by it, changed since, or impossible to delete',
  }),
});
export const MoveBody = Type.Object({ directory: Path }, STRICT);

export const FilePriority = Type.Union(
  [Type.Literal('skip'), Type.Literal('low'), Type.Literal('normal'), Type.Literal('high')],
  { description: 'skip: not fetched' },
);
export type FilePriority = Static<typeof FilePriority>;

export const FilesReply = Type.Object({
  files: Type.Array(
    Type.Object({
      index: Type.Integer({ minimum: 0, description: 'Number in the metadata, where pads count' }),
      path: Type.String({ description: 'Below the torrent, joined by slashes' }),
      size: Count,
      offset: Type.Integer({ minimum: 0, description: 'Of its first byte in all of the torrent' }),
      have: Count,
      priority: FilePriority,
    }),
  ),
});
export type FilesReply = Static<typeof FilesReply>;

export const FilesChange = Type.Object(
  {
    files: Type.Array(Type.Object({ index: Count, priority: FilePriority }, STRICT), {
      maxItems: 1_000_000,
      description: 'Those that are not named stay as they are',
    }),
  },
  STRICT,
);
export type FilesChange = Static<typeof FilesChange>;

export const StreamFileParams = Type.Object({
  ...TorrentParams.properties,
  index: Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'Number in the metadata' }),
});
export const StreamReply = Type.Object({
  url: Type.String({ description: 'As the caller reaches this daemon' }),
  path: Type.String({ description: 'The same without the host' }),
  expires: Time,
});
export const StreamParams = Type.Object({
  token: Type.String({ minLength: 1, maxLength: 64 }),
  name: Type.String({ minLength: 1, maxLength: 1024 }),
});

export const PeerRow = Type.Object({
  address: Type.String(),
  client: Type.String(),
  outgoing: Type.Boolean(),
  pieces: Count,
  downloaded: Count,
  uploaded: Count,
  down: Type.Number({ minimum: 0 }),
  up: Type.Number({ minimum: 0 }),
  chokedByPeer: Type.Boolean(),
  chokedByUs: Type.Boolean(),
  interestedInPeer: Type.Boolean(),
  interestedInUs: Type.Boolean(),
});
export type PeerRow = Static<typeof PeerRow>;
export const PeersReply = Type.Object({ pieceCount: Count, peers: Type.Array(PeerRow) });

export const TrackersReply = Type.Object({
  trackers: Type.Array(
    Type.Object({
      url: Type.String(),
      tier: Count,
      lastAnswer: Type.Number({ description: 'Epoch milliseconds; 0: none yet' }),
      failure: orNull(Type.String()),
      seeds: orNull(Count),
      peers: orNull(Count),
    }),
  ),
});
export type TrackersReply = Static<typeof TrackersReply>;

export const PiecesReply = Type.Object({
  pieceCount: Count,
  pieceLength: Count,
  pieces: Type.String({
    description: 'Base64, a byte a piece: 0 missing, 1 arriving, 2 have, 3 wanted and no connected peer has it',
  }),
});

const LastSeen = orNull(
  Type.Object({ address: Type.String({ description: 'HOST:PORT' }), at: Time }),
  'Who left last, since it runs, with wanted pieces that no connected peer has',
);

export const StripsQuery = Type.Object({
  torrents: Type.String({
    pattern: '^[0-9a-f]{40}(,[0-9a-f]{40}){0,63}$',
    description: 'Info-hashes with commas between them; those that are not here are left out of the reply',
  }),
  cells: Type.Optional(Type.Integer({ minimum: 1, maximum: 1024, default: 128 })),
});
export const StripsReply = Type.Object({
  strips: Type.Array(
    Type.Object({
      infoHash: InfoHash,
      cells: Type.String({
        description:
          'Base64, a byte a cell, each for equally many pieces: how much of it is here (0 to 63) times four, plus what stands out among the rest (0 missing, 1 arriving, 3 nobody has it)',
      }),
      nowhere: Type.Integer({ minimum: 0, description: 'Pieces that are wanted and that no connected peer has' }),
      lastSeen: LastSeen,
    }),
  ),
});
export type StripsReply = Static<typeof StripsReply>;

export const LiveReply = Type.Object({
  running: Type.Boolean(),
  status: Type.Object({
    ...TorrentRow.properties,
    reused: Type.Integer({ minimum: 0, description: 'Bytes found on disk that passed their hash' }),
    failedPieces: Count,
  }),
  peers: Type.Array(PeerRow),
  trackers: TrackersReply.properties.trackers,
  pieces: PiecesReply.properties.pieces,
});
export type LiveReply = Static<typeof LiveReply>;

const Times = Type.Record(Type.String(), Type.Number());
export const WhyReply = Type.Object({
  infoHash: InfoHash,
  name: Type.String(),
  size: Count,
  have: Count,
  wanted: Count,
  limits: Type.Object({ down: Type.Number(), up: Type.Number() }),
  times: Times,
  connected: Count,
  piecesNowhere: Count,
  lastSeen: LastSeen,
  peers: Type.Array(
    Type.Object({
      address: Type.String(),
      client: Type.String(),
      downloaded: Count,
      uploaded: Count,
      down: Times,
      up: Times,
    }),
  ),
});
export type WhyReply = Static<typeof WhyReply>;
