// What is held against a peer, or speaks for it, beyond one connection: a peer that leaves and comes back finds its record.
// Bans nobody: points are a reason to be careful, only proof is a reason to ban (see blame.ts).

import { globalAddress, type Standing } from './ban-list.ts';

/** Points for pieces that passed count up to this. */
const MOST_PRAISE = 8;
/** What a failed piece costs everybody who had a part in it, until it is known who spoilt it. */
const FAILURE = 2;
/** Records kept of peers that are not connected. */
export const MAX_ABSENT = 1_000;

export class Reputation {
  readonly host: string;
  /** 40 hex digits. */
  readonly peerId: string;
  /** Where it listens; 0: not known. */
  port: number;
  /** Pieces that passed and in which it had a part. */
  passed = 0;
  /** Failed pieces in which it had a part, as long as nobody knows who spoilt them. */
  unsettled = 0;
  /** It comes from among banned peers and has not delivered a whole piece yet. */
  onParole: boolean;

  constructor(host: string, port: number, peerId: string, standing: Standing) {
    this.host = host;
    this.port = port;
    this.peerId = peerId;
    this.onParole = standing === 'suspect';
  }

  /** Over 0: it gets one piece at a time and shares none with others, so that what it does to one shows. */
  get suspicion(): number {
    return this.unsettled + (this.onParole ? 1 : 0);
  }

  /** One point for a piece that passed, minus two for one that failed and is not settled. */
  get trust(): number {
    return Math.min(MOST_PRAISE, this.passed) - FAILURE * this.suspicion;
  }
}

export class Reputations {
  /** Of peers that left, by identity; who left longest ago is first. */
  readonly #absent = new Map<string, Reputation>();

  get size(): number {
    return this.#absent.size;
  }

  /** The record of a peer that connects; `port` 0: where it listens is not known. */
  find(host: string, port: number, peerId: string, standing: Standing): Reputation {
    const key = identityOf(host, peerId);
    const known = this.#absent.get(key);
    if (known === undefined) return new Reputation(host, port, peerId, standing);
    this.#absent.delete(key);
    if (port > 0) known.port = port;
    return known;
  }

  /** The peer left: what is held against it is kept. */
  keep(reputation: Reputation): void {
    if (reputation.suspicion === 0) return;
    const key = identityOf(reputation.host, reputation.peerId);
    this.#absent.delete(key);
    this.#absent.set(key, reputation);
    if (this.#absent.size > MAX_ABSENT) for (const oldest of this.#absent.keys().take(1)) this.#absent.delete(oldest);
  }
}

/** A global address stands for one host; elsewhere it takes the peer id as well. */
function identityOf(host: string, peerId: string): string {
  return globalAddress(host) === undefined ? `${host}#${peerId}` : host;
}
