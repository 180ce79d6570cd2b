// What we know of one connected peer and what is under way between us: choke and interest bits, its pieces, requests in
// both directions, the request window, its extension ids. Decides nothing about other peers and touches no socket.

import { Bitfield } from '../base/bitfield.ts';
import { type Endpoint, formatEndpoint } from '../base/endpoint.ts';
import { BLOCK_LENGTH } from '../base/geometry.ts';
import { RateMeter } from '../base/rate-meter.ts';
import type { ExtensionHandshake } from '../protocol/wire/extension.ts';
import type { Features } from '../protocol/wire/handshake.ts';
import { OutBuffer } from './out-buffer.ts';
import { NOBODY } from './partial.ts';
import { RarestCursor } from './rarest-cursor.ts';
import { Reputation } from './reputation.ts';
import { RequestQueue, type Tally } from './request-queue.ts';
import { DOWN_STATES, StateTimes, UP_STATES, type UpState } from './state-times.ts';

const FIRST_WINDOW = 4;
const LEAST_WINDOW = 2;
/** Blocks in flight to one peer: 8 MiB, enough for 80 MB/s at 100 ms. */
const LARGEST_WINDOW = 512;
/** The same where the way is long and fast, for a peer that says it lets so many wait: 32 MiB. */
const LONGEST_WINDOW = 2000;
/** A window holds what comes in so many round trips at least. */
const ROUND_TRIPS = 2;
/** Blocks over which the time between two is averaged. */
const GAPS = 16;
/** Less than this is no progress with a block. */
const PART = 512;
const LEAST_PATIENCE = 2_000;
/** A window holds what the peer sends in so many seconds. */
const WINDOW_SECONDS = 3;

export interface PeerInfo {
  /** The remote end of the socket. */
  readonly endpoint: Endpoint;
  readonly outgoing: boolean;
  readonly peerId: Uint8Array;
  readonly features: Features;
}

export class Peer {
  readonly id: number;
  readonly info: PeerInfo;
  readonly address: string;
  readonly peerIdHex: string;
  readonly connectedAt: number;
  /** Where the peer listens: what we dialled, or what its extension handshake says. */
  listens: Endpoint | undefined;
  client: string;
  readonly out = new OutBuffer();

  // What it has.
  have: Bitfield | undefined;
  /** Counted in Availability.seeds instead of piece by piece. */
  countedAsSeed = false;
  /** Its pieces do not count as copies, because it sends none of them. */
  doubted = false;
  /** Times that what it owed did not come, since its last block. */
  timeouts = 0;
  uploadOnly = false;
  /** What it was told last of our own wish to download nothing more. */
  toldUploadOnly = false;
  bitfields = 0;
  /** Pieces it has and we lack. */
  wanted = 0;
  readonly cursor = new RarestCursor();
  /** Before the metadata: what it said it has, to be judged later. */
  readonly early: { bitfield?: Uint8Array; all?: boolean; haves: number[]; lost: Set<number> } = {
    haves: [],
    lost: new Set(),
  };

  // Who may ask whom.
  choking = true;
  interested = false;
  amChoking = true;
  amInterested = false;
  /** When we choked or unchoked it last; of a peer that was never unchoked, when it came. */
  flippedAt: number;
  /** Not before this it is choked or unchoked again, except that its interest goes. */
  mayFlipAt = 0;
  everUnchoked = false;
  /** Payload it gave in the last rounds of the choker, each older one counted half; and at the start of this round. */
  given = 0;
  receivedAtRound = 0;
  /** Payload it had taken at the start of the round, and when it was unchoked. */
  sentAtRound = 0;
  sentAtUnchoke = 0;
  /** Optimistic slots it had one after another without giving anything. */
  barren = 0;
  readonly allowedFast = new Set<number>();
  /** Pieces it may have while choked, and the payload it asked for of each then. */
  /** Pieces it proposes (BEP 6), the latest first. */
  readonly suggested: number[] = [];
  readonly grantedFast = new Map<number, number>();

