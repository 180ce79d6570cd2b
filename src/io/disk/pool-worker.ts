// One thread of a hash pool, seen from the main thread: what it was given and has not answered, and its messages in bundles.
// It keeps the process alive only while it owes an answer. Who gets which job the pool decides.

import type { Worker } from 'node:worker_threads';
import { startWorker } from '../start-worker.ts';
import type { FromWorker, PieceMessage, RangeSegment, SettledFile, SettleFile, ToWorker } from './hash-job.ts';
import type { HashRequest } from './hash-runs.ts';

/** `digests`: the first 8 bytes of the SHA-1 of each block. */
export type PieceResult =
  | { ok: true; digests?: Uint8Array }
  | { ok: false; kind: 'hash'; digests?: Uint8Array }
  | { ok: false; kind: 'disk'; errno: string; message: string };

export interface PendingPiece {
  length: number;
  key: number;
  /** Where the piece's hash stands when these bytes are in it. */
  end: number;
  done: (result: PieceResult) => void;
}

export interface PendingRange {
  first: number;
  segments: RangeSegment[];
  parts: number[];
  request: RunningRequest;
}

export interface PendingSettle {
  readonly file: SettleFile;
  resolve(settled: SettledFile): void;
}

export interface RunningRequest {
  request: HashRequest;
  runs: Iterator<{ first: number; segments: RangeSegment[]; parts: number[] }>;
  inFlight: number;
  exhausted: boolean;
  failure: unknown;
  settle: (failure?: unknown) => void;
}

/** A worker holds one read buffer and short messages; what it does not need it is not to grow into. */
const LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 };

// The workers stand beside this file, as source in a checkout and compiled in a package.
const WORKER_URL = new URL(`./hash-worker${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url);

export class PoolWorker {
  readonly pieces = new Map<number, PendingPiece>();
  readonly ranges = new Map<number, PendingRange>();
  readonly settles = new Map<number, PendingSettle>();
  pieceBytes = 0;
  #outbox: PieceMessage[] = [];
  #unsettled: number[] = [];
  readonly #worker: Worker;
  #referenced = true;

  constructor(
    onMessage: (from: PoolWorker, message: FromWorker) => void,
    onGone: (from: PoolWorker, error: Error) => void,
  ) {
    this.#worker = startWorker(WORKER_URL, { stdin: false, env: {}, name: 'shoal-hash', resourceLimits: LIMITS });
    this.#worker.on('message', (message: FromWorker) => onMessage(this, message));
    this.#worker.on('error', (error) => onGone(this, error instanceof Error ? error : new Error(String(error))));
    this.#worker.on('exit', () => onGone(this, new Error('the hash worker ended')));
    this.updateReference();
  }

  get idle(): boolean {
    return this.pieces.size === 0 && this.ranges.size === 0 && this.settles.size === 0;
  }

  send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  start(message: Exclude<PieceMessage, { kind: 'forget' }>, pending: PendingPiece): void {
    this.pieces.set(message.id, pending);
    this.pieceBytes += pending.length;
    this.updateReference();
    this.post(message);
  }

  /** What is posted in one turn of the event loop crosses in one message. */
  post(message: PieceMessage): void {
    if (this.#outbox.push(message) > 1) return;
    queueMicrotask(() => {
      const jobs = this.#outbox;
      this.#outbox = [];
      this.send({ type: 'pieces', jobs });
    });
  }

  /** What is to be settled in one turn crosses in one message. */
  settle(id: number, pending: PendingSettle): void {
    this.settles.set(id, pending);
    this.updateReference();
    if (this.#unsettled.push(id) > 1) return;
    queueMicrotask(() => {
      const ids = this.#unsettled;
      this.#unsettled = [];
      this.send({ type: 'settle', ids, files: ids.map((each) => this.settles.get(each)!.file) });
    });
  }

  updateReference(): void {
    const needed = !this.idle;
    if (needed === this.#referenced) return;
    this.#referenced = needed;
    if (needed) this.#worker.ref();
    else this.#worker.unref();
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}
