// The logic behind the session and swarm endpoints of the API: plain values in, plain values or a ShoalError out. Checks
// who opens a session; what a session is worth is the registry's business. Knows no HTTP besides the status of failures.

import { randomBytes } from 'node:crypto';
import { MAX_RANGES, MAX_REPORTS } from '../api/session-limits.ts';
import type {
  AvailabilityReply,
  HeartbeatBody,
  HeartbeatReply,
  OpenSessionBody,
  OpenSessionReply,
  PeersReply,
  SwarmPeer,
} from '../api/session-schemas.ts';
import { formatAddress, formatEndpoint } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import { HttpError } from '../http/problem.ts';
import { verifySignature } from '../io/identity.ts';
import { sessionOpenBytes } from '../protocol/session-open.ts';
import { clientName } from '../protocol/wire/peer-id.ts';
import { type Holder, rarestPieces } from '../registry/availability.ts';
import type { PieceReport } from '../registry/piece-reports.ts';
import type { Source } from '../registry/reachability.ts';
import type { Registry } from '../registry/registry.ts';
import type { TrackerClock } from './clock.ts';
import { NonceWindow } from './nonce-window.ts';

/** Seconds by which the clocks of a peer and the tracker may differ. */
const CLOCK_TOLERANCE = 300;
const MAX_NONCES = 100_000;
/** Heartbeats that fit into a lease: two may be lost. */
const BEATS_PER_LEASE = 2.25;
const MAX_HISTOGRAM_ROWS = 64;

export class TrackerSessions {
  readonly #registry: Registry;
  readonly #clock: TrackerClock;
  readonly #nonces = new NonceWindow(2 * CLOCK_TOLERANCE, MAX_NONCES);
  /** Sessions opened, heartbeats taken, and requests for sessions that are not there, since the start. */
  opened = 0;
  heartbeats = 0;
  unknown = 0;

  constructor(registry: Registry, clock: TrackerClock) {
    this.#registry = registry;
    this.#clock = clock;
  }

  /**
   * Opens the session of a peer process that holds the key it names.
   * @throws ShoalError ERR_SIGNATURE (`session_clock`, `session_signature`, `session_replay`), ERR_QUOTA.
   */
  open(body: OpenSessionBody, source: Source): OpenSessionReply {
    const epoch = this.#clock.epoch();
    const off = body.timestamp - epoch;
    if (Math.abs(off) > CLOCK_TOLERANCE)
      throw new ShoalError(
        'ERR_SIGNATURE',
        `the clock of this peer and the tracker's differ by ${Math.round(Math.abs(off))} seconds; set it right`,
        { reason: 'session_clock' },
      );
    const signature = new Uint8Array(Buffer.from(body.signature, 'base64'));
    if (!verifySignature(body.publisher, sessionOpenBytes(body), signature))
      throw new ShoalError('ERR_SIGNATURE', 'the session is not signed by the key it names', {
        reason: 'session_signature',
      });
    if (!this.#nonces.take(`${body.publisher}${body.nonce}`, epoch))
      throw new ShoalError('ERR_SIGNATURE', 'this request to open a session has been used before; sign a new one', {
        reason: 'session_replay',
      });
    const id = randomBytes(16).toString('hex');
    const { address } = source;
    if (!this.#registry.openSession({ id, publisher: body.publisher, address }, this.#clock.now()))
      throw new ShoalError('ERR_QUOTA', 'too many sessions are open; close some, or try again in a minute', {
        reason: 'sessions',
      });
    this.opened++;
    const lease = this.#registry.sessionLease / 1000;
    return { session: id, every: lease / BEATS_PER_LEASE, lease };
  }

  /** @throws HttpError 410 when there is no such session (any more): the peer opens a new one and announces again. */
  heartbeat(id: string, body: HeartbeatBody): HeartbeatReply {
    const reports = new Map<string, PieceReport>();
    for (const { infoHash, pieces, added } of (body.torrents ?? []).slice(0, MAX_REPORTS))
      reports.set(infoHash, {
        pieces: pieces === undefined ? undefined : new Uint8Array(Buffer.from(pieces, 'base64')),
        added: added?.slice(0, MAX_RANGES),
      });
    const result = this.#registry.heartbeat(id, reports, body.gone ?? [], this.#clock.now());
    if (result === undefined) throw this.#unknownSession();
    this.heartbeats++;
    return result;
  }

  /** The session's peers are gone from all swarms. @throws HttpError 410. */
  close(id: string): void {
    if (!this.#registry.closeSession(id, this.#clock.now())) throw this.#unknownSession();
  }

  /** Who is in a swarm, as the asker may see it. @throws HttpError 404. */
  peers(infoHash: string, source: Source, limit = 200): PeersReply {
    const now = this.#clock.now();
    const holders = this.#registry.holders(infoHash, source, limit, now);
    if (holders === undefined) throw notTracked(infoHash);
    const { seeds, peers, completed } = this.#registry.counts(infoHash, now);
    const pieceCount = this.#registry.pieceCount(infoHash);
    return {
      infoHash,
      pieceCount,
      seeds,
      peers,
      completed,
      swarm: holders.map((holder) => describeHolder(holder, pieceCount)),
    };
  }

  /** How many copies of each piece there are. @throws HttpError 404. */
  availability(infoHash: string, rarest = 32): AvailabilityReply {
    const found = this.#registry.availability(infoHash, this.#clock.now());
    if (found === undefined) throw notTracked(infoHash);
    const { pieceCount, copies, complete, partial, unknown } = found;
    const histogram = new Map<number, number>();
    for (const count of copies) histogram.set(count, (histogram.get(count) ?? 0) + 1);
    const rows = [...histogram].sort(([a], [b]) => a - b).map(([count, pieces]) => ({ copies: count, pieces }));
    return {
      infoHash,
      pieceCount,
      complete,
      partial,
      unknown,
      min: rows[0]?.copies ?? 0,
      missing: histogram.get(0) ?? 0,
      histogram: rows.slice(0, MAX_HISTOGRAM_ROWS),
      rarest: rarestPieces(copies, rarest),
    };
  }

  #unknownSession(): HttpError {
    this.unknown++;
    return new HttpError(410, 'ERR_NOT_ALLOWED', 'there is no such session, or no longer; open a new one', {
      reason: 'session_unknown',
    });
  }
}

function describeHolder(holder: Holder, pieceCount: number): SwarmPeer {
  const { endpoints, peerId, seed, left, pieces, age, session } = holder;
  const peer: SwarmPeer = {
    addresses: endpoints.map(({ address, port }) => formatEndpoint({ host: formatAddress(address), port })),
    client: clientName(peerId),
    seed,
    left,
    age: Math.max(0, Math.round(age) / 1000),
    session,
  };
  if (seed && pieceCount > 0) peer.have = pieceCount;
  else if (pieces !== undefined) {
    peer.have = pieces.count;
    peer.pieces = Buffer.from(pieces.bytes).toString('base64');
  }
  return peer;
}

function notTracked(infoHash: string): HttpError {
  return new HttpError(404, 'ERR_NOT_IN_CATALOG', `no torrent ${infoHash} is tracked here`, { reason: 'not_tracked' });
}
