// Links of a simulated network. A node has one uplink and one downlink, each with a rate that holds whatever the number of
// its connections. Connections take turns on both, a packet each, and one whose receiver is slow stops at its window: so
// rates are shared as TCP shares them. Bytes are never copied here; a packet names stretches of what the sender wrote.
//
// Messages of a few hundred bytes do not queue behind the payload of other connections (as with fair queueing in a
// router), but their bytes are charged to the links all the same.

/** A stretch of what was written: nobody may change these bytes until they are delivered. */
export interface Stretch {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

interface Packet {
  readonly stretches: Stretch[];
  readonly size: number;
  /** When its first byte left. */
  readonly sentAt: number;
}

/** One direction of the way of a node to the world. */
export class Pipe {
  /** Bytes per millisecond. */
  readonly rate: number;
  /** Everything accepted so far is through at this time. */
  freeAt = 0;
  busy = false;
  /** Bytes it has carried. */
  carried = 0;
  /** Who waits for it. */
  readonly turns: Channel[] = [];
  /** What the channel served last had been given before: one that comes anew is put level with it. */
  level = 0;

  /** Bytes per second. */
  constructor(rate: number) {
    this.rate = rate / 1000;
  }

  /** Bytes of one turn: what goes through in a twentieth of a second, within reason. */
  get quantum(): number {
    return Math.floor(Math.max(2048, Math.min(65_536, this.rate * 50)));
  }

  /** Charges the bytes; returns when they are through. */
  charge(size: number, from: number): number {
    this.carried += size;
    this.freeAt = Math.max(from, this.freeAt) + size / this.rate;
    return this.freeAt;
  }
}

export interface LinkClock {
  readonly now: number;
  at(time: number, kind: number, run: () => void): void;
}

export const LINK_EVENT = { sent: 1, arrived: 2, landed: 3 } as const;
/** Bytes that pass without waiting for their turn. */
const EXPRESS = 1400;
/** So many milliseconds of a link may be taken up by bytes that did not wait. */
const EXPRESS_DEBT = 500;

export interface ChannelEnd {
  /** In the order in which they were written; the bytes are valid during the call. */
  onBytes(bytes: Uint8Array, start: number, end: number): void;
  /** All bytes of one packet have been handed on. */
  onPacket(): void;
}

/** One direction of one connection. */
export class Channel {
  readonly #clock: LinkClock;
  readonly #up: Pipe;
  readonly #down: Pipe;
  readonly #latency: number;
  readonly #window: number;
  readonly #end: ChannelEnd;
  readonly #onDrain: () => void;
  #queue: Stretch[] = [];
  #head = 0;
  /** Bytes written that have not left yet. */
  queued = 0;
  /** Bytes that have left and are not delivered. */
  underway = 0;
  #lastArrival = 0;
  #waitsForTurn = false;
  #landed: Packet[] = [];
  #landing = false;
  /** Its share of the downlink so far, as `Pipe.level` counts. */
  given = 0;
  #waitsToLand = false;
  /** The other side listens. */
  open = true;
  /** Nothing passes now: what has arrived meanwhile comes later. */
  #stalled = false;
  #held: Packet[] = [];

  constructor(
    clock: LinkClock,
    up: Pipe,
    down: Pipe,
    latency: number,
    window: number,
    end: ChannelEnd,
    onDrain: () => void,
  ) {
    this.#clock = clock;
    this.#up = up;
    this.#down = down;
    this.#latency = latency;
    this.#window = window;
    this.#end = end;
    this.#onDrain = onDrain;
  }

  /** When the last byte that has left will be there. */
  get lastArrival(): number {
    return this.#lastArrival;
  }

