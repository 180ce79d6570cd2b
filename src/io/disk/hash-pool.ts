// Worker threads for hashing and writing, one pool a process or session. Threads start when there is work and never keep
// the process alive without any. It must never copy the bytes of a piece: jobs name places in shared slabs.

import { availableParallelism } from 'node:os';
import { ShoalError } from '../../base/errors.ts';
import type {
  FromWorker,
  PieceReply,
  RangeMessage,
  ReadRange,
  SettledFile,
  SettleFile,
  WriteRange,
} from './hash-job.ts';
import { cutRuns, type HashRequest } from './hash-runs.ts';
import { type PendingRange, type PieceResult, PoolWorker, type RunningRequest } from './pool-worker.ts';

export interface CommitJob {
  slab: number;
  offset: number;
  length: number;
  /** 20 bytes; undefined when the piece was verified by an earlier job and is only written. */
  expected: Uint8Array | undefined;
  /** The answer carries digests also when the hash is right. */
  digests: boolean;
  writes: WriteRange[];
}

export interface StoreJob {
  /** From `nextKey`, one for each piece. */
  key: number;
  slab: number;
  offset: number;
  /** Where in the piece the bytes at `offset` belong. */
  start: number;
  /** How many are to go into the hash of the piece; 0 where they are not whole in the slab. */
  length: number;
  writes: WriteRange[];
}

export interface VerifyJob {
  key: number;
  start: number;
  length: number;
  /** Bytes of the whole piece. */
  total: number;
  reads: ReadRange[];
  digests: boolean;
  /** 20 bytes; undefined in all steps but the last. */
  expected: Uint8Array | undefined;
}

/** A piece whose hash grows with each extent that is stored, in one worker. */
interface GrowingHash {
  worker: PoolWorker;
  hashed: number;
}

/** Above so many bytes handed over and not yet done, commits spill over to another worker (if there are cores for it). */
const SATURATED = 16 * 1024 * 1024;
/** Hashes under way at a time; further pieces are read back when they are complete. */
const MOST_HASHES = 256;
/** Not a key. */
const NO_KEY = 0;
/** So that a worker never waits for the main thread between two ranges. */
const RANGES_AHEAD = 2;

export class HashPool {
  readonly size: number;
  /** Milliseconds that pieces took to be hashed and to be written, in all workers together. */
  readonly spent = { hashing: 0, writing: 0 };
  readonly #workers: (PoolWorker | undefined)[] = [];
  readonly #slabs = new Map<number, SharedArrayBuffer>();
  readonly #requests: RunningRequest[] = [];
  #nextSlab = 1;
  readonly #growing = new Map<number, GrowingHash>();
  #nextJob = 1;
  #nextKey = NO_KEY + 1;
  #closed = false;
  #drained: (() => void)[] = [];

  constructor(options: { size?: number } = {}) {
    this.size = Math.max(1, options.size ?? availableParallelism());
  }

