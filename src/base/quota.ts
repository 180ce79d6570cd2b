// A tree of rate limits: what passes at a leaf is limited by every node on its way to the root. Who must wait is let go in
// the order of a fair queue at each node: by bytes, not by turns, and nobody overtakes the one whose turn it is. Time comes
// in as milliseconds; there is no timer here, and nothing is asked of the tree where no limit stands.

/** Seconds of its rate that a node saves up while nobody uses it. */
const BURST_SECONDS = 0.25;
/** Bytes of one block with its header (BEP 3): what cannot be cut any smaller must fit in, however low the rate. */
export const UNIT = 16_384 + 13;
/** Beyond a unit, so that an owner who comes a little late loses nothing: seconds of the rate. */
const SLACK_SECONDS = 0.1;
/** Of what comes in at most this share pays for overhead, so that there is always some left for what waits. */
const OVERHEAD_SHARE = 0.5;

export class QuotaNode {
  /** True when a rate stands here or further up. Without it nobody need ask, and what passes is not counted. */
  limited = false;
  #up: QuotaNode | undefined;
  readonly #below = new Set<QuotaNode>();
  /** Bytes per second, 0 for none, and how many may be saved up. */
  #rate = 0;
  #burst = 0;
  /** May be below zero: what passed without having been granted is paid back by time. */
  #saved = 0;
  #filledAt: number;
  #overhead = 0;
  /** Bytes this leaf waits for. */
  #wants = 0;
  /** In the queue of the node above. */
  #queued = false;
  /** Those below that wait, or below which somebody waits, in the order of `#served`. */
  readonly #queue: QuotaNode[] = [];
  /** What this node has had, on the clock of the node above, which goes by bytes and never runs behind who is served. */
  #served = 0;
  #clock = 0;
  // How many leaves below used quota in a second of the clock and in the one before.
  #second = -1;
  #users = 0;
  #usersBefore = 0;

  constructor(up: QuotaNode | undefined, rate: number, now: number) {
    this.#up = up;
    this.#filledAt = now;
    if (up !== undefined) up.#below.add(this);
    this.setRate(rate, now);
    this.#markLimited();
  }

  /** Bytes per second; 0 is no limit. */
  get rate(): number {
    return this.#rate;
  }

