// Worker threads for hashing and writing, one pool a process or session. Threads start when there is work and never keep
// the process alive without any. It must never copy the bytes of a piece: jobs name places in shared slabs.

import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { ShoalError } from '../../base/errors.ts';
import { startWorker } from '../start-worker.ts';
import type { CommitMessage, FromWorker, RangeMessage, RangeSegment, ToWorker, WriteRange } from './hash-job.ts';
import { cutRuns, type HashRequest } from './hash-runs.ts';

export type CommitResult =
  | { ok: true }
  | { ok: false; kind: 'hash' }
  | { ok: false; kind: 'disk'; errno: string; message: string };

export interface CommitJob {
  slab: number;
  offset: number;
  length: number;
  /** 20 bytes; undefined when the piece was verified by an earlier job and is only written. */
  expected: Uint8Array | undefined;
  writes: WriteRange[];
}

interface PendingCommit {
  length: number;
  done: (result: CommitResult) => void;
}

interface PendingRange {
  first: number;
  segments: RangeSegment[];
  parts: number[];
  request: RunningRequest;
}

interface RunningRequest {
  request: HashRequest;
  runs: Iterator<{ first: number; segments: RangeSegment[]; parts: number[] }>;
  inFlight: number;
  exhausted: boolean;
  failure: unknown;
  settle: (failure?: unknown) => void;
}

/** Above so many bytes handed over and not yet done, commits spill over to another worker (if there are cores for it). */
const SATURATED = 16 * 1024 * 1024;
/** So that a worker never waits for the main thread between two ranges. */
const RANGES_AHEAD = 2;

/** A worker holds one read buffer and short messages; what it does not need it is not to grow into. */
const LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };

