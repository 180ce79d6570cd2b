// Under which address one peer of a swarm is handed to another. Only the address seen on a socket ever enters here; what
// an announce claims about itself is never used. Must never hand out an address the asker cannot mean the same host by.

import { type AddressClass, classifyAddress } from '../base/endpoint.ts';

/** A connection as the tracker sees it. Addresses are 4 or 16 bytes; IPv4-mapped ones are taken as IPv4. */
export interface Source {
  readonly address: Uint8Array;
  /** The tracker's own address on this connection: that by which the asker reached it. */
  readonly reachedAs?: Uint8Array | undefined;
}

/** An asker, made ready for many questions. */
export interface Asker {
  readonly address: Uint8Array;
  readonly scope: AddressClass;
  /** What stands for this host's loopback when told to this asker; undefined when nothing can. */
  readonly hostAddress: Uint8Array | undefined;
}

/** An IPv4-mapped IPv6 address (RFC 4291 2.5.5.2) as its 4 bytes; any other as it is. */
export function unmapAddress(address: Uint8Array): Uint8Array {
  if (address.length !== 16 || address[10] !== 255 || address[11] !== 255) return address;
  for (let i = 0; i < 10; i++) if (address[i] !== 0) return address;
  return address.subarray(12);
}

/**
 * `publicAddresses` are those of the tracker's public URL, if it has one. They stand for the tracker's host before the
 * address the asker reached, which behind a port forwarding is one that only the tracker's own network knows. One of the
 * asker's own family is preferred: the other may be out of its reach.
 */
export function describeAsker(source: Source, publicAddresses: readonly Uint8Array[]): Asker {
  const address = unmapAddress(source.address);
  const scope = classifyAddress(address);
  const candidates = publicAddresses.filter((candidate) => candidate.length === address.length);
  candidates.push(...publicAddresses.filter((candidate) => candidate.length !== address.length));
  if (source.reachedAs !== undefined) candidates.push(unmapAddress(source.reachedAs));
  const hostAddress = candidates.find((candidate) => isReachable(classifyAddress(candidate), scope, candidate.length));
  return { address, scope, hostAddress };
}

/**
 * The address under which `peer` is told to `asker`, or undefined when it must not be told at all:
 * - on loopback of the tracker's host: to an asker on that host as it is, to others as that host;
 * - link-local: to askers on link-local, which share the link, and if IPv4 to those on the tracker's host (an IPv6 one
 *   needs a zone, for which a compact reply has no room);
 * - private: to everyone but public askers, for whom it would be somebody else's host;
 * - public: to everyone.
 */
export function addressFor(peer: Uint8Array, scope: AddressClass, asker: Asker): Uint8Array | undefined {
  if (scope === 'loopback' && asker.scope !== 'loopback') return asker.hostAddress;
  return isReachable(scope, asker.scope, peer.length) ? peer : undefined;
}

function isReachable(peer: AddressClass, asker: AddressClass, length: number): boolean {
  switch (peer) {
    case 'global':
      return true;
    case 'private':
      return asker !== 'global';
    case 'link-local':
      return asker === 'link-local' || (asker === 'loopback' && length === 4);
    case 'loopback':
      return asker === 'loopback';
    case 'unspecified':
    case 'multicast':
      return false;
  }
}