  // What we asked for.
  readonly requests: RequestQueue;
  /** The piece it is filling, so that one peer tends to deliver whole pieces. */
  current = NOBODY;
  /** Failed pieces that this peer has to deliver whole. */
  readonly retries: number[] = [];
  /** Requests we took back: their blocks may still come and are no offence. */
  withdrawn = 0;
  /** Pieces it rejected although it lets us ask: not asked for again until `refusedUntil`. */
  readonly refused = new Set<number>();
  refusedUntil = 0;
  unasked = 0;
  strayRejects = 0;
  unknownMessages = 0;
  badRequests = 0;
  /** Requests since we choked it: some cross our choke on the way. */
  chokedRequests = 0;
  /** Messages that carry no news in themselves (choke, interest, keep-alive), less what is tolerated each second. */
  fuss = 0;
  /** What is held against it and speaks for it, over all its connections. */
  readonly reputation: Reputation;
  /** A block of it was part of a piece that passed its hash. */
  proven = false;
  /** Trials it was given to prove itself. */
  trials = 1;
  snubbed = false;
  /** It owes blocks and has been silent for much longer than between its blocks before: others may take its requests over. */
  late = false;
  /** When it may look again for requests to take over. */
  stealAt = 0;
  /** Milliseconds between its blocks while it owed some: mean and mean deviation of the latest. */
  #gap = 0;
  #gapDeviation = 0;
  #gaps = 0;
  /** Its connection is being closed: nothing more is asked of it. */
  leaving = false;
  lastBlockAt: number;
  /** A block of it is on its way, wanted or not. */
  midBlock = false;
  /** When it last sent a fair part of a block, or a whole one. */
  progressAt = 0;
  #partBytes = 0;
  /** We do not read from it now, because of the download limit: it cannot be blamed for silence. */
  held = false;
  /** Since when the block on its way has been the same one, and `down.total` at that time. */
  stuckSince: number;
  stuckTotal = 0;
  /** The block whose payload is arriving now, or NOBODY. */
  receivingPiece = NOBODY;
  receivingBlock = NOBODY;
  window = FIRST_WINDOW;
  /** Requests that a download limit leaves use for; set by who holds the limit. */
  limitDepth = Number.POSITIVE_INFINITY;
  #slowStart = true;
  #lastRate = 0;
  /** Requests it lets wait; what is usual until it says so. */
  reqq = LARGEST_WINDOW;
  /** It owes nothing: the next request shows how long an answer takes. */
  idle = true;
  /** The shortest time from a request to its block, in milliseconds; Infinity: not known. */
  #roundTrip = Number.POSITIVE_INFINITY;
  #largest = LARGEST_WINDOW;

  // What it asked for.
  readonly uploads = new RequestQueue();
  uploadQueued = false;

  /** We did not read from it at some time since the last look. */
  wasHeld = false;
  /** What its uploads wait for outside the swarm; set by who serves them. */
  sending: UpState | undefined;
  readonly downTimes = new StateTimes(DOWN_STATES);
  readonly upTimes = new StateTimes(UP_STATES);

  /** What it sends of blocks, part by part. */
  readonly arriving = new RateMeter();
  readonly down = new RateMeter();
  readonly up = new RateMeter();
  lastHeardAt: number;
  lastSentAt: number;
  /** BEP 40: of the connection between us. */
  rank = 0;
  /** When one of us last wanted something of the other, and when payload last passed; as of the last look. */
  usefulAt: number;
  movedAt: number;
  movedTotal = 0;
  /** When it is gone: not to be dialled for so many milliseconds. Undefined: as usual. */
  redialAfter: number | undefined;

  extension: ExtensionHandshake | undefined;
  metadataRequests = 0;
  /** Metadata pieces asked for and not answered. */
  metadataOwed = 0;
  /** Metadata messages that were malformed or not asked for. */
  metadataOffences = 0;
  metadataUseless = false;
  /** Copies of the metadata that took too long from it. */
  metadataSlow = 0;

