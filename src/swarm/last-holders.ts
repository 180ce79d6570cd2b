// Who had pieces last that nobody here has now: the peer that left last with each of them. A few peers, and a byte a piece
// once there is one. Says nothing of pieces that somebody connected has: whoever asks looks at those first.

import type { Bitfield } from '../base/bitfield.ts';
import type { Endpoint } from '../base/endpoint.ts';
import type { Milliseconds } from '../base/ports.ts';

/** Peers that are remembered; of more, those that left last. */
export const MOST_HOLDERS = 32;

export interface LastHolder {
  /** Where it listens, or where it came from. */
  readonly endpoint: Endpoint;
  /** When it left. */
  readonly at: Milliseconds;
}

/** What the pieces are asked about. */
interface Known {
  readonly ledger: { readonly have: Bitfield };
  readonly availability: { copies(piece: number): number; readonly seeds: number };
}

export class LastHolders {
  readonly #holders: LastHolder[] = [];
  /** Per piece one more than the place of its last holder; 0: none. */
  #of = new Uint8Array(0);
  /** The place that is given away next, once all are taken. */
  #next = 0;

  /** A peer with the pieces of `field` has left, and its copies do not count any more. */
  left(field: Bitfield, endpoint: Endpoint, { ledger, availability }: Known, now: Milliseconds): void {
    if (availability.seeds > 0 || ledger.have.complete) return;
    let place = -1;
    for (let piece = field.next(0); piece >= 0; piece = field.next(piece + 1)) {
      if (ledger.have.has(piece) || availability.copies(piece) > 0) continue;
      if (place < 0) {
        if (this.#of.length === 0) this.#of = new Uint8Array(field.size);
        place = this.#place({ endpoint, at: now });
      }
      this.#of[piece] = place + 1;
    }
  }

  of(piece: number): LastHolder | undefined {
    return this.#holders[this.#of[piece]! - 1];
  }

  /** The same address keeps its place; a new one takes that of whoever was there longest. */
  #place(holder: LastHolder): number {
    const { host, port } = holder.endpoint;
    let place = this.#holders.findIndex(({ endpoint }) => endpoint.host === host && endpoint.port === port);
    if (place < 0) {
      place = this.#holders.length < MOST_HOLDERS ? this.#holders.length : this.#next++ % MOST_HOLDERS;
      for (let piece = 0; piece < this.#of.length; piece++) if (this.#of[piece] === place + 1) this.#of[piece] = 0;
    }
    this.#holders[place] = holder;
    return place;
  }
}
