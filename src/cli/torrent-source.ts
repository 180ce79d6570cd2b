// Reads metadata from where a user may point: a .torrent file or the http address of one. Bounds every length before it
// takes memory; asks no catalog.

import { hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { ShoalError } from '../base/errors.ts';
import type { Sha1 } from '../base/ports.ts';
import { errnoOf } from '../io/disk/disk-error.ts';
import { MAX_TORRENT_BYTES, type Metainfo, parseMetainfo } from '../protocol/metainfo.ts';

const FETCH_PATIENCE = 30_000;

export const sha1: Sha1 = (bytes) => hash('sha1', bytes, 'buffer');

/** Throws ERR_SOURCE when it cannot be read, ERR_METAINFO or ERR_BENCODE (naming the file) when it is no metadata. */
export async function readTorrentFile(path: string): Promise<Metainfo> {
  return naming(path, await readBounded(path));
}

async function readBounded(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > MAX_TORRENT_BYTES) throw tooLong(path);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof ShoalError) throw error;
    throw new ShoalError('ERR_SOURCE', `cannot read ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  switch (errnoOf(error)) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return 'this user may not read it';
    case 'EISDIR':
      return 'it is a directory';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

/** Fetches an http(s) .torrent. Throws ERR_SOURCE when the server does not give it. */
export async function fetchTorrent(url: string, signal: AbortSignal): Promise<Metainfo> {
  const failed = (why: string, cause?: unknown) =>
    new ShoalError('ERR_SOURCE', `cannot fetch ${url}: ${why}`, { cause });
  let bytes: Uint8Array;
  try {
    const reply = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(FETCH_PATIENCE)]) });
    if (!reply.ok) throw failed(`the server answered ${reply.status} ${reply.statusText}`);
    bytes = await readBody(reply, url);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ShoalError) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw failed(cause instanceof Error ? cause.message : String(cause), error);
  }
  return naming(url, bytes);
}

async function readBody(reply: Response, url: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of reply.body ?? []) {
    length += chunk.length;
    if (length > MAX_TORRENT_BYTES) throw tooLong(url);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLong(source: string): ShoalError {
  return new ShoalError('ERR_METAINFO', `${source} is longer than ${MAX_TORRENT_BYTES} bytes: not a .torrent file`, {
    reason: 'too_large',
  });
}

function naming(source: string, bytes: Uint8Array): Metainfo {
  try {
    return parseMetainfo(bytes, sha1);
  } catch (error) {
    if (!(error instanceof ShoalError)) throw error;
    const detail = error.reason === undefined ? { cause: error } : { cause: error, reason: error.reason };
    throw new ShoalError(error.code, `${source}: ${error.message}`, detail);
  }
}
