// The public shapes of the engine: what goes into a Session, what comes out of it. Sizes are bytes, rates bytes per
// second, times milliseconds unless a name says otherwise.

import type { Endpoint } from '../base/endpoint.ts';
import type { ShoalError } from '../base/errors.ts';
import type { Metainfo } from '../protocol/metainfo.ts';
import type { DownState, UpState, TorrentState as WaitState } from '../swarm/state-times.ts';

/** Bytes per second in each direction; 0: no limit, absent: as it is (none, at first). */
export interface Limits {
  down?: number;
  up?: number;
}

/** Limits of all torrents of a session together. */
export interface SessionLimits extends Limits {
  /** False: no limit holds for peers on this machine or in private networks. Default true. */
  limitLan?: boolean;
}

/** Limits of one torrent besides those of its session: of all its peers, of those near and far, and of each of them. */
export interface TorrentLimits extends Limits {
  /** Peers on this machine or in private networks, together. */
  lan?: Limits;
  /** All other peers, together. */
  internet?: Limits;
  eachPeer?: Limits;
}

/** Limits for a part of the week, by the clock on the wall. */
export interface LimitRule extends Limits {
  /** Days on which it begins, 0 for Sunday to 6. */
  days: readonly number[];
  /** Minutes since midnight; `to` may be before `from` (over midnight) and at most 1440. */
  from: number;
  to: number;
  /** How the user wrote it. */
  text?: string;
}

export interface SessionOptions extends SessionLimits {
  /** Limits by time of day: the first rule that holds goes before `down` and `up`. */
  schedule?: readonly LimitRule[];
  /** Told when another rule begins to hold, or none, with the limits that hold from then on. */
  onRule?: (rule: LimitRule | undefined, limits: Readonly<Required<Limits>>) => void;
  /** Where peers reach us. Without it: all interfaces, both families, the first free port from 6881 on. Port 0: any. */
  listen?: Endpoint;
  /** Directory for resume data and locks; null keeps nothing. Default: by XDG. */
  state?: string | null;
  /** Announce URLs or tracker base URLs used when a torrent or a call names none. */
  trackers?: readonly string[];
  /** Bytes for pieces on their way from sockets to the disk; half as much is for those on their way out. Default 20 MiB. */
  memory?: number;
  /** What this process does, told to whoever finds one of its torrents in use. Default 'shoal'. */
  purpose?: string;
  /** Milliseconds for a TCP connection, and for the peer's handshake after it. Default 10,000 each. */
  dialTimeout?: number;
  handshakeTimeout?: number;
  /** Milliseconds without a block from a peer that owes some, until others are asked. Default 10,000. */
  snubTimeout?: number;
  /** Milliseconds without a byte from a peer until it is dropped. Default 180,000. */
  idleTimeout?: number;
  /** Milliseconds in which a peer takes nothing of what waits for it until it is dropped. Default 120,000. */
  unreadTimeout?: number;
  /** Connections of all torrents together; a torrent that has few gets one of a torrent that has many. Default 500. */
  maxConnections?: number;
  /** Connections of one torrent, incoming ones included. Default 60. */
  maxConnectionsPerTorrent?: number;
  /**
   * Connections of one torrent to one global address. Addresses of this machine and of private networks stand for many
   * peers and are not limited. Default 1.
   */
  maxConnectionsPerAddress?: number;
  /** Attempts to connect that are under way at a time, of all torrents together. Default 100. */
  maxHalfOpen?: number;
  /** Attempts to connect begun in a second, of all torrents together, each in turn. Default 30. */
  dialsPerSecond?: number;
  /** Peers of one torrent served at a time, optimistic ones included; 'rate': 5 to 50, by what is sent. Default 'rate'. */
  uploadSlots?: number | 'rate';
  /**
   * Whom a seed serves first: all in turn, those who take fastest, or those at the beginning and at the end of their
   * download. Default 'round-robin'.
   */
  seedChoker?: 'round-robin' | 'fastest' | 'anti-leech';
  /**
   * What is complete when it is added is super-seeded (BEP 16): peers are told of one piece after the other, so that each
   * leaves here about once, until half of them have everything. For the first seed of something new.
   */
  superSeed?: boolean;
}

