// What a peer has, as cells of a strip. Pure.

import { FULL } from '../../src/api/strip-cells.ts';

/** All of a group. */
const ALL = 255;

/** `have`: of each group of pieces the share that the peer has, as the picture of the swarm tells it: 0 nothing, 255 all. */
export function peerCells(have: readonly number[]): Uint8Array {
  return Uint8Array.from(have, (share) => {
    const level =
      share === ALL ? FULL : share === 0 ? 0 : Math.min(FULL - 1, Math.max(1, Math.round((share * FULL) / ALL)));
    return level << 2;
  });
}
