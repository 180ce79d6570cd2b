// Small torrents with known content for tests of the disk: made through the real encoder and parser, pads included.

import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { HashPool } from '../../src/io/disk/hash-pool.ts';
import type { SlabPlace, StoreResult } from '../../src/io/disk/piece-writer.ts';
import type { Storage } from '../../src/io/disk/storage.ts';
import { encode } from '../../src/protocol/bencode.ts';
import { type Metainfo, parseInfo } from '../../src/protocol/metainfo.ts';

export interface SampleFile {
  path: string;
  length: number;
  pad?: boolean;
}

export interface Sample {
  metainfo: Metainfo;
  /** The whole stream, pads as zeros. */
  data: Uint8Array;
  pieceCount: number;
  piece(index: number): Uint8Array;
  /** Content by path. */
  contents: Map<string, Uint8Array>;
}

export function sha1(bytes: Uint8Array): Uint8Array {
  return createHash('sha1').update(bytes).digest();
}

/** Bytes that are the same for the same seed and never repeat within a piece. */
export function sampleBytes(seed: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0, block = 0; at < length; block++) {
    const digest = createHash('sha512').update(`${seed}/${block}`).digest();
    bytes.set(digest.subarray(0, Math.min(digest.length, length - at)), at);
    at += digest.length;
  }
  return bytes;
}

/** One file when `files` is a length, else a folder. */
export function makeSample(name: string, pieceLength: number, files: number | readonly SampleFile[]): Sample {
  const list = typeof files === 'number' ? [{ path: name, length: files }] : files;
  const contents = new Map<string, Uint8Array>();
  const parts = list.map((file) => {
    if ('pad' in file && file.pad === true) return new Uint8Array(file.length);
    const bytes = sampleBytes(`${name}/${file.path}`, file.length);
    contents.set(file.path, bytes);
    return bytes;
  });
  const data = new Uint8Array(Buffer.concat(parts));
  const pieceCount = Math.ceil(data.length / pieceLength);
  const piece = (index: number): Uint8Array => data.subarray(index * pieceLength, (index + 1) * pieceLength);
  const pieces = Buffer.concat(Array.from({ length: pieceCount }, (_, index) => sha1(piece(index))));
  const shape =
    typeof files === 'number'
      ? { length: files }
      : {
          files: files.map((file) => ({
            length: file.length,
            path: file.path.split('/'),
            ...(file.pad === true ? { attr: 'p' } : {}),
          })),
        };
  const metainfo = parseInfo(encode({ name, 'piece length': pieceLength, pieces, ...shape }), sha1);
  return { metainfo, data, pieceCount, piece, contents };
}

/** Puts the content under `root` (the file or folder itself). */
export async function writeSample(sample: Sample, root: string): Promise<void> {
  for (const [path, bytes] of sample.contents) {
    const target = sample.metainfo.singleFile ? root : join(root, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes);
  }
}

/** A folder that goes away with the test. */
export async function temporaryFolder(context: Pick<TestContext, 'after'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-test-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A slab that holds a sample's pieces at their own offsets. */
export class SampleSlab {
  readonly bytes: Uint8Array;
  readonly #sample: Sample;
  readonly #id: number;

  constructor(sample: Sample, pool: HashPool) {
    this.#sample = sample;
    const shared = new SharedArrayBuffer(sample.pieceCount * sample.metainfo.pieceLength);
    this.bytes = new Uint8Array(shared);
    this.bytes.set(sample.data);
    this.#id = pool.registerSlab(shared);
  }

  place(piece: number): SlabPlace {
    return { slab: this.#id, offset: piece * this.#sample.metainfo.pieceLength };
  }

  commit(storage: Storage, piece: number): Promise<StoreResult> {
    return new Promise((done) => storage.commit(piece, this.place(piece), false, done));
  }

  async commitAll(storage: Storage, pieces: Iterable<number>): Promise<void> {
    await Promise.all(
      [...pieces].map(async (piece) => {
        const result = await this.commit(storage, piece);
        if (!result.ok) throw new Error(`piece ${piece}: ${JSON.stringify(result)}`);
      }),
    );
  }
}

/** The bytes of a piece as the storage gives them; throws its error. */
export function readPiece(storage: Storage, sample: Sample, piece: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(sample.piece(piece).length).fill(0xee);
  return new Promise((resolve, reject) => {
    storage.read(piece, 0, [bytes], (error) => (error === undefined ? resolve(bytes) : reject(error)));
  });
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
