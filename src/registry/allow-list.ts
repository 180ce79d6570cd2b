// Which torrents may be announced, how many pieces each has, and what others are told. Knows no peers.

import type { AnnounceRefusal } from './registry-types.ts';

/** Removed torrents that are remembered as such, so that clients are told to stop asking. */
const MAX_REMOVED = 100_000;
/** Seconds after which a client may ask again about a torrent that is not known here, and one that never will be. */
const RETRY = 60;
const RETRY_REMOVED = 86_400;

export class AllowList {
  /** Whether torrents that were never allowed may be announced too. */
  readonly open: boolean;
  /** Info-hash -> number of pieces, 0 when not known. */
  readonly #allowed = new Map<string, number>();
  readonly #removed = new Set<string>();

  constructor(open: boolean) {
    this.open = open;
  }

  get size(): number {
    return this.#allowed.size;
  }

  has(infoHash: string): boolean {
    return this.#allowed.has(infoHash);
  }

  /** 0 when the torrent is not on the list, or its pieces are not known. */
  pieceCount(infoHash: string): number {
    return this.#allowed.get(infoHash) ?? 0;
  }

  admits(infoHash: string): boolean {
    return this.#allowed.has(infoHash) || (this.open && !this.#removed.has(infoHash));
  }

  allow(infoHash: string, pieceCount: number): void {
    this.#allowed.set(infoHash, pieceCount);
    this.#removed.delete(infoHash);
  }

  disallow(infoHash: string, final: boolean): void {
    this.#allowed.delete(infoHash);
    if (!final) return;
    if (this.#removed.size >= MAX_REMOVED)
      for (const oldest of this.#removed) {
        this.#removed.delete(oldest);
        break;
      }
    this.#removed.add(infoHash);
  }

  /** What an announce of a torrent that is not admitted is answered. */
  refusal(infoHash: string): AnnounceRefusal {
    // Transmission gives a torrent up for good at the words "Unregistered torrent" and at no others.
    return this.#removed.has(infoHash)
      ? refuse('Unregistered torrent: the operator of this tracker removed it', true, RETRY_REMOVED)
      : refuse('this torrent is not in the catalog of this tracker', false, RETRY);
  }
}

export function refuse(reason: string, final: boolean, interval: number): AnnounceRefusal {
  return { kind: 'refusal', reason, final, interval };
}
