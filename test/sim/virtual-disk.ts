// The disk of one simulated node and the record it keeps of itself: what has been written, what would survive a power cut,
// and which pieces the record claims. Content is kept by piece; a piece that is right costs no memory. Time is what a job
// costs; jobs are carried out by workers that finish in any order.

import type { Geometry } from '../../src/base/geometry.ts';
import type { StoreExtent } from '../../src/swarm/commands.ts';
import type { Run } from '../../src/swarm/partial.ts';

export interface DiskOptions {
  /** Bytes hashed, written and read in a second. */
  hashRate?: number;
  writeRate?: number;
  readRate?: number;
  /** Jobs under way at a time. */
  workers?: number;
  /** An answer may come so many milliseconds late, out of order. */
  lateness?: number;
  /** Share of writes that take two steps, the first of them short. */
  short?: number;
  /** Share of writes, and of reads, that end in EIO. */
  writeErrors?: number;
  readErrors?: number;
  /** Bytes that fit. */
  capacity?: number;
  /** Milliseconds between two syncs, each followed by the record. */
  syncEvery?: number;
}

/** What is in the place of a piece: what should be there, something else, or nothing. */
type Held = 'right' | Uint8Array | undefined;

export interface DiskClock {
  readonly now: number;
  at(time: number, kind: number, run: () => void): void;
}

export type WriteResult = 'ok' | 'wrong' | 'full' | 'broken';

export const DISK_EVENT = { hashed: 10, halfWritten: 11, written: 12, answered: 13, synced: 14, read: 15 } as const;

interface Job {
  readonly kind: 'commit' | 'store' | 'verify';
  readonly piece: number;
  readonly slab: Uint8Array;
  /** Where the byte of the slab lies that belongs to the beginning of the piece. */
  readonly origin: number;
  readonly runs: readonly Run[];
  /** Of the runs. */
  readonly length: number;
  readonly done: (result: WriteResult) => void;
}

const NOTHING = new Uint8Array(0);

export class VirtualDisk {
  readonly #clock: DiskClock;
  readonly #geometry: Geometry;
  readonly #truth: Uint8Array;
  readonly #random: () => number;
  readonly #held: Held[];
  /** What a power cut leaves for certain. */
  readonly #durable: Held[];
  readonly #unsynced = new Set<number>();
  /** Pieces that passed their hash: what is stored and not verified is in no record, right or not. */
  readonly #verified = new Set<number>();
  /** Pieces the record claims after the next power cut, whatever happens. */
  readonly record = new Set<number>();
  options: Required<DiskOptions>;
  #used = 0;
  #busy = 0;
  readonly #jobs: Job[] = [];
  /** Jobs of a process that was killed count no more. */
  #generation = 0;

  constructor(clock: DiskClock, geometry: Geometry, truth: Uint8Array, random: () => number, options: DiskOptions) {
    this.#clock = clock;
    this.#geometry = geometry;
    this.#truth = truth;
    this.#random = random;
    this.#held = new Array<Held>(geometry.pieceCount).fill(undefined);
    this.#durable = new Array<Held>(geometry.pieceCount).fill(undefined);
    this.options = {
      hashRate: 1e9,
      writeRate: 5e8,
      readRate: 5e8,
      workers: 1,
      lateness: 0,
      short: 0,
      writeErrors: 0,
      readErrors: 0,
      capacity: Number.POSITIVE_INFINITY,
      syncEvery: 5000,
      ...options,
    };
  }

  /** The piece was there before, synced and recorded. */
  place(piece: number): void {
    this.#used += this.#geometry.pieceSize(piece);
    this.#held[piece] = 'right';
    this.#durable[piece] = 'right';
    this.#verified.add(piece);
    this.record.add(piece);
  }

  isRight(piece: number): boolean {
    return this.#held[piece] === 'right';
  }

  /** True when another piece can be written. */
  get hasRoom(): boolean {
    return this.#used + this.#geometry.pieceLength <= this.options.capacity;
  }

  /** Hash, compare, write; answers later, and never to a process that was killed meanwhile. */
  commit(piece: number, slab: Uint8Array, offset: number, done: (result: WriteResult) => void): void {
    const length = this.#geometry.pieceSize(piece);
    this.#jobs.push({ kind: 'commit', piece, slab, origin: offset, runs: [{ begin: 0, length }], length, done });
    this.#work();
  }

  /** Write blocks of an extent that lies at `offset` of the slab; otherwise as `commit`. */
  storeExtent(
    { piece, extent, offset, runs }: StoreExtent,
    slab: Uint8Array,
    done: (result: WriteResult) => void,
  ): void {
    let length = 0;
    for (const run of runs) length += run.length;
    const origin = offset - extent * this.#geometry.extentLength;
    this.#jobs.push({ kind: 'store', piece, slab, origin, runs, length, done });
    this.#work();
  }

  /** Is what was stored of the piece right? */
  verify(piece: number, done: (result: WriteResult) => void): void {
    this.#jobs.push({ kind: 'verify', piece, slab: NOTHING, origin: 0, runs: [], length: 0, done });
    this.#work();
  }

  /** The bytes in the place of a piece, whatever they are. */
  content(piece: number): Uint8Array {
    const size = this.#geometry.pieceSize(piece);
    const start = this.#geometry.pieceOffset(piece);
    const held = this.#held[piece];
    if (held === 'right') return this.#truth.subarray(start, start + size);
    return held ?? new Uint8Array(size);
  }

