// The one owner of the state of every piece, extent and block: which pieces are missing, arriving, being checked or had,
// and who may write where in the slab. Sends nothing, chooses nothing. Every change is a named transition.
//
// Invariants (checkInvariant): a piece is in exactly one state; an extent holds at most one place and no two hold the same;
// a block that was asked for or has arrived lies in an extent that holds one; a block is written by one peer at a time and
// never after it has arrived; an extent handed to the disk stays sealed, and keeps its place, until the disk answers.

import type { Bitfield } from '../base/bitfield.ts';
import { BLOCK_LENGTH, BLOCKS_PER_EXTENT, type Geometry } from '../base/geometry.ts';
import { BLOCK_STATE, NOBODY, NOWHERE, Partial, type Run } from './partial.ts';
import type { Places } from './places.ts';

export const PIECE_STATE = { missing: 0, partial: 1, verifying: 2, have: 3 } as const;

const MOST_SPARE = 256;

/** Blocks of a piece that are on disk and belong to no verified piece: one bit a block, the highest bit first. */
export interface StoredBlocks {
  readonly piece: number;
  readonly blocks: Uint8Array;
}

export class Ledger {
  readonly geometry: Geometry;
  readonly have: Bitfield;
  readonly places: Places;
  readonly partials = new Map<number, Partial>();
  readonly #states: Uint8Array;
  /** Partial pieces with a free block, in no order. */
  readonly open: Partial[] = [];
  /** Places taken and not given back. */
  held = 0;
  /** Books of pieces that have ended, for the next ones. */
  readonly #spare: Partial[] = [];
  /** Pieces whose last check failed: the next attempt comes whole from one peer. */
  readonly #retries = new Set<number>();

  constructor(geometry: Geometry, have: Bitfield, places: Places) {
    this.geometry = geometry;
    this.have = have;
    this.places = places;
    this.#states = new Uint8Array(geometry.pieceCount);
    for (let piece = 0; piece < geometry.pieceCount; piece++)
      if (have.has(piece)) this.#states[piece] = PIECE_STATE.have;
  }