// The workers stand beside this file, as source in a checkout and compiled in a package.
const WORKER_URL = new URL(`./hash-worker${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url);

class PoolWorker {
  readonly commits = new Map<number, PendingCommit>();
  readonly ranges = new Map<number, PendingRange>();
  commitBytes = 0;
  #outbox: CommitMessage[] = [];
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
    return this.commits.size === 0 && this.ranges.size === 0;
  }

  send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  /** Commits of one turn of the event loop cross in one message. */
  commit(message: CommitMessage, pending: PendingCommit): void {
    this.commits.set(message.id, pending);
    this.commitBytes += message.length;
    this.updateReference();
    if (this.#outbox.push(message) > 1) return;
    queueMicrotask(() => {
      const jobs = this.#outbox;
      this.#outbox = [];
      this.send({ type: 'commits', jobs });
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

export class HashPool {
  readonly size: number;
  readonly #workers: (PoolWorker | undefined)[] = [];
  readonly #slabs = new Map<number, SharedArrayBuffer>();
  readonly #requests: RunningRequest[] = [];
  #nextSlab = 1;
  #nextJob = 1;
  #closed = false;
  #drained: (() => void)[] = [];

  constructor(options: { size?: number } = {}) {
    this.size = Math.max(1, options.size ?? availableParallelism());
  }

  /** Bytes handed over to be verified and written and not yet acknowledged: the gauge for back-pressure. */
  get backlog(): number {
    let bytes = 0;
    for (const worker of this.#workers) bytes += worker?.commitBytes ?? 0;
    return bytes;
  }

  /** Makes a slab known to all workers; returns its id. */
  registerSlab(slab: SharedArrayBuffer): number {
    const id = this.#nextSlab++;
    this.#slabs.set(id, slab);
    for (const worker of this.#workers) worker?.send({ type: 'slab', id, slab });
    return id;
  }

  /** Only when no commit of that slab is under way. */
  releaseSlab(id: number): void {
    this.#slabs.delete(id);
    for (const worker of this.#workers) worker?.send({ type: 'forget', id });
  }

  /**
   * Hash, compare, write; `done` is called exactly once, in a later turn. The bytes and the descriptors must stay as they
   * are until then.
   */
  commit(job: CommitJob, done: (result: CommitResult) => void): void {
    if (this.#closed) {
      queueMicrotask(() => done({ ok: false, kind: 'disk', errno: 'ECANCELED', message: 'the hash pool is closed' }));
      return;
    }
    const expected =
      job.expected === undefined
        ? undefined
        : Buffer.from(job.expected.buffer, job.expected.byteOffset, job.expected.length).toString('latin1');
    const { slab, offset, length, writes } = job;
    this.#commitWorker().commit({ id: this.#nextJob++, slab, offset, length, expected, writes }, { length, done });
  }

  /**
   * Reads and hashes the wanted pieces of a stream made of `parts`, on all workers. Resolves when all were reported.
   * Rejects with the signal's reason when aborted. Pieces are reported in no particular order.
   */
  hashPieces(request: HashRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new ShoalError('ERR_INTERNAL', 'the hash pool is closed'));
        return;
      }
      const running: RunningRequest = {
        request,
        runs: cutRuns(request),
        inFlight: 0,
        exhausted: false,
        failure: undefined,
        settle: (failure) => {
          request.signal?.removeEventListener('abort', onAbort);
          const index = this.#requests.indexOf(running);
          if (index >= 0) this.#requests.splice(index, 1);
          if (failure === undefined) resolve();
          else reject(failure);
        },
      };
      const onAbort = (): void => this.#fail(running, request.signal?.reason ?? new Error('aborted'));
      this.#requests.push(running);
      if (request.signal?.aborted === true) {
        onAbort();
        return;
      }
      request.signal?.addEventListener('abort', onAbort, { once: true });
      this.#pump();
    });
  }

  /** Waits for the jobs under way, refuses new ones, ends the workers. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const running of [...this.#requests])
      this.#fail(running, new ShoalError('ERR_INTERRUPTED', 'the hash pool was closed while hashing'));
    if (this.#workers.some((worker) => worker !== undefined && !worker.idle))
      await new Promise<void>((resolve) => this.#drained.push(resolve));
    const workers = this.#workers.splice(0);
    await Promise.all(workers.map((worker) => worker?.terminate()));
  }

  #worker(index: number): PoolWorker {
    const present = this.#workers[index];
    if (present !== undefined) return present;
    const worker = new PoolWorker(
      (from, message) => this.#receive(from, message),
      (from, error) => this.#lose(from, error),
    );
    for (const [id, slab] of this.#slabs) worker.send({ type: 'slab', id, slab });
    this.#workers[index] = worker;
    return worker;
  }

  /** The first worker, unless it is far behind: a second one costs memory and on two cores gains nothing. */
  #commitWorker(): PoolWorker {
    let best = this.#worker(0);
    if (best.commitBytes < SATURATED || this.size <= 2) return best;
    for (let i = 1; i < this.size - 1; i++) {
      const worker = this.#worker(i);
      if (worker.commitBytes < best.commitBytes) best = worker;
      if (best.commitBytes < SATURATED) break;
    }
    return best;
  }

  #receive(from: PoolWorker, message: FromWorker): void {
    if (message.type === 'commits') {
      for (const reply of message.replies) {
        const pending = from.commits.get(reply.id);
        if (pending === undefined) continue;
        from.commits.delete(reply.id);
        from.commitBytes -= pending.length;
        if (reply.failure === undefined) pending.done({ ok: true });
        else if (reply.failure === 'hash') pending.done({ ok: false, kind: 'hash' });
        else pending.done({ ok: false, kind: 'disk', errno: reply.errno, message: reply.message });
      }
    } else {
      const pending = from.ranges.get(message.id);
      from.ranges.delete(message.id);
      if (pending !== undefined) {
        const running = pending.request;
        running.inFlight--;
        if (running.failure === undefined) this.#report(pending, message);
        this.#settleIfDone(running);
      }
      this.#pump();
    }
    from.updateReference();
    this.#noteDrained();
  }

  #report(pending: PendingRange, message: Extract<FromWorker, { type: 'range' }>): void {
    const { request } = pending.request;
    try {
      for (const failure of message.failures) request.onPartFailed?.(pending.parts[failure.segment]!, failure.errno);
      request.onPieces(pending.first, message.hashes, new Set(message.failed));
    } catch (error) {
      this.#fail(pending.request, error);
    }
  }

  #pump(): void {
    for (let index = 0; index < this.size && this.#requests.length > 0; index++) {
      while ((this.#workers[index]?.ranges.size ?? 0) < RANGES_AHEAD) {
        const next = this.#nextRange();
        if (next === undefined) return;
        const worker = this.#worker(index);
        const id = this.#nextJob++;
        worker.ranges.set(id, next);
        worker.updateReference();
        const job: RangeMessage = { id, pieceLength: next.request.request.pieceLength, segments: next.segments };
        worker.send({ type: 'range', job });
      }
    }
  }

  /** Requests take turns, so that a small check does not wait for a large one. */
  #nextRange(): PendingRange | undefined {
    for (let tries = this.#requests.length; tries > 0; tries--) {
      const running = this.#requests.shift()!;
      this.#requests.push(running);
      if (running.exhausted) continue;
      const next = running.runs.next();
      if (next.done === true) {
        running.exhausted = true;
        this.#settleIfDone(running);
        continue;
      }
      running.inFlight++;
      return { ...next.value, request: running };
    }
    return undefined;
  }

  #fail(running: RunningRequest, failure: unknown): void {
    running.failure ??= failure;
    running.exhausted = true;
    this.#settleIfDone(running);
  }

  #settleIfDone(running: RunningRequest): void {
    if (running.exhausted && running.inFlight === 0) running.settle(running.failure);
  }

  #lose(lost: PoolWorker, error: Error): void {
    const index = this.#workers.indexOf(lost);
    if (index < 0) return;
    this.#workers[index] = undefined;
    const message = `the hash worker failed: ${error.message}`;
    for (const pending of lost.commits.values()) pending.done({ ok: false, kind: 'disk', errno: 'EIO', message });
    lost.commits.clear();
    for (const pending of lost.ranges.values()) {
      pending.request.inFlight--;
      this.#fail(pending.request, new ShoalError('ERR_INTERNAL', message, { cause: error }));
    }
    lost.ranges.clear();
    this.#noteDrained();
  }

  #noteDrained(): void {
    if (this.#drained.length === 0 || this.#workers.some((worker) => worker !== undefined && !worker.idle)) return;
    for (const drained of this.#drained.splice(0)) drained();
  }
}
