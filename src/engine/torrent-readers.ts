// Reads files of a torrent in order while they are still being fetched: says what is needed next and when, waits until it is
// verified, and reads it from the disk. Any number of readers at a time. Knows the swarm only as a list of deadlines.

import { ShoalError } from '../base/errors.ts';
import type { Metainfo } from '../protocol/metainfo.ts';
import type { Deadline } from '../swarm/deadlines.ts';
import type { ReadOptions } from './types.ts';

/** Bytes ahead of a reader that are asked for before anything else. */
const AHEAD = 8 * 1024 * 1024;
/** Bytes a second at which a reader is taken to go on: sets how far apart its pieces are needed. */
const PACE = 1024 * 1024;
/** Bytes of one read. */
const CHUNK = 256 * 1024;

/** What a reader needs of its torrent. */
export interface ReadSource {
  readonly metainfo: Metainfo;
  has(piece: number): boolean;
  /** Nobody wants the piece: it would never come. */
  isUnwanted(piece: number): boolean;
  setDeadlines(deadlines: readonly Deadline[]): void;
  read(piece: number, begin: number, buffers: Uint8Array[], done: (error?: ShoalError) => void): void;
}

interface Reader {
  /** Position in the torrent, and the end. */
  at: number;
  readonly end: number;
  piece: number;
  wake: (() => void) | undefined;
}

export class Readers {
  readonly #clock: () => number;
  readonly #open = new Set<Reader>();
  #stopped: ShoalError | undefined;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** A piece is verified and written. */
  arrived(piece: number): void {
    for (const reader of this.#open) if (reader.piece === piece) reader.wake?.();
  }

  /** The torrent ends: readers fail with this. */
  stop(error: ShoalError): void {
    this.#stopped ??= error;
    for (const reader of this.#open) reader.wake?.();
  }

  /**
   * The bytes of a file, in order, each chunk as soon as it is here. Throws ERR_USAGE when there is no such file or range or
   * nobody wants the file, an ERR_DISK code, what the signal says, or what ended the torrent.
   */
  async *read(source: ReadSource, index: number, options: ReadOptions = {}): AsyncGenerator<Uint8Array, void> {
    const { start, end } = rangeOf(source.metainfo, index, options);
    const { pieceLength } = source.metainfo;
    const reader: Reader = { at: start, end, piece: -1, wake: undefined };
    this.#open.add(reader);
    const onAbort = (): void => reader.wake?.();
    options.signal?.addEventListener('abort', onAbort);
    try {
      while (reader.at < end) {
        const piece = Math.floor(reader.at / pieceLength);
        if (piece !== reader.piece) {
          reader.piece = piece;
          this.#tell(source);
        }
        await this.#here(source, reader, options.signal);
        const begin = reader.at - piece * pieceLength;
        const chunk = new Uint8Array(Math.min(CHUNK, end - reader.at, pieceLength - begin));
        await new Promise<void>((resolve, reject) =>
          source.read(piece, begin, [chunk], (error) => (error === undefined ? resolve() : reject(error))),
        );
        reader.at += chunk.length;
        yield chunk;
      }
    } finally {
      options.signal?.removeEventListener('abort', onAbort);
      this.#open.delete(reader);
      if (this.#stopped === undefined) this.#tell(source);
    }
  }

  /** Waits until the piece under the reader is here. */
  async #here(source: ReadSource, reader: Reader, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      if (this.#stopped !== undefined) throw this.#stopped;
      if (source.has(reader.piece)) return;
      if (source.isUnwanted(reader.piece))
        throw new ShoalError('ERR_USAGE', 'the file cannot be read: it is not among those that are wanted');
      await new Promise<void>((resolve) => {
        reader.wake = resolve;
      });
    }
  }

  #tell(source: ReadSource): void {
    const { pieceLength } = source.metainfo;
    const now = this.#clock();
    const deadlines: Deadline[] = [];
    for (const { at, end } of this.#open) {
      const last = Math.floor((Math.min(end, at + AHEAD) - 1) / pieceLength);
      const first = Math.floor(at / pieceLength);
      for (let piece = first; piece <= last; piece++)
        deadlines.push({ piece, at: now + (1000 * (piece - first) * pieceLength) / PACE });
    }
    source.setDeadlines(deadlines);
  }
}

/** Of the file, as positions in the torrent. */
function rangeOf({ files }: Metainfo, index: number, options: ReadOptions): { start: number; end: number } {
  const file = files[index];
  if (file === undefined || file.pad) throw new ShoalError('ERR_USAGE', `the torrent has no file ${index}`);
  const { start = 0, end = file.length } = options;
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || start > end || end > file.length)
    throw new ShoalError('ERR_USAGE', `${start} to ${end} is no range of a file of ${file.length} bytes`);
  return { start: file.offset + start, end: file.offset + end };
}