export interface AddOptions {
  /** The file or folder itself. Wins over `directory`. */
  path?: string;
  /** The folder that gets the content under its own name. Default: the working directory. */
  directory?: string;
  /** Keep what matches of foreign data in the destination and replace the rest; without it such data is refused. */
  overwrite?: boolean;
  /** Trackers in tiers (BEP 12), besides those in the metadata. */
  trackers?: readonly (readonly string[])[];
  /** Only those in `trackers`, whatever the metadata or the session name. */
  onlyTrackers?: boolean;
  /** Peers to connect to besides those found. */
  peers?: readonly Endpoint[];
  /** What to fetch of it, see `Torrent.setFilePriorities`; wins over `files`. Default: everything. */
  filePriorities?: readonly number[];
  /**
   * Fetch only these files: their numbers, lists such as '0,2,4-6', or patterns of paths such as '*.flac' or 'cd 2'. Default:
   * those that a magnet link names (`so`, BEP 53), else all. When none is meant the torrent fails with ERR_USAGE.
   */
  files?: readonly (number | string)[];
  /** In place of `files`: asked once the metadata is here, as `filePriorities`; undefined: everything. */
  choose?: (metainfo: Metainfo) => readonly number[] | undefined;
  /** See `Torrent.setSequential`. */
  sequential?: boolean;
}

export interface GetOptions extends AddOptions {
  /** Trackers to ask instead of the session's: base or announce URLs. */
  from?: readonly string[];
  /** This version instead of the newest. */
  version?: number;
  /** Insist on this publisher: 64 hex digits of its ed25519 key. */
  publisher?: string;
  /** Accept that the name changed hands since it was first seen. */
  trust?: boolean;
  signal?: AbortSignal;
}

export interface SeedOptions {
  /** Name in the metadata; default the path's own name (required for several paths). */
  name?: string;
  pieceLength?: number;
  exclude?: readonly string[];
  trackers?: readonly (readonly string[])[];
  peers?: readonly Endpoint[];
  comment?: string;
  private?: boolean;
  onHash?: (progress: { hashed: number; size: number; file: string }) => void;
  signal?: AbortSignal;
}

/** A magnet link, the bytes of a .torrent file, or metadata already parsed. */
export type TorrentSource = string | Uint8Array | Metainfo;

export type TorrentState = 'metadata' | 'checking' | 'downloading' | 'seeding' | 'stopped' | 'failed';

export interface PeerStatus {
  /** host:port as dialled or as accepted. */
  address: string;
  /** Client name and version, from the extension handshake or the peer id (BEP 20); '' until known. Untrusted text. */
  client: string;
  outgoing: boolean;
  /** Pieces the peer has. */
  pieces: number;
  /** Payload bytes received from and sent to this peer, and rates. */
  downloaded: number;
  uploaded: number;
  down: number;
  up: number;
  chokedByPeer: boolean;
  chokedByUs: boolean;
  interestedInPeer: boolean;
  interestedInUs: boolean;
}

/** Pieces that are wanted and that no connected peer has. */
export interface Shortage {
  pieces: number;
  /** Who left last with one of them in this run, and when, in epoch milliseconds. Absent: nobody has been here with any. */
  lastSeen?: { address: string; at: number };
}