  constructor(
    id: number,
    info: PeerInfo,
    peerIdHex: string,
    client: string,
    now: number,
    reputation = new Reputation(info.endpoint.host, info.outgoing ? info.endpoint.port : 0, peerIdHex, 'unknown'),
    asked?: Tally,
  ) {
    this.requests = new RequestQueue(64, asked);
    this.reputation = reputation;
    this.id = id;
    this.info = info;
    this.address = formatEndpoint(info.endpoint);
    this.peerIdHex = peerIdHex;
    this.client = client;
    this.listens = info.outgoing ? info.endpoint : undefined;
    this.connectedAt = now;
    this.flippedAt = now;
    this.lastBlockAt = now;
    this.stuckSince = now;
    this.lastHeardAt = now;
    this.lastSentAt = now;
    this.usefulAt = now;
    this.movedAt = now;
  }

  /** Over 0 while it is not known who spoilt a piece it had a part in. */
  get suspicion(): number {
    return this.reputation.suspicion;
  }

  get isSeed(): boolean {
    return this.have?.complete === true || this.early.all === true;
  }

  /** How many requests may be outstanding now. */
  get depth(): number {
    return this.snubbed ? 1 : Math.min(this.window, this.#cap, this.limitDepth);
  }

  /** True when it has the piece, as far as is known. */
  has(piece: number): boolean {
    return this.have?.has(piece) === true;
  }

  /** Bytes came while a block is on its way. */
  partCame(bytes: number, now: number): void {
    this.#partBytes += bytes;
    if (this.#partBytes < PART) return;
    this.#partBytes = 0;
    this.progressAt = now;
  }

  /** A block came that was asked for. */
  blockCame(now: number): void {
    const gap = now - this.lastBlockAt;
    this.lastBlockAt = now;
    this.progressAt = now;
    this.midBlock = false;
    this.#partBytes = 0;
    if (this.idle) this.#roundTrip = Math.min(this.#roundTrip, gap);
    this.idle = false;
    const share = 1 / Math.min(++this.#gaps, GAPS);
    this.#gapDeviation += (Math.abs(gap - this.#gap) - this.#gapDeviation) * share;
    this.#gap += (gap - this.#gap) * share;
    this.late = false;
    if (this.snubbed) {
      this.snubbed = false;
      this.window = LEAST_WINDOW;
      this.#slowStart = true;
    }
    this.grow();
  }

  /** Mean time between its blocks while it owed some, in milliseconds; 0: not known. */
  get gap(): number {
    return this.#gap;
  }

  /** Milliseconds of silence after which a block is overdue, by what the peer itself has shown; at least two seconds. */
  get patience(): number {
    return Math.max(LEAST_PATIENCE, 2 * (this.#gap + 4 * this.#gapDeviation));
  }

  /** A block came: in slow start the window opens by one, so it doubles with each round trip. */
  grow(): void {
    if (this.#slowStart && this.window < this.#cap) this.window++;
  }

  /** Once a second: the window follows the rate; slow start ends when the rate stops growing. */
  retune(now: number): void {
    const rate = this.down.lastSecond(now);
    if (this.#slowStart) {
      if (
        this.window >= this.#cap ||
        (this.#lastRate > 0 && rate < this.#lastRate * 1.1 && rate < this.window * BLOCK_LENGTH)
      )
        this.#slowStart = false;
    }
    if (!this.#slowStart) {
      const steady = Math.max(rate, this.down.rate(now));
      const target = Math.ceil((WINDOW_SECONDS * steady) / BLOCK_LENGTH);
      this.#largest = this.#largestFor(steady);
      this.window = Math.max(LEAST_WINDOW, Math.min(this.#cap, target));
    }
    this.#lastRate = rate;
  }

  get #cap(): number {
    return Math.max(1, Math.min(this.#largest, this.reqq));
  }

  /** More than the usual most, where even that does not fill the way. */
  #largestFor(rate: number): number {
    if (this.#roundTrip === Number.POSITIVE_INFINITY) return LARGEST_WINDOW;
    const needed = Math.ceil((ROUND_TRIPS * rate * this.#roundTrip) / 1000 / BLOCK_LENGTH);
    return Math.max(LARGEST_WINDOW, Math.min(LONGEST_WINDOW, needed));
  }

  /** Its bitfield once the number of pieces is known. */
  openField(pieceCount: number): Bitfield {
    this.have ??= new Bitfield(pieceCount);
    return this.have;
  }
}
