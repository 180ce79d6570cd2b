// Where one peer stands in the order of rarity: finds the open piece with the lowest bucket that the peer has without
// looking twice at what it lacks. The work of one call is bounded whatever the torrent's size. Decides nothing else.
//
// A peer reads the order once; a piece it gets later may lie behind the cursor and is kept in `#fresh`. When too much lies
// between the cursor and its next piece, a peer that has little is asked piece by piece, and one that has much gets some
// piece of its own this time, while the cursor moves on: a bound on the time is worth more than the last word on rarity.

import type { Bitfield } from '../base/bitfield.ts';
import type { Random } from '../base/ports.ts';
import { type Availability, BUCKETS } from './availability.ts';

/** Pieces looked at in one call. */
const SCAN = 512;
/** A peer with no more pieces that we want is searched through from end to end. */
const FEW = 512;
/** How far the draw among equally rare pieces is followed. */
const DRAW = 16;
const FRESH = 16;

/** What a cursor asks of its peer. */
export interface Holder {
  readonly have: Bitfield | undefined;
  readonly countedAsSeed: boolean;
  /** Pieces it has and we lack. */
  readonly wanted: number;
}

/** Whether this open piece that the peer has may be asked of it now. */
export type May<P, C> = (context: C, peer: P, piece: number) => boolean;

export class RarestCursor {
  #epoch = -1;
  /** Bucket that is being read, and the position above the next one to look at. */
  #bucket = 0;
  #at = 0;
  /** A piece was passed that the peer has but may not be asked for at present. */
  #skipped = false;
  readonly #fresh = new Int32Array(FRESH);
  #freshCount = 0;

  restart(): void {
    this.#epoch = -1;
  }

  /** Once a second: what was not allowed before may be now. */
  review(): void {
    if (this.#skipped) this.restart();
  }

  /** The peer has got an open piece. */
  gained(availability: Availability, piece: number): void {
    if (this.#epoch !== availability.epoch || availability.bucket(piece) > this.#bucket) return;
    if (this.#freshCount === FRESH) this.restart();
    else this.#fresh[this.#freshCount++] = piece;
  }

  /** The rarest open piece of the highest priority among the peer's for which `may` says yes; -1: there is none. */
  find<P extends Holder, C>(availability: Availability, peer: P, may: May<P, C>, context: C, random: Random): number {
    if (availability.wanted === 0 || peer.have === undefined) return -1;
    availability.sort();
    let piece = this.#search(availability, peer, may, context, random);
    if (piece < 0 && (this.#skipped || availability.stale)) {
      if (availability.stale) availability.refresh();
      this.restart();
      piece = this.#search(availability, peer, may, context, random);
    }
    return piece;
  }

  #search<P extends Holder, C>(
    availability: Availability,
    peer: P,
    may: May<P, C>,
    context: C,
    random: Random,
  ): number {
    if (this.#epoch !== availability.epoch) {
      this.#epoch = availability.epoch;
      this.#skipped = false;
      this.#freshCount = 0;
      this.#enter(availability, 0);
    }
    const fresh = this.#findFresh(availability, peer, may, context);
    if (fresh >= 0) return fresh;
    const { order } = availability;
    const field = peer.have!;
    let left = SCAN;
    while (this.#bucket < BUCKETS) {
      const start = availability.start(this.#bucket);
      // What no peer but seeds has need not be looked through for the others.
      if (!peer.countedAsSeed && availability.isUnshared(this.#bucket)) this.#at = start;
      else this.#at = Math.min(this.#at, availability.end(this.#bucket));
      for (; this.#at > start; this.#at--) {
        if (left-- === 0) return fallBack(availability, peer, may, context, random);
        const piece = order[this.#at - 1]!;
        if (!field.has(piece)) continue;
        if (may(context, peer, piece)) return this.#draw(availability, peer, may, context, start, random);
        this.#skipped = true;
      }
      this.#enter(availability, this.#bucket + 1);
    }
    return -1;
  }

  #enter(availability: Availability, bucket: number): void {
    this.#bucket = availability.nonEmpty(bucket);
    this.#at = this.#bucket < BUCKETS ? availability.end(this.#bucket) : 0;
  }

  /** Any piece of the same bucket would do: peers of one swarm must not all choose the same. */
  #draw<P extends Holder, C>(
    availability: Availability,
    peer: P,
    may: May<P, C>,
    context: C,
    start: number,
    random: Random,
  ): number {
    const { order } = availability;
    const found = this.#at - 1;
    const from = start + Math.floor(random() * (found + 1 - start));
    for (let at = from; at >= start && at > from - DRAW; at--) {
      const piece = order[at]!;
      if (peer.have!.has(piece) && may(context, peer, piece)) return piece;
    }
    return order[found]!;
  }

  #findFresh<P extends Holder, C>(availability: Availability, peer: P, may: May<P, C>, context: C): number {
    let best = -1;
    for (let i = this.#freshCount - 1; i >= 0; i--) {
      const piece = this.#fresh[i]!;
      // Taken, or common enough by now to be met on the way.
      if (!availability.isOpen(piece) || availability.bucket(piece) > this.#bucket) {
        this.#fresh[i] = this.#fresh[--this.#freshCount]!;
        continue;
      }
      if (best >= 0 && availability.bucket(piece) >= availability.bucket(best)) continue;
      if (may(context, peer, piece)) best = piece;
      else this.#skipped = true;
    }
    return best;
  }
}

/** The rarest piece of a peer that has few, any piece of one that has many. */
function fallBack<P extends Holder, C>(
  availability: Availability,
  peer: P,
  may: May<P, C>,
  context: C,
  random: Random,
): number {
  const { open } = availability;
  const field = peer.have!;
  if (peer.wanted > FEW) {
    const from = Math.floor(random() * open.size);
    const piece = findAny(open, field, peer, may, context, from, open.size);
    return piece >= 0 ? piece : findAny(open, field, peer, may, context, 0, from);
  }
  let best = -1;
  for (let piece = open.nextCommon(field, 0); piece >= 0; piece = open.nextCommon(field, piece + 1)) {
    if (best >= 0 && availability.bucket(piece) >= availability.bucket(best)) continue;
    if (may(context, peer, piece)) best = piece;
  }
  return best;
}

function findAny<P, C>(
  open: Bitfield,
  field: Bitfield,
  peer: P,
  may: May<P, C>,
  context: C,
  from: number,
  end: number,
): number {
  for (let piece = open.nextCommon(field, from); piece >= 0 && piece < end; piece = open.nextCommon(field, piece + 1))
    if (may(context, peer, piece)) return piece;
  return -1;
}
