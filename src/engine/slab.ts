// The memory of a session for blocks on their way from sockets to disks: one shared buffer, cut into pages that torrents
// take and give back, each page into places of the length that torrent needs. Knows no pieces. No torrent can take the last
// page from one that has none.

import { MAX_EXTENT_LENGTH } from '../base/geometry.ts';
import type { HashPool } from '../io/disk/hash-pool.ts';
import type { Places } from '../swarm/places.ts';

/** A place never spans pages. */
const PAGE_LENGTH = MAX_EXTENT_LENGTH;
const LEAST_PAGES = 4;
/** Who has not asked for so many times the number of torrents is not waiting any more. */
const RECENT_ASKS = 4;
/** Places of one torrent: more very short pieces at a time would cost more in books than they are worth. */
const MOST_PLACES = 512;

interface Page {
  readonly offset: number;
  /** Offsets of the places in it that nobody holds. */
  readonly free: number[];
}

interface Buffers {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly free: Page[];
}

export class Slab {
  readonly #pool: HashPool;
  readonly #pageCount: number;
  #buffers: Buffers | undefined;
  readonly #shares = new Set<SlabShare>();
  /** Shares with a page, in the order in which they got their first one; how many shares have more than one. */
  readonly #holders = new Set<SlabShare>();
  #rich = 0;
  /** A clock that goes on with each question of a torrent that has no page, and with each page. */
  #asks = 0;

  /** `memory` in bytes. The buffer exists while any torrent has a share of it. */
  constructor(memory: number, pool: HashPool) {
    this.#pageCount = Math.max(LEAST_PAGES, Math.floor(memory / PAGE_LENGTH));
    this.#pool = pool;
  }

  /** A share for a torrent that fetches something; `placeLength` is the length of its extents. */
  open(placeLength: number): SlabShare {
    this.#buffers ??= makeBuffers(this.#pageCount, this.#pool);
    const { id, bytes } = this.#buffers;
    const share = new SlabShare(this, id, bytes, placeLength);
    this.#shares.add(share);
    return share;
  }

  /** All of its places are free, or nobody will write to them or read them any more. */
  close(share: SlabShare, pages: Iterable<Page>): void {
    if (!this.#shares.delete(share)) return;
    for (const page of pages) this.#buffers!.free.push(page);
    this.#holders.delete(share);
    if (share.pageCount > 1) this.#rich--;
    if (this.#shares.size > 0) return;
    this.#pool.releaseSlab(this.#buffers!.id);
    this.#buffers = undefined;
  }

  /** More torrents have no page than there are pages: those that have some must let go of one. */
  get pressed(): boolean {
    return this.#shares.size - this.#holders.size > this.#buffers!.free.length;
  }

  /** Whether the share has to give back before it may take anything: who has several first, else who has had one longest. */
  mustGive(share: SlabShare): boolean {
    if (share.pageCount === 0 || !this.pressed) return false;
    if (this.#rich > 0) return share.pageCount > 1;
    const [longest] = this.#holders;
    return longest === share;
  }

  /**
   * Pages the share could have now. One is kept for every share without any; when those are more than there are pages, who
   * was served longest ago comes first, if it still asks.
   */
  available(share: SlabShare): number {
    const free = this.#buffers!.free.length;
    const without = this.#shares.size - this.#holders.size;
    if (share.pageCount > 0) return Math.max(0, free - without);
    if (without <= free) return free - without + 1;
    share.askedAt = ++this.#asks;
    if (free === 0) return 0;
    const recent = this.#asks - RECENT_ASKS * this.#shares.size;
    for (const other of this.#shares)
      if (other.pageCount === 0 && other.servedAt < share.servedAt && other.askedAt > recent) return 0;
    return 1;
  }

  /** Called when `available`. */
  take(share: SlabShare): Page {
    const page = this.#buffers!.free.pop()!;
    share.servedAt = ++this.#asks;
    if (share.pageCount === 0) this.#holders.add(share);
    if (share.pageCount === 1) this.#rich++;
    return page;
  }

  /** `share` has counted it out already. */
  give(share: SlabShare, page: Page): void {
    this.#buffers!.free.push(page);
    if (share.pageCount === 0) this.#holders.delete(share);
    if (share.pageCount === 1) this.#rich--;
  }
}

/** What one torrent has of the slab. */
export class SlabShare implements Places {
  /** Of the slab in the hash pool. */
  readonly id: number;
  readonly bytes: Uint8Array;
  /** On the slab's clock: when it last asked for a first page, and when it last got a page. */
  askedAt = Number.NEGATIVE_INFINITY;
  servedAt = 0;
  readonly #slab: Slab;
  readonly #placeLength: number;
  readonly #perPage: number;
  /** By the number of the page in the slab. */
  readonly #pages = new Map<number, Page>();
  /** Those of them with a free place. */
  readonly #open: Page[] = [];
  #freeHere = 0;
  #held = 0;
  #closed = false;

  constructor(slab: Slab, id: number, bytes: Uint8Array, placeLength: number) {
    this.#slab = slab;
    this.id = id;
    this.bytes = bytes;
    this.#placeLength = placeLength;
    this.#perPage = Math.floor(PAGE_LENGTH / placeLength);
  }

  get pageCount(): number {
    return this.#pages.size;
  }

  get free(): number {
    if (this.#closed || this.#slab.mustGive(this)) return 0;
    return Math.min(MOST_PLACES - this.#held, this.#freeHere + this.#slab.available(this) * this.#perPage);
  }

  take(): number {
    if (this.free <= 0) return -1;
    if (this.#open.length === 0) this.#addPage();
    const page = this.#open.at(-1)!;
    const offset = page.free.pop()!;
    if (page.free.length === 0) this.#open.pop();
    this.#freeHere--;
    this.#held++;
    return offset;
  }

  #addPage(): void {
    const page = this.#slab.take(this);
    page.free.length = 0;
    for (let place = this.#perPage - 1; place >= 0; place--) page.free.push(page.offset + place * this.#placeLength);
    this.#pages.set(page.offset / PAGE_LENGTH, page);
    this.#open.push(page);
    this.#freeHere += this.#perPage;
  }

  give(offset: number): void {
    if (this.#closed) return;
    const number = Math.floor(offset / PAGE_LENGTH);
    const page = this.#pages.get(number)!;
    if (page.free.push(offset) === 1) this.#open.push(page);
    this.#freeHere++;
    this.#held--;
    if (page.free.length < this.#perPage) return;
    this.#open.splice(this.#open.indexOf(page), 1);
    this.#pages.delete(number);
    this.#freeHere -= this.#perPage;
    this.#slab.give(this, page);
  }

  /** Gives everything back. Nothing may be under way into a place or out of one. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#slab.close(this, this.#pages.values());
  }
}

/** For torrents that fetch nothing. */
export const NO_PLACES: Places = { free: 0, take: () => -1, give: () => undefined };

function makeBuffers(pageCount: number, pool: HashPool): Buffers {
  const shared = new SharedArrayBuffer(pageCount * PAGE_LENGTH);
  const pages = Array.from({ length: pageCount }, (_, page): Page => ({ offset: page * PAGE_LENGTH, free: [] }));
  // Taken from the end: the first pages are used again and again, and the others cost no memory until they are needed.
  return { id: pool.registerSlab(shared), bytes: Buffer.from(shared), free: pages.reverse() };
}