/** Where the time of a torrent went. Times in milliseconds by state; states that took none are absent. */
export interface TorrentWhy {
  infoHash: string;
  name: string;
  size: number;
  have: number;
  /** As in `TorrentStatus`. */
  wanted: number;
  /** Limits of the session in bytes per second; 0: none. */
  limits: { down: number; up: number };
  /**
   * Of the whole session: bytes handed to the workers that hash and write, and not answered yet; milliseconds that both
   * took so far.
   */
  storage: { backlog: number; hashing: number; writing: number };
  /** What the download as a whole waited for: at each moment what the peer that got furthest waited for. */
  times: Partial<Record<WaitState, number>>;
  connected: number;
  /** Missing pieces of what is wanted that no connected peer has. */
  piecesNowhere: number;
  /** As in `Shortage`. */
  lastSeen?: { address: string; at: number };
  peers: {
    address: string;
    client: string;
    downloaded: number;
    uploaded: number;
    down: Partial<Record<DownState, number>>;
    up: Partial<Record<UpState, number>>;
  }[];
}

export interface BanStatus {
  /**
   * A global address; of a peer on a loopback or private one host:port where it listens, or `host#peer-id` when that is not
   * known. Those last as long as the session.
   */
  address: string;
  /** Epoch milliseconds. */
  since: number;
  /** Epoch milliseconds; Infinity: as long as the session. */
  until: number;
  reason: string;
}

export interface TrackerStatus {
  url: string;
  tier: number;
  /** Time of the last answer, as epoch milliseconds; 0: none yet. */
  lastAnswer: number;
  /** Untrusted text. */
  failure?: string;
  seeds?: number;
  peers?: number;
}

export interface TorrentStatus {
  state: TorrentState;
  infoHash: string;
  name: string;
  /** Where the data is or will be. */
  path: string;
  /** 0 until the metadata is known. */
  size: number;
  /** Bytes verified and written. */
  have: number;
  /** Bytes that are here when it is done: `have`, and what is still to come of the files that are wanted. */
  wanted: number;
  pieceCount: number;
  piecesHave: number;
  /** Pieces that are here when it is done, as `wanted`. */
  piecesWanted: number;
  /** Bytes found on disk that passed their hash. */
  reused: number;
  /** Payload bytes received, all of them. */
  downloaded: number;
  uploaded: number;
  /** Payload bytes received and thrown away: duplicates, failed pieces, unasked blocks. */
  wasted: number;
  /** Pieces whose hash was wrong. */
  failedPieces: number;
  down: number;
  up: number;
  /** Connected peers, and how many of them have everything. */
  peers: number;
  seeds: number;
  /** Progress of a check, 0 to 1. */
  checked: number;
  /** Why the download waits: the disk has no room. It goes on by itself when there is some. */
  diskFull?: ShoalError;
  error?: ShoalError;
}

/** One entry a piece, for a piece map. `nowhere`: it is wanted, and no connected peer has it. */
export const PIECE = { missing: 0, arriving: 1, have: 2, nowhere: 3 } as const;

export type TorrentEvent =
  | { type: 'metadata'; name: string; infoHash: string; size: number; pieceCount: number; pieceLength: number }
  /** The check of what is on disk ended; `reused` bytes passed. */
  | { type: 'checked'; reused: number }
  | { type: 'piece'; index: number; from: { address: string; bytes: number }[] }
  | { type: 'badPiece'; index: number; from: { address: string; bytes: number }[] }
  | { type: 'peerConnected'; address: string; client: string }
  | { type: 'peerDisconnected'; address: string; reason: string }
  /** A peer sent data that is wrong beyond doubt. The ban holds for all torrents of the session. */
  | { type: 'peerBanned'; address: string; reason: string }
  | { type: 'warning'; message: string }
  /**
   * Every piece that is wanted is verified, and what is complete is on disk under its final name. Again when more was wanted
   * later.
   */
  | { type: 'done'; summary: DownloadSummary }
  | { type: 'failed'; error: ShoalError }
  | { type: 'stopped' };

export interface DownloadSummary {
  name: string;
  infoHash: string;
  path: string;
  size: number;
  /** Bytes that are here now. */
  have: number;
  downloaded: number;
  reused: number;
  wasted: number;
  seconds: number;
  peers: { address: string; client: string; bytes: number }[];
}

