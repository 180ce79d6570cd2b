// Who has what, as a picture: one row a connected peer, one column a group of pieces. Made anew on each question.

import type { Bitfield } from '../base/bitfield.ts';
import type { SwarmState } from '../swarm/swarm-state.ts';
import { addressOf } from './contributions.ts';
import type { SwarmPicture } from './types.ts';

const ALL = 255;

/** `columns`: at most so many. Without metadata there are none. */
export function pictureSwarm({ content, peers }: Readonly<SwarmState>, columns: number): SwarmPicture {
  if (content === undefined) return { pieceCount: 0, pieceGroups: 0, own: [], rows: [], copies: [] };
  const { ledger, availability, geometry } = content;
  const { pieceCount } = geometry;
  const groups = Math.min(columns, pieceCount);
  const edges = Array.from({ length: groups + 1 }, (_, group) => Math.floor((group * pieceCount) / groups));
  const shares = (field: Bitfield | undefined, complete: boolean): number[] =>
    Array.from({ length: groups }, (_, group) => {
      if (complete) return ALL;
      const [from, to] = [edges[group]!, edges[group + 1]!];
      const count = field?.countIn(from, to) ?? 0;
      // Full only when it is, and never empty when it is not.
      return Math.max(Math.sign(count), Math.floor((ALL * count) / (to - from)));
    });
  return {
    pieceCount,
    pieceGroups: groups,
    own: shares(ledger.have, ledger.have.complete),
    rows: [...peers.values()].map((peer) => ({
      address: addressOf(peer),
      client: peer.client,
      outgoing: peer.info.outgoing,
      have: shares(peer.have, peer.isSeed),
    })),
    copies: Array.from({ length: groups }, (_, group) => {
      let fewest = Infinity;
      for (let piece = edges[group]!; piece < edges[group + 1]!; piece++)
        fewest = Math.min(fewest, availability.copies(piece) + (ledger.have.has(piece) ? 1 : 0));
      return fewest;
    }),
  };
}