  write(bytes: Uint8Array, start: number, end: number): void {
    if (!this.open || end === start) return;
    this.#queue.push({ bytes, start, end });
    this.queued += end - start;
    if (this.#stalled) return;
    const { now } = this.#clock;
    if (!this.#waitsForTurn && this.queued <= EXPRESS && this.#up.freeAt - now < EXPRESS_DEBT) {
      const through = this.#up.charge(this.queued, now);
      // A packet that is in service now is not held up; only what comes after it is.
      this.#launch(this.queued, Math.min(through, now + EXPRESS / this.#up.rate));
    } else this.#queueUp();
  }

  /** Nothing passes in this direction until `resume`. */
  stall(): void {
    this.#stalled = true;
  }

  resume(): void {
    if (!this.#stalled) return;
    this.#stalled = false;
    const held = this.#held;
    this.#held = [];
    for (const packet of held) this.#arrive(packet);
    if (this.queued > 0) this.#queueUp();
  }

  /** The sender is gone: what has not left will not. */
  cut(): void {
    this.#queue = [];
    this.#head = 0;
    this.queued = 0;
  }

  /** The receiver is gone. */
  close(): void {
    this.open = false;
    this.cut();
    this.#landed = [];
    this.#held = [];
  }

  #queueUp(): void {
    if (!this.#waitsForTurn) {
      this.#waitsForTurn = true;
      this.#up.turns.push(this);
    }
    serveUp(this.#up);
  }

  /** Its turn on the uplink. False when it has nothing to send, or may not. */
  takeTurn(): boolean {
    this.#waitsForTurn = false;
    if (this.#stalled || this.queued === 0 || this.underway >= this.#window) return false;
    const { now } = this.#clock;
    const size = Math.min(this.queued, this.#up.quantum);
    const through = this.#up.charge(size, now);
    this.#up.busy = true;
    this.#launch(size, through);
    this.#clock.at(through, LINK_EVENT.sent, () => {
      this.#up.busy = false;
      if (this.queued > 0 && !this.#waitsForTurn && !this.#stalled) {
        this.#waitsForTurn = true;
        this.#up.turns.push(this);
      }
      this.#onDrain();
      serveUp(this.#up);
    });
    return true;
  }

  #launch(size: number, through: number): void {
    const stretches: Stretch[] = [];
    let left = size;
    while (left > 0) {
      const first = this.#queue[this.#head]!;
      const length = first.end - first.start;
      if (length <= left) {
        stretches.push(first);
        this.#head++;
        left -= length;
      } else {
        stretches.push({ bytes: first.bytes, start: first.start, end: first.start + left });
        this.#queue[this.#head] = { bytes: first.bytes, start: first.start + left, end: first.end };
        left = 0;
      }
    }
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    }
    this.queued -= size;
    this.underway += size;
    const packet = { stretches, size, sentAt: this.#clock.now };
    this.#lastArrival = Math.max(this.#lastArrival, through + this.#latency);
    this.#clock.at(this.#lastArrival, LINK_EVENT.arrived, () => this.#arrive(packet));
  }

  #arrive(packet: Packet): void {
    if (!this.open) {
      this.underway -= packet.size;
      return;
    }
    if (this.#stalled) {
      this.#held.push(packet);
      return;
    }
    const down = this.#down;
    const { now } = this.#clock;
    const inOrder = this.#landed.length === 0 && !this.#landing;
    if (inOrder && packet.size <= EXPRESS && down.freeAt - now < EXPRESS_DEBT) {
      down.charge(packet.size, now);
      this.#deliver(packet);
    } else if (inOrder && !down.busy && down.turns.length === 0) {
      // The downlink took the bytes in as they came.
      const through = down.charge(packet.size, packet.sentAt + this.#latency);
      if (through <= now) this.#deliver(packet);
      else this.#land(packet, through);
    } else {
      this.#landed.push(packet);
      this.#queueToLand();
      serveDown(down);
    }
  }

  #queueToLand(): void {
    if (this.#waitsToLand || this.#landing || this.#landed.length === 0) return;
    this.#waitsToLand = true;
    this.given = Math.max(this.given, this.#down.level);
    this.#down.turns.push(this);
  }

  /** Its turn on the downlink. */
  takeIn(): boolean {
    this.#waitsToLand = false;
    const packet = this.#landed.shift();
    if (packet === undefined) return false;
    this.#down.level = this.given;
    this.given += packet.size;
    this.#land(packet, this.#down.charge(packet.size, this.#clock.now));
    return true;
  }

  #land(packet: Packet, through: number): void {
    const down = this.#down;
    down.busy = true;
    this.#landing = true;
    this.#clock.at(through, LINK_EVENT.landed, () => {
      down.busy = false;
      this.#landing = false;
      this.#queueToLand();
      this.#deliver(packet);
      serveDown(down);
    });
  }

  #deliver(packet: Packet): void {
    this.underway -= packet.size;
    if (this.queued > 0 && !this.#waitsForTurn && !this.#stalled) this.#queueUp();
    for (const { bytes, start, end } of packet.stretches) {
      if (!this.open) return;
      this.#end.onBytes(bytes, start, end);
    }
    if (this.open) this.#end.onPacket();
  }
}

function serveUp(pipe: Pipe): void {
  while (!pipe.busy && pipe.turns.length > 0) pipe.turns.shift()!.takeTurn();
}

/** Packets of different senders differ in size: who was given least is next. */
function serveDown(pipe: Pipe): void {
  const { turns } = pipe;
  while (!pipe.busy && turns.length > 0) {
    let least = 0;
    for (let i = 1; i < turns.length; i++) if (turns[i]!.given < turns[least]!.given) least = i;
    turns.splice(least, 1)[0]!.takeIn();
  }
}