/** Who has what. Shares are 0 (nothing) to 255 (all) of each group of pieces. */
export interface SwarmPicture {
  pieceCount: number;
  /** Columns; 0 until the metadata is known. */
  pieceGroups: number;
  own: number[];
  /** Connected peers. Addresses and clients are untrusted text. */
  rows: { address: string; client: string; outgoing: boolean; have: number[] }[];
  /** Copies of the rarest piece of each group, those here included. */
  copies: number[];
}

export interface ReadOptions {
  /** First byte of the file. Default 0. */
  start?: number;
  /** One past the last byte. Default the file's length. */
  end?: number;
  signal?: AbortSignal;
}

/** One torrent in a session. All getters are snapshots. */
export interface Torrent {
  readonly infoHash: string;
  readonly status: TorrentStatus;
  /**
   * As long as this is the same number, the state, counts and totals of `status` are the same, too: for who follows thousands
   * of seeds to which nobody comes. Undefined while something goes on.
   */
  readonly stillness: number | undefined;
  readonly peers: PeerStatus[];
  /** Where the time went: what to change when it is slow. */
  readonly why: TorrentWhy;
  readonly trackers: TrackerStatus[];
  /** Undefined until known (magnet). */
  readonly metainfo: Metainfo | undefined;
  /** Per piece one of `PIECE`; undefined until the metadata is known. */
  pieceMap(): Uint8Array | undefined;
  /** Who has what, in at most so many groups of pieces. */
  swarmPicture(groups: number): SwarmPicture;
  /** Looks at every piece. */
  readonly shortage: Shortage;
  /** Settles when every piece that is wanted is verified and written; rejects with a ShoalError when the torrent fails or stops. */
  readonly done: Promise<DownloadSummary>;
  /** Ends after `stopped` or `failed`. A late subscriber gets the last `metadata`, `done` or `failed` again. */
  events(): AsyncIterable<TorrentEvent>;
  addPeer(endpoint: Endpoint): void;
  /**
   * What to fetch: one number a file of the metadata, pads included, 0 (not at all) to 7 (first), 4 for files not named. May
   * change at any time, also before the metadata is known; pieces under way are finished all the same. When everything
   * wanted is had the torrent is done and seeds. Files that share a piece with a wanted one keep the bytes of it in a .part
   * file. It belongs to whoever adds the torrent, who says it again at the next start (`AddOptions`). Throws ERR_USAGE when something is no priority.
   */
  setFilePriorities(priorities: readonly number[]): void;
  /** What was said of the files, or follows from `AddOptions.files` once the metadata is known. Undefined: all are wanted. */
  readonly filePriorities: readonly number[] | undefined;
  /**
   * The bytes of a file of the metadata (its number there), in order, each chunk as soon as it is verified; what is read next
   * is fetched before anything else. Any number of readers at a time; one that is left early asks for nothing more. Throws
   * ERR_USAGE when there is no such file or range, nobody wants the file, or the check has not ended; an ERR_DISK code; what
   * the signal says; what ended the torrent.
   */
  read(file: number, options?: ReadOptions): AsyncGenerator<Uint8Array, void>;
  /** Fetch pieces in their order instead of the rarest first, or not any more. Worse for the swarm: use `read` to play. */
  setSequential(sequential: boolean): void;
  /** Takes effect at once. What a limit of the session, or a lower one on the way, does not let through stays outside. */
  setLimits(limits: TorrentLimits): void;
  /** Announces at once to these trackers, in tiers, and to those it has: after the torrent was registered somewhere. */
  announceTo(tiers: readonly (readonly string[])[]): void;
  /**
   * These and no others from now on, in tiers; those it had and keeps stay in theirs. Those it leaves are told so. It belongs to
   * whoever adds the torrent (`AddOptions.onlyTrackers`).
   */
  setTrackers(tiers: readonly (readonly string[])[]): void;
  /** Tells trackers and peers, saves the state, closes the files. Resumable. */
  stop(): Promise<void>;
}
