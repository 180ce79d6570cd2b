// What the tracker has not been told yet about the pieces of our torrents, cut into heartbeats of bounded size: whole
// bitfields first, then only what came since. Sends nothing.

import { MAX_RANGES, MAX_REPORTS } from '../../api/session-limits.ts';
import type { TorrentReport } from '../../api/session-schemas.ts';
import type { Bitfield } from '../../base/bitfield.ts';

/** A torrent whose pieces are reported. */
export interface Reported {
  readonly have: () => Bitfield | undefined;
  /** What the tracker knows; undefined: nothing. */
  told: Bitfield | undefined;
  /** The tracker wants to hear of it even if there is nothing to say. */
  asked: boolean;
  /** The tracker takes no reports of it. */
  refused: boolean;
}

export interface ReportBatch {
  reports: TorrentReport[];
  /** There is no more to come. */
  last: boolean;
  /** To be called when the tracker has taken them. */
  taken(): void;
}

/** Characters of base64 and ranges in one heartbeat; the tracker takes bodies of up to 1 MiB. */
const MAX_BATCH = 512 * 1024;
/** JSON around one report. */
const OVERHEAD = 80;

/** As much as fits into one heartbeat of what is not told yet, taken from `torrents` as far as it goes. */
export function nextBatch(torrents: Iterator<readonly [infoHash: string, torrent: Reported]>): ReportBatch {
  const reports: TorrentReport[] = [];
  const told: (() => void)[] = [];
  let last = false;
  for (let size = 0; reports.length < MAX_REPORTS && size < MAX_BATCH; ) {
    const next = torrents.next();
    last = next.done === true;
    if (next.done === true) break;
    const [infoHash, torrent] = next.value;
    const have = torrent.refused ? undefined : torrent.have();
    if (have === undefined) continue;
    const report = describe(infoHash, torrent, have);
    if (report === undefined) continue;
    reports.push(report);
    size += OVERHEAD + (report.pieces?.length ?? 0) + 16 * (report.added?.length ?? 0);
    const snapshot = have.clone();
    told.push(() => {
      torrent.told = snapshot;
      torrent.asked = false;
    });
  }
  return {
    reports,
    last,
    taken: () => {
      for (const note of told) note();
    },
  };
}

function describe(infoHash: string, torrent: Reported, have: Bitfield): TorrentReport | undefined {
  const { told, asked } = torrent;
  const whole = (): TorrentReport => ({ infoHash, pieces: Buffer.from(have.bytes).toString('base64') });
  // The announce of a seed says it all.
  if (told === undefined) return have.complete && !asked ? undefined : whole();
  const added = rangesSince(told, have);
  if (added === undefined || 16 * added.length > (have.bytes.length * 4) / 3) return whole();
  return added.length === 0 ? undefined : { infoHash, added };
}

/** What `now` has more than `before`, as ranges with both ends included; undefined when it has lost something or there are too many. */
function rangesSince(before: Bitfield, now: Bitfield): [number, number][] | undefined {
  const ranges: [number, number][] = [];
  if (before.size !== now.size) return undefined;
  for (let i = 0; i < now.bytes.length; i++) {
    const old = before.bytes[i]!;
    const current = now.bytes[i]!;
    if ((old & ~current) !== 0) return undefined;
    if (old === current) continue;
    for (let bit = 0; bit < 8; bit++) {
      if ((current & ~old & (128 >> bit)) === 0) continue;
      const piece = 8 * i + bit;
      const last = ranges[ranges.length - 1];
      if (last !== undefined && last[1] === piece - 1) last[1] = piece;
      else if (ranges.length === MAX_RANGES) return undefined;
      else ranges.push([piece, piece]);
    }
  }
  return ranges;
}