  /**
   * Takes effect at once. Nothing is saved up from a time without a limit, and a debt takes as long to pay back as
   * before, not more bytes. Call `next` afterwards: who waits may go on.
   */
  setRate(rate: number, now: number): void {
    if (rate === this.#rate) return;
    this.#fill(now);
    const debtShare = this.#saved < 0 && this.#rate > 0 ? Math.min(1, rate / this.#rate) : 1;
    this.#saved *= debtShare;
    this.#rate = rate;
    this.#burst = Math.max(rate * BURST_SECONDS, UNIT + rate * SLACK_SECONDS);
    this.#saved = rate === 0 ? 0 : Math.min(this.#saved, this.#burst);
    this.#overhead = Math.min(this.#overhead, this.#burst);
    this.#filledAt = now;
    this.#markLimited();
  }

  /** Hangs the node, with all below it, elsewhere; without a place it is a root of its own. */
  moveTo(up: QuotaNode | undefined): void {
    if (up === this.#up) return;
    this.#leaveQueue();
    if (this.#up !== undefined) this.#up.#below.delete(this);
    this.#up = up;
    if (up !== undefined) up.#below.add(this);
    this.#served = 0;
    if (this.#queue.length > 0 || this.#wants > 0) this.#enterQueue();
    this.#markLimited();
  }

  /** The leaf waits for so many bytes; `next` gives it back when they may pass. */
  ask(bytes: number): void {
    this.#wants = bytes;
    this.#enterQueue();
  }

  /** The leaf waits no more. */
  withdraw(): void {
    this.#wants = 0;
    this.#leaveQueue();
  }

  get waiting(): boolean {
    return this.#wants > 0;
  }

  /**
   * At a root: the leaf whose turn it is, with as many bytes as were taken for it (what it asked for, or what its limits
   * can save up, if that is less), the milliseconds until that may be so, or undefined when nobody waits.
   */
  next(now: number): { leaf: QuotaNode; bytes: number } | number | undefined {
    if (this.#queue.length === 0 && this.#wants === 0) return undefined;
    const leaf = this.#findLeaf(now);
    if (typeof leaf === 'number') return leaf;
    let bytes = leaf.#wants;
    for (let node: QuotaNode | undefined = leaf; node !== undefined; node = node.#up)
      if (node.#rate > 0) bytes = Math.min(bytes, node.#burst);
    leaf.withdraw();
    leaf.take(bytes, now);
    return { leaf, bytes };
  }

  /** Bytes that pass at this leaf without having been asked for. May leave a debt; a negative number gives back. */
  take(bytes: number, now: number): void {
    this.#countUser(now);
    for (let node: QuotaNode | undefined = this; node !== undefined; node = node.#up) {
      if (node.#rate > 0) {
        node.#fill(now);
        node.#saved = Math.min(node.#saved - bytes, node.#burst);
      }
      const up: QuotaNode | undefined = node.#up;
      if (up === undefined) return;
      if (bytes > 0) {
        const start = Math.max(node.#served, up.#clock);
        up.#clock = start;
        node.#served = start + bytes;
      } else node.#served += bytes;
      if (node.#queued) up.#place(node);
    }
  }

  /**
   * Bytes besides the data that pass at this leaf and wait for nothing (requests, haves): paid for by at most half of what
   * comes in, and forgotten beyond a burst, so that they slow the data down but never stop it.
   */
  takeOverhead(bytes: number): void {
    for (let node: QuotaNode | undefined = this; node !== undefined; node = node.#up)
      if (node.#rate > 0) node.#overhead = Math.min(node.#overhead + bytes, node.#burst);
  }

  /** True when this leaf need not wait: there is quota all the way, and nobody on the way is waiting for some. */
  mayPass(now: number): boolean {
    for (let node: QuotaNode | undefined = this; node !== undefined; node = node.#up)
      if (node.#rate > 0 && node.#queue.length > 0) return false;
    return this.available(now) > 0;
  }

  /** Bytes saved up all the way; below zero after a debt, Infinity without a limit. */
  available(now: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (let node: QuotaNode | undefined = this; node !== undefined; node = node.#up) {
      if (node.#rate === 0) continue;
      node.#fill(now);
      least = Math.min(least, node.#saved);
    }
    return least;
  }

  /** Bytes per second that this leaf may have while others that use the same limits have as much; Infinity without one. */
  share(now: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (let node: QuotaNode | undefined = this; node !== undefined; node = node.#up)
      if (node.#rate > 0) least = Math.min(least, node.#rate / Math.max(1, node.#countUsers(now)));
    return least;
  }

  /** The lowest rate on the way to the root; Infinity without one. */
  get pathRate(): number {
    let least = Number.POSITIVE_INFINITY;
    for (let node: QuotaNode | undefined = this; node !== undefined; node = node.#up)
      if (node.#rate > 0) least = Math.min(least, node.#rate);
    return least;
  }

  /** Throws when the queues disagree with who waits. For tests. */
  checkInvariant(): void {
    const waiting = [...this.#below].filter((node) => node.#wants > 0 || node.#queue.length > 0);
    if (waiting.length !== this.#queue.length || waiting.some((node) => !node.#queued || !this.#queue.includes(node)))
      throw new Error(`${waiting.length} wait and ${this.#queue.length} are in the queue`);
    for (let at = 1; at < this.#queue.length; at++)
      if (this.#queue[at - 1]!.#served > this.#queue[at]!.#served) throw new Error('the queue is out of order');
    for (const node of this.#below) node.checkInvariant();
  }

  /** The first in the order of the queue that is not held up by a limit of its own, or the time until there is one. */
  #findLeaf(now: number): QuotaNode | number {
    let leaf: QuotaNode | undefined = this.#wants > 0 ? this : undefined;
    let soonest = Number.POSITIVE_INFINITY;
    for (let at = 0; leaf === undefined && at < this.#queue.length; at++) {
      const found = this.#queue[at]!.#findLeaf(now);
      if (typeof found !== 'number') leaf = found;
      else if (found < soonest) soonest = found;
    }
    if (leaf === undefined) return soonest;
    if (this.#rate === 0) return leaf;
    this.#fill(now);
    const missing = Math.min(leaf.#wants, this.#burst) - this.#saved;
    return missing <= 0 ? leaf : (missing * 1000) / this.#rate;
  }

  #fill(now: number): void {
    if (now <= this.#filledAt) return;
    const gained = ((now - this.#filledAt) * this.#rate) / 1000;
    this.#filledAt = now;
    const paid = Math.min(this.#overhead, gained * OVERHEAD_SHARE);
    this.#overhead -= paid;
    this.#saved = Math.min(this.#saved + gained - paid, this.#burst);
  }

  #markLimited(): void {
    this.limited = this.#rate > 0 || this.#up?.limited === true;
    for (const node of this.#below) node.#markLimited();
  }

  #enterQueue(): void {
    for (let node: QuotaNode = this; node.#up !== undefined && !node.#queued; node = node.#up) {
      node.#queued = true;
      node.#up.#queue.push(node);
      node.#up.#place(node);
    }
  }

  #leaveQueue(): void {
    for (let node: QuotaNode = this; node.#up !== undefined && node.#queued; node = node.#up) {
      node.#queued = false;
      node.#up.#queue.splice(node.#up.#queue.indexOf(node), 1);
      if (node.#up.#queue.length > 0) return;
    }
  }

  /** Moves one that is in the queue to where it belongs now. */
  #place(node: QuotaNode): void {
    const queue = this.#queue;
    let at = queue.indexOf(node);
    while (at + 1 < queue.length && queue[at + 1]!.#served <= node.#served) queue[at] = queue[++at]!;
    while (at > 0 && queue[at - 1]!.#served > node.#served) queue[at] = queue[--at]!;
    queue[at] = node;
  }

  #countUser(now: number): void {
    const second = Math.floor(now / 1000);
    if (this.#second === second) return;
    this.#second = second;
    for (let node = this.#up; node !== undefined; node = node.#up) {
      node.#countUsers(now);
      node.#users++;
    }
  }

  #countUsers(now: number): number {
    const second = Math.floor(now / 1000);
    if (this.#second !== second && this.#below.size > 0) {
      this.#usersBefore = this.#second === second - 1 ? this.#users : 0;
      this.#users = 0;
      this.#second = second;
    }
    return Math.max(this.#users, this.#usersBefore);
  }
}
