// Which peers of a swarm an announce is answered with: a random draw of those the asker can use and reach, under the
// addresses by which it reaches them. Never the asker itself, and no host and port twice.

import type { Random } from '../base/ports.ts';
import { encodeLatin1 } from '../base/utf8.ts';
import { leaseEnd, packBytes } from './peer-entry.ts';
import { type Asker, addressFor } from './reachability.ts';
import type { Announcement, AnnounceReply } from './registry-types.ts';
import type { Roster } from './roster.ts';

export function selectPeers(
  roster: Roster,
  request: Announcement,
  asker: Asker,
  now: number,
  random: Random,
): AnnounceReply['peers'] {
  if (request.numwant <= 0) return [];
  const peerId = packBytes(request.peerId);
  // Neither seeds nor partial seeds (BEP 21) have any use for seeds.
  const wantsSeeds = request.left !== 0 && request.event !== 'paused';
  /** Ports told for the tracker's own host: its loopback has more than one address. */
  let hostPorts: Set<number> | undefined;
  return roster.draw(request.numwant, wantsSeeds, random, (peer) => {
    if (leaseEnd(peer) <= now) return undefined;
    const own = encodeLatin1(peer.host);
    const address = addressFor(own, peer.scope, asker);
    if (address === undefined) return undefined;
    // The asker itself, under this or another of its addresses. The peer id alone would not do: anyone can claim it.
    if (peer.port === request.port && peer.peerId === peerId) return undefined;
    if (address !== own) {
      hostPorts ??= new Set();
      if (hostPorts.has(peer.port) || roster.find(packBytes(address), peer.port) !== undefined) return undefined;
      hostPorts.add(peer.port);
    }
    return { address, port: peer.port };
  });
}
