// Turns what a user names (a magnet link, the bytes of a .torrent, parsed metadata) into one shape. Reads nothing from
// disk or network.

import { createHash } from 'node:crypto';
import type { Endpoint } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import type { Sha1 } from '../base/ports.ts';
import { parseIndexRanges } from '../protocol/file-selection.ts';
import { parseMagnet } from '../protocol/magnet.ts';
import { type Metainfo, parseMetainfo } from '../protocol/metainfo.ts';
import type { TorrentSource } from './types.ts';

export const sha1: Sha1 = (bytes) => createHash('sha1').update(bytes).digest();

export interface ResolvedSource {
  infoHash: string;
  name: string;
  metainfo: Metainfo | undefined;
  /** The .torrent as it came, to be kept with the resume data. */
  torrent: Uint8Array | undefined;
  /** Tiers (BEP 12). */
  trackers: string[][];
  peers: Endpoint[];
  /** What a link says is to be fetched of it (BEP 53). */
  files?: readonly string[];
}

export function resolveSource(source: TorrentSource): ResolvedSource {
  if (typeof source === 'string') {
    if (!/^magnet:/i.test(source))
      throw new ShoalError(
        'ERR_MAGNET',
        `"${source.slice(0, 60)}" is not a magnet link; pass the bytes of a .torrent file instead`,
      );
    const magnet = parseMagnet(source);
    return {
      infoHash: magnet.infoHash,
      name: magnet.name ?? magnet.infoHash,
      metainfo: undefined,
      torrent: undefined,
      trackers: magnet.trackers.map((url) => [url]),
      peers: magnet.peers,
      ...(parseIndexRanges(magnet.selectOnly ?? '') === undefined ? {} : { files: [magnet.selectOnly!] }),
    };
  }
  const torrent = source instanceof Uint8Array ? source : undefined;
  const metainfo = source instanceof Uint8Array ? parseMetainfo(source, sha1) : source;
  return {
    infoHash: metainfo.infoHash,
    name: metainfo.name,
    metainfo,
    torrent,
    trackers: metainfo.announce,
    peers: [],
  };
}

/** Tiers without repeated trackers and without empty tiers; the order stays. */
export function mergeTiers(...lists: readonly (readonly (readonly string[])[])[]): string[][] {
  const seen = new Set<string>();
  const merged: string[][] = [];
  for (const tiers of lists)
    for (const tier of tiers) {
      const fresh: string[] = [];
      for (const url of tier) {
        if (seen.has(url)) continue;
        seen.add(url);
        fresh.push(url);
      }
      if (fresh.length > 0) merged.push(fresh);
    }
  return merged;
}
