// A piece that is being fetched: its blocks, who was asked and who sent them, and the extents they lie in. State and counts
// only; every change comes from the ledger.

import { BLOCKS_PER_EXTENT } from '../base/geometry.ts';

/** arrived: in the slab; stored: on disk, unverified. */
export const BLOCK_STATE = { free: 0, requested: 1, receiving: 2, arrived: 3, stored: 4 } as const;

/** No peer: peers are numbered from 0 by the swarm. */
export const NOBODY = -1;
/** The offset of an extent that holds no place. */
export const NOWHERE = -1;

/** A stretch of a piece; `begin` counts from the beginning of the piece. */
export interface Run {
  begin: number;
  length: number;
}

export class Partial {
  piece = NOBODY;
  /** When it was begun. */
  begunAt = 0;
  readonly blocks: Uint8Array;
  /** How many peers have been asked for each block and have not answered. */
  readonly requesters: Uint8Array;
  /** Who sent each block that has arrived in this run. */
  readonly senders: Int32Array;
  /** Where each extent lies in the slab, or NOWHERE. */
  readonly offsets: Float64Array;
  /** Since when it lies there. */
  readonly placedAt: Float64Array;
  /** 1 for an extent that is being written. */
  readonly storing: Uint8Array;
  /** Blocks of each extent that neither arrived nor are stored. */
  readonly lacking: Uint8Array;
  /** Free blocks of each extent. */
  readonly freeIn: Uint8Array;
  /** Free blocks: `ready` ones in extents that hold a place, `unplaced` ones in those without, the rest under a seal. */
  free = 0;
  ready = 0;
  unplaced = 0;
  /** Blocks that arrived, the stored ones among them. */
  arrived = 0;
  stored = 0;
  /** Something of it was handed to the disk unverified: it ends by storing the rest and reading back, not by a commit. */
  onDisk = false;
  /** Set after a failed check: the one peer that fetches the piece again, whole; since when, and after how many others. */
  exclusive = NOBODY;
  assignedAt = 0;
  handovers = 0;
  /** True while a failed piece waits for, or is with, its one peer. */
  retry = false;
  /** No block before this one is free: where the search for the next free block starts. */
  cursor = 0;
  /** Where it stands in `Ledger.open`, or NOWHERE. */
  openAt = NOWHERE;

  constructor(blockCount: number) {
    const extentCount = Math.ceil(blockCount / BLOCKS_PER_EXTENT);
    this.blocks = new Uint8Array(blockCount);
    this.requesters = new Uint8Array(blockCount);
    this.senders = new Int32Array(blockCount);
    this.offsets = new Float64Array(extentCount);
    this.placedAt = new Float64Array(extentCount);
    this.storing = new Uint8Array(extentCount);
    this.lacking = new Uint8Array(extentCount);
    this.freeIn = new Uint8Array(extentCount);
  }

  /** From now on it stands for this piece, of which nothing is here; it may have stood for another one before. */
  open(piece: number, begunAt: number, retry: boolean): void {
    const blockCount = this.blocks.length;
    const last = this.lacking.length - 1;
    this.piece = piece;
    this.begunAt = begunAt;
    this.blocks.fill(BLOCK_STATE.free);
    this.requesters.fill(0);
    this.senders.fill(NOBODY);
    this.offsets.fill(NOWHERE);
    this.placedAt.fill(0);
    this.storing.fill(0);
    this.lacking.fill(BLOCKS_PER_EXTENT);
    this.lacking[last] = blockCount - last * BLOCKS_PER_EXTENT;
    this.freeIn.set(this.lacking);
    this.free = blockCount;
    this.ready = 0;
    this.unplaced = blockCount;
    this.arrived = 0;
    this.stored = 0;
    this.onDisk = false;
    this.exclusive = NOBODY;
    this.assignedAt = 0;
    this.handovers = 0;
    this.retry = retry;
    this.cursor = 0;
  }

  countTaken(extent: number): void {
    this.#count(extent, -1);
  }

  countFree(extent: number): void {
    this.#count(extent, 1);
  }

  #count(extent: number, step: 1 | -1): void {
    this.free += step;
    this.freeIn[extent]! += step;
    if (this.offsets[extent] === NOWHERE) this.unplaced += step;
    else if (this.storing[extent] === 0) this.ready += step;
  }

  /** Throws when an invariant is broken. For tests and the simulator. */
  checkInvariant(): void {
    const { piece, blocks } = this;
    let arrived = 0;
    let stored = 0;
    let ready = 0;
    let unplaced = 0;
    for (let extent = 0; extent < this.offsets.length; extent++) {
      const end = Math.min(blocks.length, (extent + 1) * BLOCKS_PER_EXTENT);
      let free = 0;
      let lacking = 0;
      for (let block = extent * BLOCKS_PER_EXTENT; block < end; block++) {
        const state = blocks[block]!;
        if (state === BLOCK_STATE.free) {
          free++;
          if (this.requesters[block] !== 0) throw new Error(`free block ${piece}/${block} has requesters`);
          if (block < this.cursor) throw new Error(`free block ${piece}/${block} lies before the cursor`);
        }
        if (state === BLOCK_STATE.requested && this.requesters[block] === 0)
          throw new Error(`requested block ${piece}/${block} has no requester`);
        if (state === BLOCK_STATE.receiving && this.storing[extent] === 1)
          throw new Error(`block ${piece}/${block} is received into a sealed extent`);
        if (state !== BLOCK_STATE.free && state !== BLOCK_STATE.stored && this.offsets[extent] === NOWHERE)
          throw new Error(`block ${piece}/${block} in state ${state} has no place`);
        if (state < BLOCK_STATE.arrived) lacking++;
        else arrived++;
        if (state === BLOCK_STATE.stored) stored++;
      }
      if (free !== this.freeIn[extent] || lacking !== this.lacking[extent])
        throw new Error(`extent ${piece}/${extent} is counted wrong`);
      if (this.storing[extent] === 1 && this.offsets[extent] === NOWHERE)
        throw new Error(`extent ${piece}/${extent} is written from nowhere`);
      if (this.offsets[extent] === NOWHERE) unplaced += free;
      else if (this.storing[extent] === 0) ready += free;
    }
    const free = this.freeIn.reduce((sum, count) => sum + count, 0);
    if (free !== this.free || arrived !== this.arrived || stored !== this.stored)
      throw new Error(`piece ${piece} is counted wrong`);
    if (ready !== this.ready || unplaced !== this.unplaced)
      throw new Error(`the free blocks of ${piece} are counted wrong`);
    if (stored > 0 && !this.onDisk) throw new Error(`piece ${piece} is on disk and does not know it`);
  }
}
