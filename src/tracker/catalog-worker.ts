// The catalog's thread: takes calls from catalog.ts, applies them to the file, answers. All writes that are waiting are
// one transaction, so that many publishers share one flush to disk; nothing is answered before it is on disk.

import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { ShoalError } from '../base/errors.ts';
import { CatalogDb } from './catalog-db.ts';
import { type CheckedPublication, checkPublication } from './catalog-rules.ts';
import { CatalogStore } from './catalog-store.ts';
import type {
  HeldChange,
  InputOf,
  OperationName,
  WorkerData,
  WorkerFailure,
  WorkerMessage,
  WorkerReply,
  WorkerRequest,
} from './catalog-types.ts';

/** Bounds how long a read may wait behind writes. */
const MAX_BATCH = 128;
const PRUNE_EVERY = 3600_000;

type Call = Extract<WorkerRequest, { type: 'call' }>;

function epochSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function describe(error: unknown): WorkerFailure {
  if (error instanceof ShoalError) return { code: error.code, message: error.message, reason: error.reason };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'ERR_INTERNAL', message: `the catalog failed: ${message}`, reason: undefined };
}

class CatalogThread {
  readonly #port: MessagePort;
  readonly #store: CatalogStore;
  readonly #db: CatalogDb;
  #total: number;

  constructor(port: MessagePort, store: CatalogStore, db: CatalogDb) {
    this.#port = port;
    this.#store = store;
    this.#db = db;
    this.#total = db.countNames();
  }

  start(): void {
    this.prune();
    const held = this.#db.heldTorrents();
    this.#post({ type: 'open', held, total: this.#total });
    const timer = setInterval(() => this.prune(), PRUNE_EVERY);
    this.#port.on('message', (first: WorkerRequest) => {
      const calls: Call[] = [];
      let request: WorkerRequest | undefined = first;
      while (request !== undefined) {
        if (request.type === 'close') {
          this.#serve(calls);
          clearInterval(timer);
          this.#store.close();
          this.#port.close();
          return;
        }
        calls.push(request);
        request = calls.length < MAX_BATCH ? receiveMessageOnPort(this.#port)?.message : undefined;
      }
      this.#serve(calls);
    });
  }

  prune(): void {
    this.#write(() => this.#db.prune(epochSeconds()));
  }

  #serve(calls: readonly Call[]): void {
    const replies: WorkerReply[] = [];
    const writes: Call[] = [];
    for (const call of calls) {
      const { id, operation, input } = call;
      if (operation === 'publish' || operation === 'remove') writes.push(call);
      else replies.push(this.#answer(id, () => this.#read(operation, input)));
    }
    let change: HeldChange | undefined;
    if (writes.length > 0) {
      // Readers need not wait for the flush.
      if (replies.length > 0) this.#post({ type: 'replies', replies: replies.splice(0), change, total: this.#total });
      change = this.#applyWrites(writes, replies);
    }
    if (replies.length > 0) this.#post({ type: 'replies', replies, change, total: this.#total });
  }

  #applyWrites(calls: readonly Call[], replies: WorkerReply[]): HeldChange | undefined {
    const work: { id: number; run: () => unknown }[] = [];
    for (const call of calls) {
      try {
        work.push({ id: call.id, run: this.#prepareWrite(call) });
      } catch (error) {
        replies.push({ id: call.id, error: describe(error) });
      }
    }
    if (work.length === 0) return undefined;
    const outcomes: WorkerReply[] = [];
    try {
      this.#write(() => {
        for (const { id, run } of work) {
          outcomes.push(this.#answer(id, () => this.#store.atomically(run)));
          if (!this.#store.inTransaction) throw new Error('the transaction was rolled back');
        }
      });
      replies.push(...outcomes);
      this.#total = this.#db.countNames();
      return this.#db.takeChange();
    } catch (error) {
      this.#db.takeChange();
      const failure = describe(this.#store.explain(error));
      const known = outcomes.find((reply) => 'error' in reply && reply.error.code !== 'ERR_INTERNAL');
      for (const { id } of work) {
        const own = outcomes.find((reply) => reply.id === id && 'error' in reply);
        replies.push(own ?? { id, error: known !== undefined && 'error' in known ? known.error : failure });
      }
      return undefined;
    }
  }

  /** Judges what can be judged before the transaction; what is returned runs inside it. */
  #prepareWrite(call: Call): () => unknown {
    const now = epochSeconds();
    if (call.operation === 'publish') {
      const checked: CheckedPublication = checkPublication(call.input as InputOf<'publish'>);
      return () => this.#db.publish(checked, now);
    }
    const { name, signed } = call.input as InputOf<'remove'>;
    return () => this.#db.remove(name, signed, now);
  }

  #read(operation: Exclude<OperationName, 'publish' | 'remove'>, input: unknown): unknown {
    switch (operation) {
      case 'list':
        return { ...this.#db.list(input as InputOf<'list'>), total: this.#total };
      case 'lookup': {
        const { name, version } = input as InputOf<'lookup'>;
        return this.#db.lookup(name, version);
      }
      case 'versions':
        return this.#db.versions((input as InputOf<'versions'>).name);
      case 'head': {
        const { name, publisher } = input as InputOf<'head'>;
        return this.#db.head(name, publisher);
      }
      case 'torrent': {
        const { name, version } = input as InputOf<'torrent'>;
        return this.#db.torrent(name, version);
      }
      case 'near':
        return this.#db.near((input as InputOf<'near'>).name);
    }
  }

  #write(work: () => void): void {
    this.#store.begin();
    try {
      work();
      this.#store.commit();
    } catch (error) {
      this.#store.rollback();
      throw error;
    }
  }

  #answer(id: number, run: () => unknown): WorkerReply {
    try {
      return { id, result: run() };
    } catch (error) {
      return { id, error: describe(this.#store.explain(error)) };
    }
  }

  #post(message: WorkerMessage): void {
    this.#port.postMessage(message);
  }
}

if (parentPort !== null) {
  const data = workerData as WorkerData;
  try {
    const store = new CatalogStore(data.path);
    new CatalogThread(parentPort, store, new CatalogDb(store, data.quotas)).start();
  } catch (error) {
    parentPort.postMessage({ type: 'openFailed', error: describe(error) } satisfies WorkerMessage);
    parentPort.close();
  }
}
