// Who gave how much of what was verified, by the address where the peer listens, for the summary at the end.

import { formatEndpoint } from '../base/endpoint.ts';
import type { Share } from '../swarm/commands.ts';
import type { Peer } from '../swarm/peer.ts';

/** The address under which others know the peer. */
export function addressOf(peer: Peer): string {
  return formatEndpoint(peer.listens ?? peer.info.endpoint);
}

export function describeShares(shares: readonly Share[]): { address: string; bytes: number }[] {
  return shares.map((share) => ({ address: addressOf(share.peer), bytes: share.bytes }));
}

export class Contributions {
  #byAddress: Map<string, { client: string; bytes: number }> | undefined;

  add(shares: readonly Share[]): void {
    this.#byAddress ??= new Map();
    for (const { peer, bytes } of shares) {
      const address = addressOf(peer);
      const known = this.#byAddress.get(address);
      if (known === undefined) this.#byAddress.set(address, { client: peer.client, bytes });
      else {
        known.bytes += bytes;
        known.client = peer.client;
      }
    }
  }

  /** Largest first. */
  list(): { address: string; client: string; bytes: number }[] {
    return [...(this.#byAddress ?? [])]
      .map(([address, { client, bytes }]) => ({ address, client, bytes }))
      .sort((a, b) => b.bytes - a.bytes);
  }
}
