// Which files the torrents of this process write to, so that no two have the same one: each would take the other's bytes
// for its own. Touches no disk; what other processes do is found by looking at the files.

import { ShoalError } from '../../base/errors.ts';
import type { Layout } from './layout.ts';

interface Claim {
  infoHash: string;
  name: string;
  layout: Layout;
}

/** By root. More than one where folders of the same name hold different files. */
const claims = new Map<string, Set<Claim>>();

/**
 * Holds the files of a torrent until the returned function is called. A torrent never stands in its own way. Throws
 * ERR_DESTINATION naming the torrent that has one of them.
 */
export function claimFiles({ infoHash, name }: { infoHash: string; name: string }, layout: Layout): () => void {
  const claim: Claim = { infoHash, name, layout };
  const present = claims.get(layout.root) ?? new Set();
  for (const other of present) {
    if (other.infoHash === infoHash) continue;
    const path = findShared(other.layout, layout);
    if (path !== undefined)
      throw new ShoalError(
        'ERR_DESTINATION',
        `${path} belongs to another torrent that runs, "${other.name}" (${other.infoHash}); choose another place with -o`,
        { reason: 'in_use' },
      );
  }
  present.add(claim);
  claims.set(layout.root, present);
  return () => {
    present.delete(claim);
    if (present.size === 0 && claims.get(layout.root) === present) claims.delete(layout.root);
  };
}

function findShared(a: Layout, b: Layout): string | undefined {
  const paths = new Set(a.files.map(({ path }) => path));
  return b.files.find(({ pad, path }) => !pad && paths.has(path))?.path;
}