  /** Bytes of a piece that is here, to be read until the next write to it. */
  read(piece: number): { bytes: Uint8Array; start: number } | undefined {
    const held = this.#held[piece];
    if (held === undefined || this.#often(this.options.readErrors)) return undefined;
    if (held === 'right') return { bytes: this.#truth, start: this.#geometry.pieceOffset(piece) };
    return { bytes: held, start: 0 };
  }

  /** What was read or written there is gone or changed. */
  damage(piece: number): void {
    const bytes = new Uint8Array(this.#geometry.pieceSize(piece));
    this.#held[piece] = bytes;
    this.#durable[piece] = bytes;
    this.#verified.delete(piece);
    this.record.delete(piece);
  }

  /** Everything that has been written so far becomes durable, then the record says so. */
  sync(): void {
    for (const piece of this.#unsynced) {
      this.#durable[piece] = this.#held[piece];
      if (this.#held[piece] === 'right' && this.#verified.has(piece)) this.record.add(piece);
    }
    this.#unsynced.clear();
  }

  /** The process ends. `power`: so does the machine, and any part of what was not synced is lost. */
  crash(power: boolean): void {
    this.#generation++;
    this.#jobs.length = 0;
    this.#busy = 0;
    if (!power) return;
    for (const piece of this.#unsynced) {
      const fate = this.#random();
      if (fate < 0.4) this.#held[piece] = this.#durable[piece];
      else if (fate < 0.7) this.#held[piece] = this.#torn(piece);
      this.#durable[piece] = this.#held[piece];
    }
    this.#unsynced.clear();
  }

  /** Some blocks of the piece reached the disk. */
  #torn(piece: number): Uint8Array {
    const size = this.#geometry.pieceSize(piece);
    const start = this.#geometry.pieceOffset(piece);
    const bytes = new Uint8Array(size);
    const cut = Math.floor(this.#random() * size);
    bytes.set(this.#truth.subarray(start, start + cut));
    return bytes;
  }

  /**
   * What a new process finds: what the record claims, and what else passes its hash. Throws when the record claims what is
   * not there.
   */
  recover(): number[] {
    const found: number[] = [];
    for (let piece = 0; piece < this.#geometry.pieceCount; piece++) {
      const right = this.#held[piece] === 'right';
      if (this.record.has(piece) && !right) throw new Error(`the record claims piece ${piece}, which is not there`);
      if (right) found.push(piece);
    }
    return found;
  }

  #work(): void {
    while (this.#busy < this.options.workers && this.#jobs.length > 0) {
      this.#busy++;
      this.#run(this.#jobs.shift()!);
    }
  }

  #later(milliseconds: number, kind: number, run: () => void): void {
    const generation = this.#generation;
    this.#clock.at(this.#clock.now + milliseconds, kind, () => {
      if (generation === this.#generation) run();
    });
  }

  #run(job: Job): void {
    const { kind, length } = job;
    const size = this.#geometry.pieceSize(job.piece);
    const { hashRate, writeRate, short } = this.options;
    const hashed = kind === 'verify' ? size : length;
    this.#later((hashed / hashRate) * 1000, DISK_EVENT.hashed, () => {
      if (kind === 'verify') this.#answer(job, this.#held[job.piece] === 'right' ? 'ok' : 'wrong');
      else if (kind === 'commit' && !this.#passes(job, size)) this.#answer(job, 'wrong');
      else if (this.#often(this.options.writeErrors)) this.#answer(job, 'broken');
      else if (this.#held[job.piece] === undefined && this.#used + size > this.options.capacity)
        this.#answer(job, 'full');
      else if (this.#often(short)) {
        const half = length >> 1;
        this.#later((half / writeRate) * 1000, DISK_EVENT.halfWritten, () => {
          this.#write(job, size, half);
          this.#later(((length - half) / writeRate) * 1000, DISK_EVENT.written, () => {
            this.#write(job, size, length);
            this.#answer(job, 'ok');
          });
        });
      } else
        this.#later((length / writeRate) * 1000, DISK_EVENT.written, () => {
          this.#write(job, size, length);
          this.#answer(job, 'ok');
        });
    });
  }

  #passes({ piece, slab, origin }: Job, size: number): boolean {
    const start = this.#geometry.pieceOffset(piece);
    return sameBytes(slab, origin, this.#truth, start, size);
  }

  /** The first `length` bytes of the runs go to their place as they are now. */
  #write(job: Job, size: number, length: number): void {
    const { kind, piece, slab, origin, runs } = job;
    if (this.#held[piece] === undefined) this.#used += size;
    this.#unsynced.add(piece);
    if (kind === 'commit' && length === size && this.#passes(job, size)) {
      this.#held[piece] = 'right';
      return;
    }
    const before = this.#held[piece];
    const start = this.#geometry.pieceOffset(piece);
    const bytes =
      before instanceof Uint8Array
        ? before
        : before === 'right'
          ? this.#truth.slice(start, start + size)
          : new Uint8Array(size);
    let left = length;
    for (const { begin, length: whole } of runs) {
      const step = Math.min(left, whole);
      bytes.set(slab.subarray(origin + begin, origin + begin + step), begin);
      left -= step;
    }
    this.#held[piece] = sameBytes(bytes, 0, this.#truth, start, size) ? 'right' : bytes;
  }

  #answer(job: Job, result: WriteResult): void {
    this.#busy--;
    if (job.kind !== 'store' && result === 'ok') this.#verified.add(job.piece);
    this.#later(this.#random() * this.options.lateness, DISK_EVENT.answered, () => job.done(result));
    this.#work();
  }

  #often(share: number): boolean {
    return share > 0 && this.#random() < share;
  }
}

function sameBytes(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, length: number): boolean {
  return Buffer.compare(a.subarray(aStart, aStart + length), b.subarray(bStart, bStart + length)) === 0;
}