  get complete(): boolean {
    return this.have.complete;
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

  /** missing → partial. Undefined when there is no place for its first extent. */
  begin(piece: number, now: number): Partial | undefined {
    if (this.#states[piece] !== PIECE_STATE.missing || this.places.free === 0) return undefined;
    return this.#open(piece, now);
  }

  #open(piece: number, now: number): Partial {
    const { geometry } = this;
    const blockCount = geometry.blockCount(piece);
    const usual = blockCount === geometry.blocksPerPiece;
    const partial = (usual ? this.#spare.pop() : undefined) ?? new Partial(blockCount);
    partial.open(piece, now, this.#retries.has(piece));
    this.partials.set(piece, partial);
    this.#states[piece] = PIECE_STATE.partial;
    this.#enter(partial);
    return partial;
  }

  /**
   * At activation: these blocks of a missing piece lie on disk, unverified, and nobody knows who sent them: missing →
   * partial. `blocks`: one bit a block. Undefined when there is no such piece or no bit is set.
   */
  restored({ piece, blocks }: StoredBlocks, now: number): Partial | undefined {
    const { geometry } = this;
    if (!geometry.isPiece(piece) || this.#states[piece] !== PIECE_STATE.missing) return undefined;
    const count = geometry.blockCount(piece);
    if (blocks.length !== (count + 7) >> 3 || !blocks.some((bits) => bits !== 0)) return undefined;
    const partial = this.#open(piece, now);
    partial.onDisk = true;
    for (let block = 0; block < count; block++) {
      if ((blocks[block >> 3]! & (0x80 >> (block & 7))) === 0) continue;
      this.#taken(partial, block);
      partial.blocks[block] = BLOCK_STATE.stored;
      partial.lacking[extentOf(block)]!--;
      partial.arrived++;
      partial.stored++;
    }
    return partial;
  }

  /** A block of it can be asked for now: `nextFree` has an answer. */
  isOpen(partial: Partial): boolean {
    return partial.ready > 0 || (partial.unplaced > 0 && this.places.free > 0);
  }

  /** The first free block that may be asked for now, or -1. */
  nextFree(partial: Partial): number {
    if (!this.isOpen(partial)) return -1;
    const { blocks, freeIn, offsets, storing } = partial;
    let block = partial.cursor;
    while (blocks[block] !== BLOCK_STATE.free) block++;
    partial.cursor = block;
    const room = this.places.free > 0;
    for (let extent = extentOf(block); extent < freeIn.length; extent++) {
      if (freeIn[extent] === 0 || storing[extent] === 1 || (offsets[extent] === NOWHERE && !room)) continue;
      block = Math.max(block, extent * BLOCKS_PER_EXTENT);
      while (blocks[block] !== BLOCK_STATE.free) block++;
      return block;
    }
    return -1;
  }

  /** Somebody was asked for the block and has not begun to send it. */
  isOwed(partial: Partial, block: number): boolean {
    return partial.blocks[block] === BLOCK_STATE.requested;
  }

  /**
   * A request went out: free → requested, or one more requester of a requested block (end game). The first one of an
   * extent takes its place. Only for a block that `nextFree` named, or one that is requested.
   */
  requested(partial: Partial, block: number, now: number): void {
    if (partial.blocks[block] === BLOCK_STATE.free) {
      const extent = extentOf(block);
      if (partial.offsets[extent] === NOWHERE) this.#place(partial, extent, now);
      this.#taken(partial, block);
      partial.blocks[block] = BLOCK_STATE.requested;
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
   * The header of a block is here: offset in the slab for its payload, or -1 when nobody needs it or it has no place. From
   * now until `received` or `aborted` this peer alone writes there.
   */
  receiving(piece: number, block: number): number {
    const partial = this.partials.get(piece);
    if (partial === undefined) return -1;
    const state = partial.blocks[block]!;
    if (state !== BLOCK_STATE.requested && state !== BLOCK_STATE.free) return -1;
    const extent = extentOf(block);
    const offset = partial.offsets[extent]!;
    if (offset === NOWHERE || partial.storing[extent] === 1) return -1;
    if (state === BLOCK_STATE.free) this.#taken(partial, block);
    partial.blocks[block] = BLOCK_STATE.receiving;
    return offset + (block % BLOCKS_PER_EXTENT) * BLOCK_LENGTH;
  }

  /** The payload is in the slab: receiving → arrived. True when every block of its extent is here or stored. */
  received(piece: number, block: number, sender: number): boolean {
    const partial = this.partials.get(piece)!;
    const extent = extentOf(block);
    partial.blocks[block] = BLOCK_STATE.arrived;
    partial.senders[block] = sender;
    partial.arrived++;
    return --partial.lacking[extent]! === 0;
  }

  /** The writer left in the middle of a block: receiving → requested or free. */
  aborted(piece: number, block: number): void {
    const partial = this.partials.get(piece);
    if (partial === undefined || partial.blocks[block] !== BLOCK_STATE.receiving) return;
    if (partial.requesters[block]! > 0) partial.blocks[block] = BLOCK_STATE.requested;
    else this.#free(partial, block);
  }

  /**
   * What has arrived of the extent goes to the disk: it is sealed until `stored` or `unwritten`. Returns the stretches
   * that have to be written; none: nothing had arrived, and the place is given back at once. Never in the middle of a
   * block, nor while somebody is asked for one of it.
   */
  extentSealed(partial: Partial, extent: number): Run[] {
    const runs = this.#runs(partial, extent);
    if (runs.length === 0) {
      this.#giveBack(partial, extent);
      return runs;
    }
    partial.storing[extent] = 1;
    partial.ready -= partial.freeIn[extent]!;
    partial.onDisk = true;
    return runs;
  }

  #runs(partial: Partial, extent: number): Run[] {
    const runs: Run[] = [];
    let last: Run | undefined;
    const [first, end] = blocksOf(partial, extent);
    for (let block = first; block < end; block++) {
      if (partial.blocks[block] !== BLOCK_STATE.arrived) {
        last = undefined;
        continue;
      }
      const length = this.geometry.blockSize(partial.piece, block);
      if (last === undefined) {
        last = { begin: block * BLOCK_LENGTH, length };
        runs.push(last);
      } else last.length += length;
    }
    return runs;
  }

  /** The disk has it, unverified: arrived → stored, and the place is free. True when the whole piece is stored. */
  extentStored(piece: number, extent: number): boolean {
    const partial = this.partials.get(piece)!;
    const [first, end] = blocksOf(partial, extent);
    for (let block = first; block < end; block++) {
      if (partial.blocks[block] !== BLOCK_STATE.arrived) continue;
      partial.blocks[block] = BLOCK_STATE.stored;
      partial.stored++;
    }
    this.#unseal(partial, extent);
    return partial.stored === partial.blocks.length;
  }

  /** The disk refused the extent: what had arrived of it is gone. Returns the bytes. */
  extentUnwritten(piece: number, extent: number): number {
    const partial = this.partials.get(piece)!;
    let lost = 0;
    const [first, end] = blocksOf(partial, extent);
    for (let block = first; block < end; block++)
      if (partial.blocks[block] === BLOCK_STATE.arrived) lost += this.#dropBlock(partial, block);
    this.#unseal(partial, extent);
    return lost;
  }

  #unseal(partial: Partial, extent: number): void {
    partial.storing[extent] = 0;
    partial.ready += partial.freeIn[extent]!;
    this.#giveBack(partial, extent);
  }

  /** Places whose bytes wait for the disk or are with it. */
  get heldByDisk(): number {
    let count = 0;
    for (const partial of this.partials.values())
      for (let extent = 0; extent < partial.offsets.length; extent++)
        if (partial.offsets[extent] !== NOWHERE && partial.lacking[extent] === 0) count++;
    return count;
  }

  /** Every block has arrived or is stored: partial → verifying. Sealed until `verified` or `failed`. */
  sealed(piece: number): Partial {
    this.#states[piece] = PIECE_STATE.verifying;
    return this.partials.get(piece)!;
  }

  /** The hash was right and it is on disk: verifying → have; its place is free again. */
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
   * The one peer of a retried piece left: what it sent is of no use to tell liars apart, so the piece starts again, also
   * what of it is on disk. Returns the bytes that are thrown away.
   */
  unassigned(partial: Partial): number {
    partial.exclusive = NOBODY;
    partial.handovers++;
    partial.onDisk = false;
    let lost = 0;
    for (let block = 0; block < partial.blocks.length; block++) {
      const state = partial.blocks[block];
      if (state === BLOCK_STATE.arrived || state === BLOCK_STATE.stored) lost += this.#dropBlock(partial, block);
    }
    return lost;
  }

  /** Bytes of a piece that were received in this run, those on disk among them. */
  receivedBytes(partial: Partial): number {
    let bytes = 0;
    for (let block = 0; block < partial.blocks.length; block++)
      if (partial.senders[block] !== NOBODY) bytes += this.geometry.blockSize(partial.piece, block);
    return bytes;
  }

  /** What is on disk of pieces that are not verified. */
  storedBlocks(): StoredBlocks[] {
    const all: StoredBlocks[] = [];
    for (const partial of this.partials.values()) {
      if (partial.stored === 0) continue;
      const blocks = new Uint8Array((partial.blocks.length + 7) >> 3);
      for (let block = 0; block < partial.blocks.length; block++)
        if (partial.blocks[block] === BLOCK_STATE.stored) blocks[block >> 3]! |= 0x80 >> (block & 7);
      all.push({ piece: partial.piece, blocks });
    }
    return all;
  }

  /** Throws when an invariant is broken. For tests and the simulator. */
  checkInvariant(): void {
    const offsets = new Set<number>();
    let open = 0;
    for (const [piece, partial] of this.partials) {
      const state = this.#states[piece];
      if (state !== PIECE_STATE.partial && state !== PIECE_STATE.verifying)
        throw new Error(`piece ${piece} is under way in state ${state}`);
      partial.checkInvariant();
      if (partial.free > 0) open++;
      if (partial.free > 0 !== (this.open[partial.openAt] === partial))
        throw new Error(`piece ${piece} is in the wrong index`);
      if (state === PIECE_STATE.verifying && partial.arrived !== partial.blocks.length)
        throw new Error(`piece ${piece} is sealed with blocks missing`);
      for (const offset of partial.offsets) {
        if (offset === NOWHERE) continue;
        if (offsets.has(offset)) throw new Error(`the place at ${offset} has two extents`);
        offsets.add(offset);
      }
    }
    if (open !== this.open.length) throw new Error('open partials are counted wrong');
    if (offsets.size !== this.held) throw new Error('a place is lost');
    for (let piece = 0; piece < this.geometry.pieceCount; piece++) {
      const state = this.#states[piece];
      if ((state === PIECE_STATE.have) !== this.have.has(piece)) throw new Error(`have-bit of ${piece} is wrong`);
      if ((state === PIECE_STATE.partial || state === PIECE_STATE.verifying) !== this.partials.has(piece))
        throw new Error(`piece ${piece} in state ${state} and its partial disagree`);
    }
  }

  #place(partial: Partial, extent: number, now: number): void {
    const offset = this.places.take();
    if (offset < 0) throw new Error(`no place for extent ${extent} of piece ${partial.piece}`);
    this.held++;
    partial.offsets[extent] = offset;
    partial.placedAt[extent] = now;
    partial.unplaced -= partial.freeIn[extent]!;
    partial.ready += partial.freeIn[extent]!;
  }

  #giveBack(partial: Partial, extent: number): void {
    const offset = partial.offsets[extent]!;
    if (offset === NOWHERE) return;
    this.held--;
    this.places.give(offset);
    partial.offsets[extent] = NOWHERE;
    partial.ready -= partial.freeIn[extent]!;
    partial.unplaced += partial.freeIn[extent]!;
  }

  #taken(partial: Partial, block: number): void {
    partial.countTaken(extentOf(block));
    if (partial.free === 0) this.#leave(partial);
  }

  #enter(partial: Partial): void {
    partial.openAt = this.open.length;
    this.open.push(partial);
  }

