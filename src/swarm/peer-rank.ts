// Canonical peer priority (BEP 40): both ends of a connection compute the same number for it, so that swarms whose peers
// keep their highest connections stay connected, and nobody can choose the number. Pure arithmetic.

import { crc32c } from '../base/crc32c.ts';
import { type Endpoint, parseAddress } from '../base/endpoint.ts';

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

/** What others say our address is: most voices count. */
export class OwnAddress {
  /** Address as text by who said it. */
  readonly #voices = new Map<string, string>();
  readonly #addresses = new Map<string, Uint8Array>();

  /** `from` says that it sees us at `address`. One voice each, and not endlessly many. */
  told(from: string, address: Uint8Array): void {
    if (this.#voices.size >= MAX_VOICES && !this.#voices.has(from)) return;
    const text = address.join('.');
    this.#voices.set(from, text);
    this.#addresses.set(text, address);
    if (this.#addresses.size > MAX_VOICES) this.#addresses.delete(this.#addresses.keys().next().value!);
  }

  /** Our address of 4 or 16 bytes as far as is known; zeros as long as nobody has said anything. */
  ofLength(length: number): Uint8Array {
    const counts = new Map<string, number>();
    let best: Uint8Array | undefined;
    let most = 0;
    for (const text of this.#voices.values()) {
      const address = this.#addresses.get(text);
      if (address?.length !== length) continue;
      const count = (counts.get(text) ?? 0) + 1;
      counts.set(text, count);
      if (count <= most) continue;
      most = count;
      best = address;
    }
    return best ?? new Uint8Array(length);
  }

  /** The rank of a connection between us, listening at `port`, and `remote`; 0 when that is no address. */
  rank(port: number, remote: Endpoint): number {
    const theirs = parseAddress(remote.host);
    return theirs === undefined ? 0 : rankAddresses(this.ofLength(theirs.length), port, theirs, remote.port);
  }
}

const MAX_VOICES = 32;
