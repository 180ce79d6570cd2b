// One life of the catalog's thread: calls go in, replies come out, and when the thread ends, however it ends, every call
// that was under way is settled. Knows nothing of what the calls mean; starting anew is catalog.ts's decision.

import type { Worker } from 'node:worker_threads';
import { ShoalError } from '../base/errors.ts';
import { startWorker } from '../io/start-worker.ts';
import type {
  InputOf,
  OperationName,
  ResultOf,
  WorkerData,
  WorkerFailure,
  WorkerMessage,
  WorkerRequest,
} from './catalog-types.ts';

/** More calls, or bytes in calls, at once are refused rather than kept in memory. */
const MAX_CALLS = 5000;
const MAX_CALL_BYTES = 64 * 1024 * 1024;

interface PendingCall {
  resolve: (result: never) => void;
  reject: (error: ShoalError) => void;
  bytes: number;
}

type OpenMessage = Extract<WorkerMessage, { type: 'open' }>;
type RepliesMessage = Extract<WorkerMessage, { type: 'replies' }>;

function toError({ code, message, reason }: WorkerFailure): ShoalError {
  return new ShoalError(code, message, reason === undefined ? {} : { reason });
}

export class CatalogConnection {
  /** What the file held when it was opened. Rejects when it could not be opened. */
  readonly opened: Promise<OpenMessage>;
  /** Resolves when the thread has ended: with the reason, or undefined after `close`. */
  readonly ended: Promise<ShoalError | undefined>;
  readonly #worker: Worker;
  readonly #calls = new Map<number, PendingCall>();
  #callBytes = 0;
  #nextId = 1;
  #closing = false;
  #failure: ShoalError | undefined;

  /** `onReplies` sees each batch of replies before its callers do. */
  constructor(data: WorkerData, onReplies: (message: RepliesMessage) => void) {
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
    const opened = Promise.withResolvers<OpenMessage>();
    const ended = Promise.withResolvers<ShoalError | undefined>();
    this.opened = opened.promise;
    this.opened.catch(() => {});
    this.ended = ended.promise;
    this.#worker = startWorker(new URL(`./catalog-worker${extension}`, import.meta.url), { workerData: data });
    this.#worker.on('message', (message: WorkerMessage) => {
      if (message.type === 'open') opened.resolve(message);
      else if (message.type === 'openFailed') this.#failure = toError(message.error);
      else {
        onReplies(message);
        this.#takeReplies(message);
      }
    });
    this.#worker.on('error', (cause: Error) => {
      this.#failure = new ShoalError('ERR_INTERNAL', `the catalog's thread failed: ${cause.message}`, { cause });
    });
    this.#worker.on('exit', () => {
      const unexpected = new ShoalError('ERR_INTERNAL', "the catalog's thread ended; what was asked may not be stored");
      this.#failure ??= this.#closing ? undefined : unexpected;
      opened.reject(this.#failure ?? unexpected);
      for (const call of this.#calls.values()) call.reject(this.#failure ?? unexpected);
      this.#calls.clear();
      ended.resolve(this.#failure);
    });
  }

  /** @param bytes size of the input when it is large. */
  call<K extends OperationName>(operation: K, input: InputOf<K>, bytes: number): Promise<ResultOf<K>> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#calls.size >= MAX_CALLS || (bytes > 0 && this.#callBytes + bytes > MAX_CALL_BYTES))
      return Promise.reject(
        new ShoalError('ERR_STATE', 'the catalog is busy; try again in a moment', { reason: 'busy' }),
      );
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#calls.set(id, { resolve, reject, bytes });
      this.#callBytes += bytes;
      this.#post({ type: 'call', id, operation, input });
    });
  }

  /** Lets the thread finish what was asked before. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#post({ type: 'close' });
  }

  #post(request: WorkerRequest): void {
    this.#worker.postMessage(request);
  }

  #takeReplies(message: RepliesMessage): void {
    for (const reply of message.replies) {
      const call = this.#calls.get(reply.id);
      if (call === undefined) continue;
      this.#calls.delete(reply.id);
      this.#callBytes -= call.bytes;
      if ('error' in reply) call.reject(toError(reply.error));
      else call.resolve(reply.result as never);
    }
  }
}
