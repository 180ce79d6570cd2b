// Files that callers send: their bytes go straight to a folder of their own inside the share root, as fast as the disk takes
// them and never more than was said; when all are here, the whole takes its name in the share root. What was not finished
// when the daemon ended is deleted when it starts again.

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { UploadReply, UploadRow } from '../api/share-schemas.ts';
import { ShoalError } from '../base/errors.ts';
import { HttpError } from '../http/problem.ts';
import { errnoOf, toDiskError } from '../io/disk/disk-error.ts';
import { freeSpace } from '../io/disk/free-space.ts';
import { forEachLimited } from '../io/disk/limit.ts';
import { FolderTree, moveWithoutReplacing, resolveRoot } from '../io/disk/safe-path.ts';
import { foldComponent } from '../protocol/names.ts';
import { UPLOAD_PREFIX, type UploadPlan } from './upload-plan.ts';

const MAX_UPLOADS = 16;
/** Of all uploads together: what is kept of each file takes memory. */
const MAX_FILES = 200_000;
/** Bytes that are left free for everything else on the disk. */
const RESERVE = 32 * 1024 * 1024;
/** Milliseconds without a byte after which an upload is given up. */
const ABANDONED_AFTER = 24 * 3600 * 1000;
const LOOK_EVERY = 10 * 60_000;
const ABANDONED = new RegExp(`^${UPLOAD_PREFIX.replaceAll('.', '\\.')}[0-9a-f]{32}$`);

interface Upload {
  readonly id: string;
  readonly plan: UploadPlan;
  /** Bytes of each file that are on disk. */
  readonly got: number[];
  received: number;
  readonly folder: string;
  readonly tree: FolderTree;
  /** Files that are being received. */
  readonly busy: Set<number>;
  readonly ended: AbortController;
  readonly started: number;
  touched: number;
}

export class Uploads {
  readonly #root: string;
  readonly #now: () => number;
  readonly #uploads = new Map<string, Upload>();
  readonly #timer: NodeJS.Timeout;

  private constructor(root: string, now: () => number) {
    this.#root = root;
    this.#now = now;
    this.#timer = setInterval(() => this.#giveUpAbandoned(), LOOK_EVERY);
    this.#timer.unref();
  }

  /** `root`: the share root, made when something comes. Deletes what an earlier run did not finish. */
  static async open(root: string, now: () => number): Promise<Uploads> {
    const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
    for (const entry of entries)
      if (entry.isDirectory() && ABANDONED.test(entry.name))
        await rm(join(root, entry.name), { recursive: true, force: true });
    return new Uploads(root, now);
  }

  get rows(): UploadRow[] {
    return [...this.#uploads.values()].map(rowOf);
  }

  /** Throws 404. */
  describe(id: string): UploadReply {
    const upload = this.#find(id);
    const plan = upload.plan.files.map(({ path, length }) => ({ path: [...path], length }));
    return { ...rowOf(upload), got: upload.got, plan };
  }

  /** Throws ERR_DESTINATION when the name is taken, ERR_QUOTA when too much is under way, 507 when it does not fit. */
  async start(plan: UploadPlan): Promise<UploadRow> {
    const others = [...this.#uploads.values()];
    const files = others.reduce((sum, each) => sum + each.plan.files.length, plan.files.length);
    if (others.length >= MAX_UPLOADS || files > MAX_FILES)
      throw new ShoalError('ERR_QUOTA', 'too much is being sent already; wait for it, or cancel some of it', {
        reason: 'too_many_uploads',
      });
    const folded = foldComponent(plan.name);
    if (others.some((each) => foldComponent(each.plan.name) === folded))
      throw taken(plan.name, 'is being sent already');
    const id = randomBytes(16).toString('hex');
    const now = this.#now();
    const root = this.#root;
    const upload: Upload = {
      id,
      plan,
      got: plan.files.map(() => 0),
      received: 0,
      folder: join(root, UPLOAD_PREFIX + id),
      tree: new FolderTree(join(root, UPLOAD_PREFIX + id)),
      busy: new Set(),
      ended: new AbortController(),
      started: now,
      touched: now,
    };
    this.#uploads.set(id, upload);
    try {
      await mkdir(root, { recursive: true }).catch((error: unknown) => {
        throw toDiskError(error, root, 'make the folder');
      });
      const names = await readdir(await resolveRoot(root));
      if (names.some((each) => foldComponent(each) === folded)) throw taken(plan.name, 'is in the share root already');
      const open = others.reduce((sum, each) => sum + each.plan.size - each.received, plan.size);
      const { free } = await freeSpace(root);
      if (open + RESERVE > free) throw noRoom(`${open} bytes are to come, and ${free} are free in ${root}`);
      await mkdir(upload.folder);
    } catch (error) {
      this.#uploads.delete(id);
      throw error;
    }
    return rowOf(upload);
  }

  /**
   * Takes the bytes of a file as they come. `length`: how many are announced, if that is known. Resolves when they are on
   * disk. Throws 404, 409 for a wrong offset, 413 for more than was said, 507 when the disk is full.
   */
  async receive(
    id: string,
    index: number,
    { offset, length, body }: { offset: number; length: number | undefined; body: Readable },
  ): Promise<{ received: number; length: number }> {
    const upload = this.#find(id);
    const file = upload.plan.files[index];
    if (file === undefined) throw new HttpError(404, 'ERR_NOT_FOUND', 'this upload has no such file');
    const have = upload.got[index]!;
    if (upload.busy.has(index)) throw conflict('this file is being received already', 'busy');
    if (offset !== 0 && offset !== have)
      throw conflict(`${have} bytes of this file are here; go on there, or begin anew at 0`, 'wrong_offset');
    if (length !== undefined && offset + length > file.length) throw tooLong(file.length);
    upload.busy.add(index);
    try {
      await this.#take(upload, index, offset, body);
    } catch (error) {
      upload.ended.signal.throwIfAborted();
      const failure = error instanceof ShoalError ? error : toDiskError(error, upload.folder, 'write to');
      throw failure.code === 'ERR_DISK_FULL' ? noRoom(failure.message) : failure;
    } finally {
      upload.busy.delete(index);
    }
    return { received: upload.got[index]!, length: file.length };
  }

  async #take(upload: Upload, index: number, offset: number, body: Readable): Promise<void> {
    const { length } = upload.plan.files[index]!;
    const handle = await openFile(upload, index, offset === 0);
    try {
      if (offset === 0) this.#count(upload, index, 0);
      let at = offset;
      // Reading stops while a write is under way: that is all the memory one upload takes. The connection stays for a reply.
      for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
        upload.ended.signal.throwIfAborted();
        if (at + chunk.length > length) throw tooLong(length);
        await writeAll(handle, chunk, at);
        at += chunk.length;
        this.#count(upload, index, at);
      }
      if (at === length) await handle.sync();
    } finally {
      await handle.close();
    }
  }