  /** Bytes handed over to be verified and written and not yet acknowledged: the gauge for back-pressure. */
  get backlog(): number {
    let bytes = 0;
    for (const worker of this.#workers) bytes += worker?.pieceBytes ?? 0;
    return bytes;
  }

  /** Makes a slab known to all workers; returns its id. */
  registerSlab(slab: SharedArrayBuffer): number {
    const id = this.#nextSlab++;
    this.#slabs.set(id, slab);
    for (const worker of this.#workers) worker?.send({ type: 'slab', id, slab });
    return id;
  }

  /** Only when no job of that slab is under way. */
  releaseSlab(id: number): void {
    this.#slabs.delete(id);
    for (const worker of this.#workers) worker?.send({ type: 'forget', id });
  }

  /**
   * Hash, compare, write; `done` is called exactly once, in a later turn. The bytes and the descriptors must stay as they
   * are until then.
   */
  commit(job: CommitJob, done: (result: PieceResult) => void): void {
    if (this.#refuses(done)) return;
    const { slab, offset, length, digests, writes } = job;
    const message = { kind: 'commit', id: this.#nextJob++, slab, offset, length, digests, writes } as const;
    this.#pieceWorker().start({ ...message, expected: latin1(job.expected) }, { length, key: NO_KEY, end: 0, done });
  }

  /** Names a piece that is stored extent by extent. */
  nextKey(): number {
    return this.#nextKey++;
  }

  /**
   * Write what is not verified. The hash of the piece grows by it if it is the next in order and not too many pieces do the
   * same; all that go into one hash go to one worker. Otherwise as `commit`.
   */
  store(job: StoreJob, done: (result: PieceResult) => void): void {
    if (this.#refuses(done)) return;
    const { key, slab, offset, start, writes } = job;
    let growing = this.#growing.get(key);
    if (growing === undefined && start === 0 && job.length > 0 && this.#growing.size < MOST_HASHES) {
      growing = { worker: this.#pieceWorker(), hashed: 0 };
      this.#growing.set(key, growing);
    }
    const length = growing === undefined ? 0 : job.length;
    let bytes = 0;
    for (const write of writes) bytes += write.length;
    (growing?.worker ?? this.#pieceWorker()).start(
      { kind: 'store', id: this.#nextJob++, slab, offset, writes, key, start, length },
      { length: bytes, key, end: start + length, done },
    );
  }

  /** How many bytes of the piece, from its beginning, need not be read back. */
  hashed(key: number): number {
    return this.#growing.get(key)?.hashed ?? 0;
  }

  /**
   * Read back and hash the next part of a piece, from `hashed` on or from 0; with `expected`, the last one: compare and
   * forget the piece. Otherwise as `commit`.
   */
  verify(job: VerifyJob, done: (result: PieceResult) => void): void {
    if (this.#refuses(done)) return;
    const { key, start, length, total, reads, digests } = job;
    let growing = this.#growing.get(key);
    if (growing === undefined) {
      growing = { worker: this.#pieceWorker(), hashed: 0 };
      this.#growing.set(key, growing);
    }
    growing.worker.start(
      {
        kind: 'verify',
        id: this.#nextJob++,
        key,
        start,
        length,
        total,
        reads,
        digests,
        expected: latin1(job.expected),
      },
      { length, key, end: start + length, done },
    );
    if (job.expected !== undefined) this.#growing.delete(key);
  }

  /**
   * Puts a small file on the disk and gives it its final name, in the worker that is least in the way of pieces. Failures
   * are part of the answer.
   */
  settle(file: SettleFile): Promise<SettledFile> {
    if (this.#closed)
      return Promise.resolve({ failure: { step: 'sync', errno: 'ECANCELED', message: 'the hash pool is closed' } });
    return new Promise((resolve) => this.#worker(this.size - 1).settle(this.#nextJob++, { file, resolve }));
  }

  forget(key: number): void {
    this.#growing.get(key)?.worker.post({ kind: 'forget', key });
    this.#growing.delete(key);
  }

  #refuses(done: (result: PieceResult) => void): boolean {
    if (this.#closed)
      queueMicrotask(() => done({ ok: false, kind: 'disk', errno: 'ECANCELED', message: 'the hash pool is closed' }));
    return this.#closed;
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
  #pieceWorker(): PoolWorker {
    let best = this.#worker(0);
    if (best.pieceBytes < SATURATED || this.size <= 2) return best;
    for (let i = 1; i < this.size - 1; i++) {
      const worker = this.#worker(i);
      if (worker.pieceBytes < best.pieceBytes) best = worker;
      if (best.pieceBytes < SATURATED) break;
    }
    return best;
  }

  #receive(from: PoolWorker, message: FromWorker): void {
    if (message.type === 'pieces') {
      this.spent.hashing += message.hashing;
      this.spent.writing += message.writing;
      for (const reply of message.replies) this.#answer(from, reply);
    } else if (message.type === 'settled') {
      for (const [i, id] of message.ids.entries()) {
        const pending = from.settles.get(id);
        from.settles.delete(id);
        pending?.resolve(message.files[i]!);
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

  #answer(from: PoolWorker, reply: PieceReply): void {
    const pending = from.pieces.get(reply.id);
    if (pending === undefined) return;
    from.pieces.delete(reply.id);
    from.pieceBytes -= pending.length;
    if (reply.failure === 'disk') {
      pending.done({ ok: false, kind: 'disk', errno: reply.errno, message: reply.message });
      return;
    }
    if (reply.hashed) {
      const growing = this.#growing.get(pending.key);
      if (growing?.worker === from) growing.hashed = pending.end;
    }
    const digests = reply.digests === undefined ? {} : { digests: reply.digests };
    pending.done(reply.failure === 'hash' ? { ok: false, kind: 'hash', ...digests } : { ok: true, ...digests });
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
    for (const [key, growing] of this.#growing) if (growing.worker === lost) this.#growing.delete(key);
    const pieces = [...lost.pieces.values()];
    lost.pieces.clear();
    for (const pending of pieces) pending.done({ ok: false, kind: 'disk', errno: 'EIO', message });
    for (const pending of lost.ranges.values()) {
      pending.request.inFlight--;
      this.#fail(pending.request, new ShoalError('ERR_INTERNAL', message, { cause: error }));
    }
    lost.ranges.clear();
    for (const pending of lost.settles.values()) pending.resolve({ failure: { step: 'sync', errno: 'EIO', message } });
    lost.settles.clear();
    this.#noteDrained();
  }

  #noteDrained(): void {
    if (this.#drained.length === 0 || this.#workers.some((worker) => worker !== undefined && !worker.idle)) return;
    for (const drained of this.#drained.splice(0)) drained();
  }
}

function latin1(hash: Uint8Array | undefined): string | undefined {
  return hash === undefined ? undefined : Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString('latin1');
}
