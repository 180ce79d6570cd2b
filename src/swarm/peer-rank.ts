// Canonical peer priority (BEP 40): both ends of a connection compute the same number for it, so that swarms whose peers
// keep their highest connections stay connected, and nobody can choose the number. Pure arithmetic.

import { crc32c } from '../base/crc32c.ts';
import { classifyAddress, type Endpoint, formatAddress, parseAddress } from '../base/endpoint.ts';

/** Bytes of an address that always count whole. */
const WHOLE_V4 = 2;
const WHOLE_V6 = 6;
const PARTLY = 0x55;

/**
 * The rank of a connection between two endpoints, higher is better. Addresses of one kind, 4 or 16 bytes; of addresses that
 * differ early only every other bit of the later bytes counts, so that a whole subnet has few ranks to try.
 */
export function rankAddresses(a: Uint8Array, portA: number, b: Uint8Array, portB: number): number {
  let common = 0;
  while (common < a.length && a[common] === b[common]) common++;
  if (common === a.length) {
    const [low, high] = portA < portB ? [portA, portB] : [portB, portA];
    return crc32c(Uint8Array.of(low >> 8, low & 255, high >> 8, high & 255));
  }
  const whole = Math.max(a.length === 4 ? WHOLE_V4 : WHOLE_V6, common + 1);
  const [first, second] = a[common]! < b[common]! ? [a, b] : [b, a];
  const bytes = new Uint8Array(2 * a.length);
  for (let i = 0; i < a.length; i++) {
    const mask = i < whole ? 0xff : PARTLY;
    bytes[i] = first[i]! & mask;
    bytes[a.length + i] = second[i]! & mask;
  }
  return crc32c(bytes);
}

/** Voices that count; the newest. */
const MAX_VOICES = 32;

/** What others say our address is: most voices count. */
export class OwnAddress {
  /** What each address says, the one that spoke longest ago first. */
  readonly #voices = new Map<string, Uint8Array>();
  /** By length and class, what they agree on. */
  readonly #agreed = new Map<string, Uint8Array>();

  /**
   * `from` says that it sees us at `address`; one voice each. True when that changes what is agreed on. Who is on the
   * internet sees none but global addresses of ours.
   */
  told(from: string, address: Uint8Array): boolean {
    const speaker = parseAddress(from);
    if (speaker === undefined || isGlobal(speaker) !== isGlobal(address)) return false;
    this.#voices.delete(from);
    this.#voices.set(from, address);
    if (this.#voices.size > MAX_VOICES) for (const oldest of this.#voices.keys().take(1)) this.#voices.delete(oldest);
    const kind = kindOf(address);
    const before = this.#agreed.get(kind);
    const after = this.#count(kind);
    this.#agreed.set(kind, after);
    return before === undefined || !equal(before, after);
  }

  /** The one most voices name; among equals the one that was named first. */
  #count(kind: string): Uint8Array {
    const counts = new Map<string, number>();
    let best = new Uint8Array(0);
    let most = 0;
    for (const address of this.#voices.values()) {
      if (kindOf(address) !== kind) continue;
      const text = formatAddress(address);
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    for (const address of this.#voices.values()) {
      const count = kindOf(address) === kind ? counts.get(formatAddress(address))! : 0;
      if (count <= most) continue;
      most = count;
      best = new Uint8Array(address);
    }
    return best;
  }

  /** Our address as `remote` sees it, as far as is known; zeros as long as nobody like it has said anything. */
  seenBy(remote: Uint8Array): Uint8Array {
    return this.#agreed.get(kindOf(remote)) ?? new Uint8Array(remote.length);
  }

  /** The rank of a connection between us, listening at `port`, and `remote`; 0 when that is no address. */
  rank(port: number, remote: Endpoint): number {
    const theirs = parseAddress(remote.host);
    return theirs === undefined ? 0 : rankAddresses(this.seenBy(theirs), port, theirs, remote.port);
  }
}

function isGlobal(address: Uint8Array): boolean {
  return classifyAddress(address) === 'global';
}

function kindOf(address: Uint8Array): string {
  return `${address.length} ${isGlobal(address)}`;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
