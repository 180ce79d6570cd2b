// Who holds what of a name, as several trackers together tell it. Everything here is hearsay of trackers and peers; only
// which torrent is meant is verified.

import type { AvailabilityReply, PeersReply, SwarmPeer } from '../api/session-schemas.ts';
import { Bitfield } from '../base/bitfield.ts';
import { type FindOptions, type FoundEntry, findName } from './catalog.ts';
import { askTrackers, describeFailure, worstFailure } from './catalog-trackers.ts';

export interface NameHolders extends FoundEntry {
  /** Each peer once, whichever trackers know it; seeds first. */
  peers: PeersReply;
  availability: AvailabilityReply;
}

interface Swarm {
  peers: PeersReply;
  availability: AvailabilityReply;
}

const MAX_PEERS = 1000;
const RAREST = 32;

/** @throws ShoalError as `findName`. */
export async function whereName(options: FindOptions): Promise<NameHolders> {
  const found = await findName(options);
  const { infoHash } = found.entry;
  const { answers, failures } = await askTrackers(
    found.foundOn,
    async (client, signal): Promise<Swarm> => {
      const params = { infoHash };
      const [peers, availability] = await Promise.all([
        client.peers({ params, query: { limit: MAX_PEERS }, signal }),
        client.availability({ params, query: { rarest: RAREST }, signal }),
      ]);
      return { peers, availability };
    },
    options,
  );
  if (answers.length === 0) throw worstFailure(failures);
  const swarms = answers.map(({ value }) => value);
  const warnings = [...found.warnings, ...failures.map(describeFailure)];
  return { ...found, warnings, ...mergeSwarms(swarms) };
}

/** Several trackers' views of one swarm as one; of a single one it is the view itself. */
export function mergeSwarms(swarms: readonly Swarm[]): Swarm {
  const largest = swarms.reduce((a, b) => (b.peers.swarm.length > a.peers.swarm.length ? b : a));
  if (swarms.length === 1) return largest;
  const swarm = mergePeers(swarms.map(({ peers }) => peers.swarm));
  const listed = swarms.every(({ peers }) => peers.swarm.length >= Math.min(peers.seeds + peers.peers, MAX_PEERS));
  const pieceCount = Math.max(...swarms.map(({ peers }) => peers.pieceCount));
  const seeds = swarm.filter((peer) => peer.seed).length;
  return {
    peers: {
      infoHash: largest.peers.infoHash,
      pieceCount,
      seeds: listed ? seeds : Math.max(...swarms.map(({ peers }) => peers.seeds)),
      peers: listed ? swarm.length - seeds : Math.max(...swarms.map(({ peers }) => peers.peers)),
      completed: Math.max(...swarms.map(({ peers }) => peers.completed)),
      swarm,
    },
    availability: listed ? countCopies(largest.peers.infoHash, swarm, pieceCount) : largest.availability,
  };
}

/** Peers are the same when they share an address; the one whose tracker knows more of it stands for both. */
function mergePeers(lists: readonly (readonly SwarmPeer[])[]): SwarmPeer[] {
  const merged: SwarmPeer[] = [];
  const byAddress = new Map<string, number>();
  for (const peer of lists.flat()) {
    const known = peer.addresses.map((address) => byAddress.get(address)).find((index) => index !== undefined);
    const index = known ?? merged.length;
    const before = merged[index];
    const better = before === undefined || knowledge(peer) > knowledge(before) ? peer : before;
    const addresses = [...new Set([...(before?.addresses ?? []), ...peer.addresses])];
    merged[index] = { ...better, addresses };
    for (const address of addresses) byAddress.set(address, index);
  }
  return merged.sort((a, b) => Number(b.seed) - Number(a.seed) || (b.have ?? -1) - (a.have ?? -1));
}

/** Seeds before peers that tell their pieces before others; then who has more, since reports only grow. */
function knowledge(peer: SwarmPeer): number {
  return (peer.seed ? 1e15 : 0) + (peer.pieces === undefined ? 0 : 1 + (peer.have ?? 0));
}

function countCopies(infoHash: string, swarm: readonly SwarmPeer[], pieceCount: number): AvailabilityReply {
  const complete = swarm.filter((peer) => peer.seed).length;
  const copies = new Uint32Array(pieceCount).fill(complete);
  let partial = 0;
  let unknown = 0;
  for (const peer of swarm) {
    if (peer.seed) continue;
    const field = peer.pieces === undefined ? undefined : Bitfield.from(Buffer.from(peer.pieces, 'base64'), pieceCount);
    if (field === undefined) {
      unknown++;
      continue;
    }
    partial++;
    for (let piece = 0; piece < pieceCount; piece++) if (field.has(piece)) copies[piece]!++;
  }
  const histogram = new Map<number, number>();
  for (const count of copies) histogram.set(count, (histogram.get(count) ?? 0) + 1);
  const rows = [...histogram].sort(([a], [b]) => a - b).map(([count, pieces]) => ({ copies: count, pieces }));
  const rarest = Array.from(copies, (count, piece) => ({ piece, copies: count }))
    .sort((a, b) => a.copies - b.copies || a.piece - b.piece)
    .slice(0, RAREST);
  return {
    infoHash,
    pieceCount,
    complete,
    partial,
    unknown,
    min: rows[0]?.copies ?? 0,
    missing: histogram.get(0) ?? 0,
    histogram: rows.slice(0, 64),
    rarest,
  };
}
