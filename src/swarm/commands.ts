// What a swarm tells its runner to do, and what the runner tells the swarm has happened. Commands are imperative, events
// past tense. Blocks do not pass through here: they are direct calls (see docs/DATA-PATH.md).

import type { Bitfield } from '../base/bitfield.ts';
import type { Endpoint } from '../base/endpoint.ts';
import type { Geometry } from '../base/geometry.ts';
import type { Ban } from './ban-list.ts';
import type { Peer } from './peer.ts';

export interface Share {
  readonly peer: Peer;
  readonly bytes: number;
}

export type Command =
  | { type: 'dial'; key: string; endpoint: Endpoint }
  | { type: 'disconnect'; peer: Peer; reason: string }
  /**
   * Hash the piece in its slot, compare, write; answer with pieceVerified, pieceFailed or pieceUnwritten. `digests`: a
   * piece that passes is wanted with its digests; one that fails always has them.
   */
  | { type: 'commitPiece'; piece: number; slot: number; digests: boolean }
  /** The peer has requests that may be served: pull them with nextUpload when its socket has room. */
  | { type: 'serve'; peer: Peer }
  /** The info dictionary has arrived and has the right hash; answer with activated. */
  | { type: 'openMetadata'; infoBytes: Uint8Array }
  | { type: 'announcePiece'; piece: number; from: Share[] }
  | { type: 'announceBadPiece'; piece: number; from: Share[] }
  /** A liar was found out, in this torrent; the ban holds for the whole session. */
  | { type: 'announceBan'; ban: Ban }
  | { type: 'announceComplete' }
  | { type: 'findPeers' };

export type SwarmEvent =
  /** The info dictionary came from elsewhere: it need not be fetched. */
  | { type: 'metadataKnown'; infoBytes: Uint8Array }
  /** The metadata is known and the disk has said which pieces are there. */
  | { type: 'activated'; geometry: Geometry; have: Bitfield; slotCount: number; infoBytes: Uint8Array }
  | { type: 'peersFound'; endpoints: readonly Endpoint[]; pinned?: boolean }
  | { type: 'dialFailed'; key: string }
  | { type: 'dialledOurselves'; key: string }
  | { type: 'peerDisconnected'; peer: Peer }
  /** Bans were made by another torrent of the session. */
  | { type: 'bansChanged' }
  /** `digests`: the first 8 bytes of the SHA-1 of each block, one after the other. */
  | { type: 'pieceVerified'; piece: number; digests?: Uint8Array }
  | { type: 'pieceFailed'; piece: number; digests?: Uint8Array }
  /** The disk refused the piece; its hash was right. */
  | { type: 'pieceUnwritten'; piece: number }
  /** What was had is gone from the disk or has changed there. */
  | { type: 'piecesLost'; pieces: readonly number[] };