  #leave(partial: Partial): void {
    const last = this.open.pop()!;
    if (last !== partial) {
      this.open[partial.openAt] = last;
      last.openAt = partial.openAt;
    }
    partial.openAt = NOWHERE;
  }

  #free(partial: Partial, block: number): void {
    partial.blocks[block] = BLOCK_STATE.free;
    if (partial.free === 0) this.#enter(partial);
    partial.countFree(extentOf(block));
    if (block < partial.cursor) partial.cursor = block;
  }

  /** What had arrived is thrown away: arrived or stored → requested or free. Returns the bytes, if they came in this run. */
  #dropBlock(partial: Partial, block: number): number {
    if (partial.blocks[block] === BLOCK_STATE.stored) partial.stored--;
    const lost = partial.senders[block] === NOBODY ? 0 : this.geometry.blockSize(partial.piece, block);
    partial.arrived--;
    partial.lacking[extentOf(block)]!++;
    partial.senders[block] = NOBODY;
    if (partial.requesters[block]! > 0) partial.blocks[block] = BLOCK_STATE.requested;
    else this.#free(partial, block);
    return lost;
  }

  #drop(piece: number): void {
    const partial = this.partials.get(piece)!;
    this.partials.delete(piece);
    if (partial.free > 0) this.#leave(partial);
    for (let extent = 0; extent < partial.offsets.length; extent++) this.#giveBack(partial, extent);
    if (partial.blocks.length === this.geometry.blocksPerPiece && this.#spare.length < MOST_SPARE)
      this.#spare.push(partial);
  }
}

function extentOf(block: number): number {
  return Math.floor(block / BLOCKS_PER_EXTENT);
}

/** First block of an extent, and the one after its last. */
function blocksOf(partial: Partial, extent: number): [number, number] {
  const first = extent * BLOCKS_PER_EXTENT;
  return [first, Math.min(first + BLOCKS_PER_EXTENT, partial.blocks.length)];
}
