// What a swarm tells its runner to do, and what the runner tells the swarm has happened. Commands are imperative, events
// past tense. Blocks do not pass through here: they are direct calls (see docs/DATA-PATH.md).

import type { Bitfield } from '../base/bitfield.ts';
import type { Endpoint } from '../base/endpoint.ts';
import type { Geometry } from '../base/geometry.ts';
import type { Ban } from './ban-list.ts';
import type { StoredBlocks } from './ledger.ts';
import type { Run } from './partial.ts';
import type { Peer } from './peer.ts';
import type { Places } from './places.ts';

export interface Share {
  readonly peer: Peer;
  readonly bytes: number;
}

/** Blocks of one extent that go to the disk unverified. */
export interface StoreExtent {
  readonly type: 'storeExtent';
  readonly piece: number;
  readonly extent: number;
  /** Where the extent lies in the slab. */
  readonly offset: number;
  readonly runs: readonly Run[];
}

export type Command =
  | { type: 'dial'; key: string; endpoint: Endpoint }
  | { type: 'disconnect'; peer: Peer; reason: string }
  /**
   * A piece of one extent that lies whole in the slab: hash, compare, write; answer with pieceVerified, pieceFailed or
   * pieceUnwritten. `digests`: the answer carries them whatever the hash says.
   */
  | { type: 'commitPiece'; piece: number; offset: number; digests: boolean }
  /** Write the runs where they belong; answer with extentStored or extentUnwritten. */
  | StoreExtent
  /** All of the piece is on disk: finish its hash, reading back what was not hashed in passing; answer as to commitPiece. */
  | { type: 'verifyPiece'; piece: number; digests: boolean }
  /** What is on disk of the piece is void. No answer. */
  | { type: 'forgetPiece'; piece: number }
  /** The peer has requests that may be served: pull them with nextUpload when its socket has room. */
  | { type: 'serve'; peer: Peer }
  /** The info dictionary has arrived and has the right hash; answer with activated. */
  | { type: 'openMetadata'; infoBytes: Uint8Array }
  | { type: 'announcePiece'; piece: number; from: Share[] }
  | { type: 'announceBadPiece'; piece: number; from: Share[] }
  /** A liar was found out, in this torrent; the ban holds for the whole session. */
  | { type: 'announceBan'; ban: Ban }
  | { type: 'announceComplete' }
  /** Everything that is wanted is here, but not everything; more may be wanted later. */
  | { type: 'announceSelected' }
  | { type: 'findPeers' };

export type SwarmEvent =
  /** The info dictionary came from elsewhere: it need not be fetched. */
  | { type: 'metadataKnown'; infoBytes: Uint8Array }
  /** The metadata is known and the disk has said which pieces are there, and which blocks of others. */
  | {
      type: 'activated';
      geometry: Geometry;
      have: Bitfield;
      places: Places;
      partials?: readonly StoredBlocks[];
      /** As for Swarm.setPriorities; without it everything is wanted. */
      priorities?: Uint8Array;
      infoBytes: Uint8Array;
    }
  | { type: 'peersFound'; endpoints: readonly Endpoint[]; pinned?: boolean }
  | { type: 'dialFailed'; key: string }
  | { type: 'dialledOurselves'; key: string }
  | { type: 'peerDisconnected'; peer: Peer }
  /** Bans were made by another torrent of the session. */
  | { type: 'bansChanged' }
  /** `digests`: the first 8 bytes of the SHA-1 of each block, one after the other. */
  | { type: 'pieceVerified'; piece: number; digests?: Uint8Array }
  | { type: 'pieceFailed'; piece: number; digests?: Uint8Array }
  /** The disk refused the piece, or what was stored of it cannot be read. */
  | { type: 'pieceUnwritten'; piece: number }
  | { type: 'extentStored'; piece: number; extent: number }
  /** The disk refused the extent. */
  | { type: 'extentUnwritten'; piece: number; extent: number }
  /** What was had is gone from the disk or has changed there. */
  | { type: 'piecesLost'; pieces: readonly number[] };
