// Where one peer stands in the order of rarity: finds the open piece with the lowest bucket that the peer has without
// looking twice at what it lacks. The work of one call is bounded whatever the torrent's size. Decides nothing else.
//
// A peer reads the order once; a piece it gets later may lie behind the cursor and is kept in `#own`. A peer that has little
// does not read the order at all: `#own` lists all of its pieces. When too much lies between the cursor and its next piece,
// a peer gets some piece of its own this time, while the cursor moves on: a bound on the time is worth more than the last
// word on rarity.

import type { Bitfield } from '../base/bitfield.ts';
import type { Random } from '../base/ports.ts';
import { type Availability, BUCKETS } from './availability.ts';

/** In torrents of more pieces than this there is more than enough to choose from, and less is looked at. */
const GREAT = 16_384;
/** Pieces looked at in one call. */
const SCAN = 256;
const GREAT_SCAN = 96;
/** How far the draw among equally rare pieces is followed. */
const DRAW = 16;
/** Pieces in the list of a peer's own; it starts with at most half as many. */
const OWN = 128;
/** The same for a peer that reads the order of a great torrent. */
const GREAT_OWN = 48;

/** What a cursor asks of its peer. */
export interface Holder {
  readonly have: Bitfield | undefined;
  readonly countedAsSeed: boolean;
  /** Its pieces do not count as copies. */
  readonly doubted: boolean;
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
  /** Pieces behind the cursor; all that the peer has when `#listed`. */
  #own: Int32Array | undefined;
  #ownCount = 0;
  #listed = false;

  restart(): void {
    this.#epoch = -1;
  }

  /** Once a second: what was not allowed before may be now. */
  review(): void {
    if (this.#skipped) this.restart();
  }

  /** The peer has got an open piece. */
  gained(availability: Availability, piece: number): void {
    if (this.#epoch !== availability.epoch || (!this.#listed && availability.bucket(piece) > this.#bucket)) return;
    if (this.#ownCount >= (this.#listed || !isGreat(availability) ? OWN : GREAT_OWN)) this.restart();
    else this.#keep(piece);
  }

  #keep(piece: number): void {
    this.#own ??= new Int32Array(OWN);
    this.#own[this.#ownCount++] = piece;
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
    if (this.#epoch !== availability.epoch) this.#begin(availability, peer);
    const own = this.#findOwn(availability, peer, may, context, random);
    if (own >= 0 || this.#listed) return own;
    const { order } = availability;
    const { bytes } = peer.have!;
    let left = isGreat(availability) ? GREAT_SCAN : SCAN;
    while (this.#bucket < BUCKETS) {
      const start = availability.start(this.#bucket);
      // What no peer but seeds has need not be looked through for the others.
      if (!peer.countedAsSeed && !peer.doubted && availability.isUnshared(this.#bucket)) this.#at = start;
      else this.#at = Math.min(this.#at, availability.end(this.#bucket));
      for (; this.#at > start; this.#at--) {
        if (left-- === 0) return fallBack(availability, peer, may, context, random);
        const piece = order[this.#at - 1]!;
        if ((bytes[piece >> 3]! & (128 >> (piece & 7))) === 0) continue;
        if (may(context, peer, piece)) return this.#draw(availability, peer, may, context, start, random);
        this.#skipped = true;
      }
      this.#enter(availability, this.#bucket + 1);
    }
    return -1;
  }

  #begin(availability: Availability, peer: Holder): void {
    this.#epoch = availability.epoch;
    this.#skipped = false;
    this.#ownCount = 0;
    this.#listed = peer.wanted <= OWN / 2;
    this.#enter(availability, 0);
    if (!this.#listed) return;
    const { open } = availability;
    for (let piece = open.nextCommon(peer.have!, 0); piece >= 0; piece = open.nextCommon(peer.have!, piece + 1)) {
      if (this.#ownCount === OWN) break;
      this.#keep(piece);
    }
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

  #findOwn<P extends Holder, C>(
    availability: Availability,
    peer: P,
    may: May<P, C>,
    context: C,
    random: Random,
  ): number {
    const own = this.#own;
    if (own === undefined) return -1;
    let best = -1;
    let lowest: number = BUCKETS;
    let equals = 0;
    for (let i = this.#ownCount - 1; i >= 0; i--) {
      const piece = own[i]!;
      const bucket = availability.bucket(piece);
      // Taken, lost by the peer, or common enough by now to be met on the way.
      const gone = !availability.isOpen(piece) || !peer.have!.has(piece);
      if (gone || (!this.#listed && bucket > this.#bucket)) {
        own[i] = own[--this.#ownCount]!;
        continue;
      }
      if (bucket > lowest) continue;
      if (!may(context, peer, piece)) this.#skipped = true;
      else {
        equals = bucket < lowest ? 1 : equals + 1;
        lowest = bucket;
        if (equals === 1 || random() * equals < 1) best = piece;
      }
    }
    return best;
  }
}

function isGreat({ order }: Availability): boolean {
  return order.length > GREAT;
}

/** Some piece of a peer that has many. */
function fallBack<P extends Holder, C>(
  availability: Availability,
  peer: P,
  may: May<P, C>,
  context: C,
  random: Random,
): number {
  const { open } = availability;
  const field = peer.have!;
  const from = Math.floor(random() * open.size);
  const piece = findAny(open, field, peer, may, context, from, open.size);
  return piece >= 0 ? piece : findAny(open, field, peer, may, context, 0, from);
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
