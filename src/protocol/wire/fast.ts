// The allowed-fast set of BEP 6: the pieces a peer may have while choked, the same for everybody behind one IPv4 /24
// (or IPv6 /64), so that reconnecting gains nothing.

import { concatBytes, fromHex } from '../../base/bytes.ts';
import type { Sha1 } from '../../base/ports.ts';
import { readUint32 } from './messages.ts';

/** Pieces that are granted, as other clients do: enough to have something to give, too few to live on. */
export const ALLOWED_FAST_COUNT = 5;

/**
 * Piece indices in the order of BEP 6. `address` is 4 or 16 bytes (the BEP speaks of IPv4 only; of IPv6 the first 8
 * bytes count), `infoHash` 40 hex digits. At most `pieceCount` indices come back.
 */
export function allowedFastSet(
  infoHash: string,
  address: Uint8Array,
  pieceCount: number,
  sha1: Sha1,
  count: number = ALLOWED_FAST_COUNT,
): number[] {
  const wanted = Math.min(count, pieceCount);
  const masked = address.slice();
  masked.fill(0, address.length === 4 ? 3 : 8);
  let digest = concatBytes([masked, fromHex(infoHash)!]);
  const pieces: number[] = [];
  while (pieces.length < wanted) {
    digest = sha1(digest);
    for (let i = 0; i < 5 && pieces.length < wanted; i++) {
      const piece = readUint32(digest, 4 * i) % pieceCount;
      if (!pieces.includes(piece)) pieces.push(piece);
    }
  }
  return pieces;
}
