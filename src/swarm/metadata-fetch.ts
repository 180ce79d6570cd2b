// One copy of the info dictionary on its way from one peer (BEP 9): which pieces have come and when.

import { metadataPieceCount } from '../protocol/wire/extension.ts';
import type { Peer } from './peer.ts';

/** A copy on its way from one peer. */
export class MetadataFetch {
  readonly peer: Peer;
  readonly bytes: Uint8Array;
  readonly arrived: Uint8Array;
  asked = 0;
  missing: number;
  progressAt: number;

  constructor(peer: Peer, size: number, now: number) {
    this.peer = peer;
    this.bytes = new Uint8Array(size);
    this.missing = metadataPieceCount(size);
    this.arrived = new Uint8Array(this.missing);
    this.progressAt = now;
  }
}
