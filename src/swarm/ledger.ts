// The one owner of the state of every piece and block: which pieces are missing, arriving, being checked or had, and who
// may write into which slot of the slab. Sends nothing, chooses nothing. Every change is a named transition.
//
// Invariants (checkInvariant): a piece is in exactly one state; a partial or verifying piece owns exactly one slot and no
// two pieces own the same one; a block is written by one peer at a time and never after it has arrived; a slot handed to
// the disk stays sealed until the disk answers.

import type { Bitfield } from '../base/bitfield.ts';
import { BLOCK_LENGTH, type Geometry } from '../base/geometry.ts';

export const PIECE_STATE = { missing: 0, partial: 1, verifying: 2, have: 3 } as const;
export const BLOCK_STATE = { free: 0, requested: 1, receiving: 2, arrived: 3 } as const;

/** No peer: peers are numbered from 0 by the swarm. */
export const NOBODY = -1;

/** A piece that is being fetched. */
export class Partial {
  readonly piece: number;
  readonly slot: number;
  /** When it was begun. */
  readonly begunAt: number;
  readonly blocks: Uint8Array;
  /** How many peers have been asked for each block and have not answered. */
  readonly requesters: Uint8Array;
  /** Who sent each block that has arrived. */
  readonly senders: Int32Array;
  free: number;
  arrived = 0;
  /** Set after a failed check: the one peer that fetches the piece again, whole; since when, and after how many others. */
  exclusive = NOBODY;
  assignedAt = 0;
  handovers = 0;
  /** True while a failed piece waits for, or is with, its one peer. */
  retry: boolean;
  /** No block before this one is free: where the search for the next free block starts. */
  cursor = 0;

  constructor(piece: number, slot: number, begunAt: number, blockCount: number, retry: boolean) {
    this.piece = piece;
    this.slot = slot;
    this.begunAt = begunAt;
    this.blocks = new Uint8Array(blockCount);
    this.requesters = new Uint8Array(blockCount);
    this.senders = new Int32Array(blockCount).fill(NOBODY);
    this.free = blockCount;
    this.retry = retry;
  }
}

export class Ledger {
  readonly geometry: Geometry;
  readonly have: Bitfield;
  readonly partials = new Map<number, Partial>();
  readonly slotCount: number;
  readonly #states: Uint8Array;
  readonly #freeSlots: number[] = [];
  /** Partial pieces with a free block. */
  openPartials = 0;
  /** Pieces whose last check failed: the next attempt comes whole from one peer. */
  readonly #retries = new Set<number>();

  /** `slotCount` slots of one piece each lie one after another in the slab. */
  constructor(geometry: Geometry, have: Bitfield, slotCount: number) {
    this.geometry = geometry;
    this.have = have;
    this.slotCount = slotCount;
    this.#states = new Uint8Array(geometry.pieceCount);
    for (let piece = 0; piece < geometry.pieceCount; piece++)
      if (have.has(piece)) this.#states[piece] = PIECE_STATE.have;
    for (let slot = slotCount - 1; slot >= 0; slot--) this.#freeSlots.push(slot);
  }

  get complete(): boolean {
    return this.have.complete;
  }

  get freeSlots(): number {
    return this.#freeSlots.length;
  }

  state(piece: number): number {
    return this.#states[piece]!;
  }

  isRetry(piece: number): boolean {
    return this.#retries.has(piece);
  }

  /** A missing piece comes whole from one peer, as if it had failed: so that what a suspect does to it shows. */
  isolated(piece: number): void {
    this.#retries.add(piece);
  }