  #count(upload: Upload, index: number, got: number): void {
    upload.received += got - upload.got[index]!;
    upload.got[index] = got;
    upload.touched = this.#now();
  }

  /** Stops it and deletes what has come. Throws 404. */
  async cancel(id: string): Promise<void> {
    await this.#end(this.#find(id));
  }

  /** Gives what has come its name in the share root, and comes back with its path there. Throws 409 while bytes lack. */
  async finish(id: string): Promise<string> {
    const upload = this.#find(id);
    const { plan, folder } = upload;
    if (upload.busy.size > 0 || upload.received < plan.size)
      throw conflict(
        `${plan.size - upload.received} bytes of ${JSON.stringify(plan.name)} have not come`,
        'incomplete',
      );
    const path = join(this.#root, plan.name);
    // Nobody else may end it meanwhile.
    this.#uploads.delete(id);
    try {
      await forEachLimited(plan.files.keys(), 4, async (index) => {
        if (plan.files[index]!.length === 0) await (await openFile(upload, index, false)).close();
      });
      await moveWithoutReplacing(join(folder, plan.name), path);
    } catch (error) {
      this.#uploads.set(id, upload);
      if (errnoOf(error) === 'EEXIST') throw taken(plan.name, 'is in the share root already');
      throw error instanceof ShoalError ? error : toDiskError(error, path, 'move');
    }
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    return path;
  }

  /** Ends all that are under way; what came of them is deleted. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#uploads.values()].map((upload) => this.#end(upload)));
  }

  async #end(upload: Upload): Promise<void> {
    this.#uploads.delete(upload.id);
    upload.ended.abort(new HttpError(410, 'ERR_INTERRUPTED', 'the upload was cancelled', { reason: 'cancelled' }));
    await rm(upload.folder, { recursive: true, force: true });
  }

  #find(id: string): Upload {
    const upload = this.#uploads.get(id);
    if (upload !== undefined) return upload;
    throw new HttpError(
      404,
      'ERR_NOT_FOUND',
      'there is no such upload; it may have been cancelled, or the daemon restarted',
      {
        reason: 'no_such_upload',
      },
    );
  }

  #giveUpAbandoned(): void {
    const since = this.#now() - ABANDONED_AFTER;
    for (const upload of this.#uploads.values())
      if (upload.touched < since && upload.busy.size === 0) void this.#end(upload).catch(() => undefined);
  }
}

async function openFile({ folder, tree, plan }: Upload, index: number, anew: boolean): Promise<FileHandle> {
  const { path } = plan.files[index]!;
  const full = join(folder, plan.name, ...path);
  await tree.make(dirname(full));
  const { O_CREAT, O_WRONLY, O_TRUNC, O_NOFOLLOW } = constants;
  return open(full, O_CREAT | O_WRONLY | (O_NOFOLLOW ?? 0) | (anew ? O_TRUNC : 0), 0o666);
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    if (bytesWritten === 0) throw Object.assign(new Error('the disk takes no more'), { code: 'ENOSPC' });
    done += bytesWritten;
  }
}

function rowOf({ id, plan, received, started }: Upload): UploadRow {
  return { id, name: plan.name, files: plan.files.length, size: plan.size, received, started };
}

function taken(name: string, what: string): ShoalError {
  return new ShoalError('ERR_DESTINATION', `${JSON.stringify(name)} ${what}; give this another name`, {
    reason: 'exists',
  });
}

function conflict(message: string, reason: string): HttpError {
  return new HttpError(409, 'ERR_USAGE', message, { reason });
}

function tooLong(length: number): HttpError {
  return new HttpError(413, 'ERR_USAGE', `more bytes come than the ${length} that were announced`, {
    reason: 'too_long',
  });
}

function noRoom(message: string): HttpError {
  return new HttpError(507, 'ERR_DISK_FULL', `${message}; free some space`, { reason: 'ENOSPC' });
}
