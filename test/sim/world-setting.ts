// What the inhabitants of a simulated world see of it, and what the world sees of them.

import type { Endpoint } from '../../src/base/endpoint.ts';
import type { Geometry } from '../../src/base/geometry.ts';
import type { LinkClock } from './virtual-links.ts';
import type { Attachment, VirtualSocket } from './virtual-socket.ts';

/** The torrent everybody is after. */
export interface Subject {
  readonly geometry: Geometry;
  /** All of its bytes. */
  readonly truth: Uint8Array;
  readonly infoBytes: Uint8Array;
  readonly infoHash: string;
}

/** Somebody with an address. */
export interface Dweller {
  readonly id: number;
  readonly endpoint: Endpoint;
  readonly way: Attachment;
  /** Cannot be dialled. */
  readonly nat: boolean;
  readonly alive: boolean;
  /** Somebody has dialled it. */
  accept(socket: VirtualSocket): void;
}

export interface Setting extends LinkClock {
  readonly subject: Subject;
  /** Numbers in [0, 1) of this dweller's own. */
  chance(): () => number;
  dial(from: Dweller, to: Endpoint, done: (socket: VirtualSocket | undefined) => void): void;
  /** Asks the tracker for others; they come through `found`. */
  announce(from: Dweller, found: (others: Endpoint[]) => void): void;
  /** Something of consequence happened: it goes into the digest. */
  note(who: number, what: number): void;
}
