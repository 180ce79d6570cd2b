// The connections that the torrents of a session may have together: how many there are, how many are being made, how fast
// new ones are begun, and whose turn it is. No torrent can keep another one out. Knows no peer and no address.

/** Connections that may be held or made, at most. */
export interface ConnectionLimits {
  /** Connections of all torrents together. Default 500. */
  maxConnections?: number;
  /** Attempts to connect under way at a time. Default 100. */
  maxHalfOpen?: number;
  /** Attempts begun in a second; after a pause, so many at once. Default 30. */
  dialsPerSecond?: number;
}

/** A torrent, as the budget sees it. */
export interface Seated {
  /** Begins one attempt to connect. False when there is nobody to dial now, or no room in the torrent. */
  dialNext(now: number): boolean;
  /** Ends its least useful connection for another torrent that has fewer. False when there is none to end. */
  giveWay(now: number): boolean;
}

/** One in so many connections is kept for those who dial us. */
const INCOMING_SHARE = 20;

/** How many connections a house of so many seats makes itself: some seats are kept for those who dial us. */
export function outgoingSeats(seats: number): number {
  return seats - Math.floor(seats / INCOMING_SHARE);
}

/** What one torrent has of the budget. */
export class Seats {
  readonly #budget: ConnectionBudget;
  readonly owner: Seated;
  connected = 0;
  dialling = 0;
  /** Of the connected, those that were ended for another torrent and are not gone yet. */
  yielded = 0;
  left = false;

  constructor(budget: ConnectionBudget, owner: Seated) {
    this.#budget = budget;
    this.owner = owner;
  }

  /** There may be somebody to dial: it gets its turn. */
  wake(): void {
    this.#budget.queue(this);
  }

  /** Begins what may be begun now, for whichever torrent it is the turn. */
  run(now: number): void {
    this.#budget.run(now);
  }

  /** Whether one more connection may stay. Where the session is full, a torrent that has more must end one of its own. */
  admit(now: number): boolean {
    return this.#budget.admit(this, now);
  }

  connectionBegan(): void {
    this.connected++;
    this.#budget.count(this, 1);
  }

  connectionEnded(): void {
    this.connected--;
    this.#budget.count(this, this.yielded > 0 ? 0 : -1);
    if (this.yielded > 0) this.yielded--;
  }

  dialBegan(): void {
    this.dialling++;
    this.#budget.halfOpen++;
  }

  dialEnded(): void {
    this.dialling--;
    this.#budget.halfOpen--;
  }

  /** The torrent dials nobody any more. */
  leave(): void {
    this.left = true;
    this.#budget.unqueue(this);
  }

  /** Almost all connections of the session are taken. */
  get crowded(): boolean {
    return this.#budget.crowded;
  }

  /** Connections that it keeps. */
  get kept(): number {
    return this.connected - this.yielded;
  }
}

export class ConnectionBudget {
  /** May change; connections above it stay until they end. */
  maxConnections: number;
  readonly #maxHalfOpen: number;
  readonly #perSecond: number;
  /** Those who may have somebody to dial; whose turn is next is first. */
  readonly #queue = new Set<Seats>();
  /** Those who have connections. */
  readonly #holders = new Set<Seats>();
  #kept = 0;
  halfOpen = 0;
  #tokens: number;
  #filledAt: number | undefined;

  constructor(limits: ConnectionLimits = {}) {
    this.maxConnections = limits.maxConnections ?? 500;
    this.#maxHalfOpen = limits.maxHalfOpen ?? 100;
    this.#perSecond = limits.dialsPerSecond ?? 30;
    this.#tokens = Math.max(1, this.#perSecond);
  }

  join(owner: Seated): Seats {
    return new Seats(this, owner);
  }

  /** Connections of all torrents, without those that are ending for another torrent. */
  get connected(): number {
    return this.#kept;
  }

  /** Almost every connection is taken. */
  get crowded(): boolean {
    return this.#kept >= outgoingSeats(this.maxConnections);
  }

  queue(seats: Seats): void {
    if (!seats.left) this.#queue.add(seats);
  }

  unqueue(seats: Seats): void {
    this.#queue.delete(seats);
  }

  count(seats: Seats, change: number): void {
    this.#kept += change;
    if (seats.connected > 0) this.#holders.add(seats);
    else this.#holders.delete(seats);
  }

  /** Begins what may be begun now, one attempt for each torrent in turn. To be called about ten times a second. */
  run(now: number): void {
    if (this.#queue.size === 0) return;
    this.#fill(now);
    while (this.#tokens >= 1 && this.halfOpen < this.#maxHalfOpen) {
      const [next] = this.#queue;
      if (next === undefined) return;
      this.#queue.delete(next);
      // Whoever cannot dial now wakes up again when something has changed.
      if (!this.#mayDial(next) || !next.owner.dialNext(now)) continue;
      this.#tokens--;
      this.#queue.add(next);
    }
  }

  #fill(now: number): void {
    const passed = Math.max(0, now - (this.#filledAt ?? now));
    this.#filledAt = now;
    const most = Math.max(1, this.#perSecond);
    this.#tokens = Math.min(most, this.#tokens + (passed * this.#perSecond) / 1000);
  }

  #mayDial(seats: Seats): boolean {
    if (this.#kept + this.halfOpen < outgoingSeats(this.maxConnections)) return true;
    return (this.#richest()?.kept ?? 0) > seats.kept + seats.dialling + 1;
  }

  admit(seats: Seats, now: number): boolean {
    if (this.#kept < this.maxConnections) return true;
    const richest = this.#richest();
    if (richest === undefined || richest.kept <= seats.kept + 1 || !richest.owner.giveWay(now)) return false;
    richest.yielded++;
    this.#kept--;
    return true;
  }

  #richest(): Seats | undefined {
    let richest: Seats | undefined;
    for (const seats of this.#holders) if (richest === undefined || seats.kept > richest.kept) richest = seats;
    return richest;
  }
}