  /** missing → partial. Undefined when no slot is free. */
  begin(piece: number, now: number): Partial | undefined {
    if (this.#states[piece] !== PIECE_STATE.missing) return undefined;
    const slot = this.#freeSlots.pop();
    if (slot === undefined) return undefined;
    const partial = new Partial(piece, slot, now, this.geometry.blockCount(piece), this.#retries.has(piece));
    this.partials.set(piece, partial);
    this.#states[piece] = PIECE_STATE.partial;
    this.openPartials++;
    return partial;
  }

  /** The next free block at or after the cursor, or -1. */
  nextFree(partial: Partial): number {
    if (partial.free === 0) return -1;
    const { blocks } = partial;
    let block = partial.cursor;
    while (block < blocks.length && blocks[block] !== BLOCK_STATE.free) block++;
    partial.cursor = block;
    return block < blocks.length ? block : -1;
  }

  /** Somebody was asked for the block and has not begun to send it. */
  isOwed(partial: Partial, block: number): boolean {
    return partial.blocks[block] === BLOCK_STATE.requested;
  }

  /** A request went out: free → requested, or one more requester of a requested block (end game). */
  requested(partial: Partial, block: number): void {
    if (partial.blocks[block] === BLOCK_STATE.free) {
      partial.blocks[block] = BLOCK_STATE.requested;
      this.#taken(partial);
    }
    partial.requesters[block]!++;
  }

  /** A request ended without its block: rejected, timed out, choked or its peer left. */
  released(piece: number, block: number): void {
    const partial = this.partials.get(piece);
    if (partial === undefined || partial.requesters[block] === 0) return;
    partial.requesters[block]!--;
    if (partial.requesters[block] === 0 && partial.blocks[block] === BLOCK_STATE.requested) this.#free(partial, block);
  }

  /**
   * The header of a block is here: offset in the slab for its payload, or -1 when nobody needs it. From now until
   * `received` or `aborted` this peer alone writes there.
   */
  receiving(piece: number, block: number): number {
    const partial = this.partials.get(piece);
    if (partial === undefined) return -1;
    const state = partial.blocks[block]!;
    if (state !== BLOCK_STATE.requested && state !== BLOCK_STATE.free) return -1;
    if (state === BLOCK_STATE.free) this.#taken(partial);
    partial.blocks[block] = BLOCK_STATE.receiving;
    return partial.slot * this.geometry.pieceLength + block * BLOCK_LENGTH;
  }

  /** The payload is in the slab: receiving → arrived. True when that was the last block of the piece. */
  received(piece: number, block: number, sender: number): boolean {
    const partial = this.partials.get(piece)!;
    partial.blocks[block] = BLOCK_STATE.arrived;
    partial.senders[block] = sender;
    partial.arrived++;
    return partial.arrived === partial.blocks.length;
  }

  /** The writer left in the middle of a block: receiving → requested or free. */
  aborted(piece: number, block: number): void {
    const partial = this.partials.get(piece);
    if (partial === undefined || partial.blocks[block] !== BLOCK_STATE.receiving) return;
    if (partial.requesters[block]! > 0) partial.blocks[block] = BLOCK_STATE.requested;
    else this.#free(partial, block);
  }

  /** Every block has arrived: partial → verifying. The slot is sealed until `verified` or `failed`. */
  sealed(piece: number): Partial {
    this.#states[piece] = PIECE_STATE.verifying;
    return this.partials.get(piece)!;
  }

  /** The disk has hashed and written it: verifying → have; the slot is free again. */
  verified(piece: number): void {
    this.#drop(piece);
    this.#states[piece] = PIECE_STATE.have;
    this.#retries.delete(piece);
    this.have.add(piece);
  }

  /** The hash was wrong, or the disk refused: verifying → missing. `retry`: next time whole from one peer. */
  failed(piece: number, retry: boolean): void {
    this.#drop(piece);
    this.#states[piece] = PIECE_STATE.missing;
    if (retry) this.#retries.add(piece);
  }

  /** What we had is gone or changed on disk: have → missing. True when it was had. */
  lost(piece: number): boolean {
    if (this.#states[piece] !== PIECE_STATE.have) return false;
    this.#states[piece] = PIECE_STATE.missing;
    this.have.delete(piece);
    return true;
  }

  /** A retried piece goes to one peer. */
  assigned(partial: Partial, peer: number, now: number): void {
    partial.exclusive = peer;
    partial.assignedAt = now;
  }

  /**
   * The one peer of a retried piece left: what it sent is of no use to tell liars apart, so the piece starts again.
   * Returns the bytes that are thrown away.
   */
  unassigned(partial: Partial): number {
    partial.exclusive = NOBODY;
    partial.handovers++;
    let lost = 0;
    for (let block = 0; block < partial.blocks.length; block++) {
      if (partial.blocks[block] !== BLOCK_STATE.arrived) continue;
      lost += this.geometry.blockSize(partial.piece, block);
      partial.arrived--;
      partial.senders[block] = NOBODY;
      if (partial.requesters[block]! > 0) partial.blocks[block] = BLOCK_STATE.requested;
      else this.#free(partial, block);
    }
    return lost;
  }

  /**
   * Nobody here can finish it and its slot is needed: partial → missing. Only when nobody is asked for it or is sending a
   * block of it. Returns the bytes that are thrown away.
   */
  abandoned(piece: number): number {
    const partial = this.partials.get(piece)!;
    let lost = 0;
    for (let block = 0; block < partial.blocks.length; block++)
      if (partial.blocks[block] === BLOCK_STATE.arrived) lost += this.geometry.blockSize(piece, block);
    this.#drop(piece);
    this.#states[piece] = PIECE_STATE.missing;
    return lost;
  }

  /** Throws when an invariant is broken. For tests and the simulator. */
  checkInvariant(): void {
    const owners = new Map<number, number>();
    for (const [piece, partial] of this.partials) {
      const state = this.#states[piece];
      if (state !== PIECE_STATE.partial && state !== PIECE_STATE.verifying)
        throw new Error(`piece ${piece} has a slot in state ${state}`);
      if (owners.has(partial.slot)) throw new Error(`slot ${partial.slot} has two pieces`);
      owners.set(partial.slot, piece);
      let free = 0;
      let arrived = 0;
      for (let block = 0; block < partial.blocks.length; block++) {
        const blockState = partial.blocks[block];
        if (blockState === BLOCK_STATE.free) {
          free++;
          if (partial.requesters[block] !== 0) throw new Error(`free block ${piece}/${block} has requesters`);
          if (block < partial.cursor) throw new Error(`free block ${piece}/${block} lies before the cursor`);
        }
        if (blockState === BLOCK_STATE.requested && partial.requesters[block] === 0)
          throw new Error(`requested block ${piece}/${block} has no requester`);
        if (blockState === BLOCK_STATE.arrived) arrived++;
      }
      if (free !== partial.free || arrived !== partial.arrived) throw new Error(`piece ${piece} is counted wrong`);
      if (state === PIECE_STATE.verifying && arrived !== partial.blocks.length)
        throw new Error(`piece ${piece} is sealed with blocks missing`);
    }
    let open = 0;
    for (const partial of this.partials.values()) if (partial.free > 0) open++;
    if (open !== this.openPartials) throw new Error('open partials are counted wrong');
    if (owners.size + this.#freeSlots.length !== this.slotCount) throw new Error('a slot is lost');
    for (let piece = 0; piece < this.geometry.pieceCount; piece++) {
      const state = this.#states[piece];
      if ((state === PIECE_STATE.have) !== this.have.has(piece)) throw new Error(`have-bit of ${piece} is wrong`);
      if ((state === PIECE_STATE.partial || state === PIECE_STATE.verifying) !== this.partials.has(piece))
        throw new Error(`piece ${piece} in state ${state} and its partial disagree`);
    }
  }

  #taken(partial: Partial): void {
    partial.free--;
    if (partial.free === 0) this.openPartials--;
  }

  #free(partial: Partial, block: number): void {
    partial.blocks[block] = BLOCK_STATE.free;
    if (partial.free === 0) this.openPartials++;
    partial.free++;
    if (block < partial.cursor) partial.cursor = block;
  }

  #drop(piece: number): void {
    const partial = this.partials.get(piece)!;
    this.partials.delete(piece);
    if (partial.free > 0) this.openPartials--;
    this.#freeSlots.push(partial.slot);
  }
}
