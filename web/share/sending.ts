// Sends what was picked to the daemon, a slice at a time, so that no more than a few slices are ever in memory; goes on where
// a cut connection left off, and shares when all of it is there.

import { DaemonProblem } from '../../src/api/daemon-events.ts';
import { api } from '../data/api.ts';
import { createStore } from '../data/store.ts';
import { filesFor, type Picked } from './picked.ts';

export interface Sending {
  /** The daemon's id of the upload. */
  id: string;
  name: string;
  size: number;
  /** Bytes the daemon has confirmed. */
  sent: number;
  /** `cut`: the daemon cannot be reached, and is tried again. */
  state: 'sending' | 'cut' | 'failed';
  /** Why it is cut or failed. */
  message: string | undefined;
}

interface Terms {
  /** In the catalog. */
  name: string;
  publish: boolean;
}

interface Job {
  picked: Picked;
  /** Its name on the daemon's disk. */
  keptAs: string;
  terms: Terms;
  got: number[];
  stop: AbortController;
}

const SLICE = 4 * 1024 * 1024;
/** Files on the way at a time: many small ones would wait for each other. */
const LANES = 4;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5_000;

export const sendings = createStore<readonly Sending[]>([]);
const jobs = new Map<string, Job>();

/** Begins; resolves when the daemon has agreed to take it. `keptAs`: its name on the daemon's disk. */
export async function send(picked: Picked, keptAs: string, terms: Terms): Promise<void> {
  const { id, ...job } = (await findBegun(picked, keptAs)) ?? (await begin(picked, keptAs));
  jobs.set(id, { ...job, keptAs, terms, stop: new AbortController() });
  const { size } = picked;
  const sent = total(jobs.get(id)!);
  sendings.change((all) => [...all, { id, name: terms.name, size, sent, state: 'sending', message: undefined }]);
  void run(id);
}

type Begun = Pick<Job, 'picked' | 'got'> & { id: string };

async function begin(picked: Picked, keptAs: string): Promise<Begun> {
  const files = picked.files.map(({ path, file }) => ({ path: [...path], length: file.size }));
  const { id } = await api.startUpload({ body: { name: keptAs, files } });
  return { id, picked, got: files.map(() => 0) };
}

/** That the page may have begun before it was loaded anew: the daemon still has what had come of the same files. */
async function findBegun(picked: Picked, keptAs: string): Promise<Begun | undefined> {
  for (const { id, name, size } of (await api.uploads({})).uploads) {
    if (jobs.has(id) || name !== keptAs || size !== picked.size) continue;
    const upload = await api.upload({ params: { id } });
    const files = filesFor(picked, upload);
    if (files !== undefined) return { id, picked: { ...picked, files }, got: upload.got };
  }
  return undefined;
}

/** After a failure, with what is there already; from the beginning when the daemon has it no more. */
export async function sendOn(id: string): Promise<void> {
  const job = jobs.get(id);
  if (job === undefined) return;
  try {
    job.got = (await api.upload({ params: { id } })).got;
  } catch (error) {
    if (!isGone(error)) return update(id, { state: 'failed', message: (error as Error).message });
    await send(job.picked, job.keptAs, job.terms);
    return forget(id);
  }
  job.stop = new AbortController();
  update(id, { state: 'sending', message: undefined });
  await run(id);
}

/** Stops it; the daemon deletes what has come. */
export async function cancelSending(id: string): Promise<void> {
  jobs.get(id)?.stop.abort(new Error('cancelled'));
  forget(id);
  await api.cancelUpload({ params: { id } }).catch((error: Error) => {
    // Nothing is there any more: that is what was wanted.
    if (!isGone(error)) throw error;
  });
}

async function run(id: string): Promise<void> {
  const job = jobs.get(id)!;
  const { stop, terms } = job;
  for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    const before = total(job);
    try {
      await sendAll(id, job);
      await api.shareUpload({ params: { id }, body: terms, signal: stop.signal });
      forget(id);
      return;
    } catch (error) {
      if (stop.signal.aborted) return;
      if (!passes(error)) return update(id, { state: 'failed', message: (error as Error).message });
      update(id, { state: 'cut', message: (error as Error).message });
      if (total(job) > before) pause = FIRST_PAUSE;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (stop.signal.aborted) return;
    try {
      job.got = (await api.upload({ params: { id }, signal: stop.signal })).got;
      update(id, { state: 'sending', message: undefined, sent: total(job) });
    } catch (error) {
      if (stop.signal.aborted) return;
      if (!passes(error)) return update(id, { state: 'failed', message: (error as Error).message });
    }
  }
}

/** Several files at a time, each in its order; the first failure ends all lanes. */
async function sendAll(id: string, job: Job): Promise<void> {
  const lanes = new AbortController();
  const signal = AbortSignal.any([job.stop.signal, lanes.signal]);
  const queue = job.picked.files.keys();
  const lane = async (): Promise<void> => {
    for (const index of queue) {
      const { file } = job.picked.files[index]!;
      while (job.got[index]! < file.size) {
        signal.throwIfAborted();
        const offset = job.got[index]!;
        const body = await readSlice(file, offset);
        const { received } = await api.sendFile({ params: { id, index }, query: { offset }, body, signal });
        job.got[index] = received;
        update(id, { sent: total(job) });
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: LANES }, lane));
  } catch (error) {
    lanes.abort(new Error('another file could not be sent'));
    throw error;
  }
}

async function readSlice(file: File, offset: number): Promise<Uint8Array<ArrayBuffer>> {
  const slice = file.slice(offset, offset + SLICE);
  const bytes = await slice.arrayBuffer().catch(() => undefined);
  if (bytes === undefined || bytes.byteLength !== slice.size)
    throw new Unreadable(`${file.name} cannot be read any more: it was changed, moved or deleted.`);
  return new Uint8Array(bytes);
}

class Unreadable extends Error {}

/** Goes away by itself: nobody answered, or the daemon still holds the line that was cut. */
function passes(error: unknown): boolean {
  if (error instanceof DaemonProblem) return error.status === 409 || error.status === 503 || error.status === 408;
  return !(error instanceof Unreadable);
}

/** The daemon was started anew, or somebody cancelled it elsewhere. */
function isGone(error: unknown): boolean {
  return error instanceof DaemonProblem && error.status === 404;
}

function total({ got }: Job): number {
  return got.reduce((sum, each) => sum + each, 0);
}

function update(id: string, change: Partial<Sending>): void {
  sendings.change((all) => all.map((each) => (each.id === id ? { ...each, ...change } : each)));
}

function forget(id: string): void {
  jobs.delete(id);
  sendings.change((all) => all.filter((each) => each.id !== id));
}

// Who leaves now has to choose the files again.
addEventListener('beforeunload', (event) => {
  if (sendings.get().some(({ state }) => state !== 'failed')) event.preventDefault();
});
