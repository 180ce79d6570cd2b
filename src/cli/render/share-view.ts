// How shares show who takes what: a table on a terminal, lines in a log, fields of JSON events. Reads snapshots only.

import { printable } from '../../base/printable.ts';
import { formatPercent, formatRate, formatSize } from '../../base/quantity.ts';
import type { PeerStatus } from '../../engine/types.ts';
import type { ProgressView } from '../output.ts';
import type { FollowedTorrent } from '../torrent-host.ts';
import { countOf } from './download-view.ts';
import { drawTable } from './table.ts';

/** So many peers have a line of their own; the rest is counted. */
const SHOWN = 12;

export interface Share {
  readonly name: string;
  readonly torrent: FollowedTorrent;
}

export class ShareView implements ProgressView {
  readonly #shares: readonly Share[];
  readonly #told = new Map<Share, string>();

  constructor(shares: readonly Share[]) {
    this.#shares = shares;
  }

  lines(columns: number): string[] {
    const lines: string[] = [];
    for (const { name, torrent } of this.#shares) {
      const { uploaded, size, state } = torrent.status;
      const takers = takersOf(torrent);
      const doing = state === 'seeding' ? `↑ ${formatRate(rateOf(takers))}` : state;
      lines.push(
        `${printable(name)}  ${formatSize(size)}  ${doing}  ${formatSize(uploaded)} sent  ${countOf(takers.length, 'peer')}`,
      );
      if (takers.length === 0) continue;
      const rows = takers.slice(0, SHOWN).map((peer) => takerRow(peer, torrent));
      const table = drawTable(COLUMNS, rows, columns - 3).map((line) => `  ${line}`);
      lines.push(...table);
      if (takers.length > SHOWN) lines.push(`  and ${countOf(takers.length - SHOWN, 'more peer')}`);
    }
    return lines;
  }

  /** Only what somebody takes now. */
  plain(): string {
    const busy = this.#shares.filter(({ torrent }) => torrent.peers.some(({ up }) => up > 0));
    return busy.map((share) => describe(share)).join('; ');
  }

  /** One event for each share in which something has changed. */
  events(): Record<string, unknown>[] {
    const events: Record<string, unknown>[] = [];
    for (const share of this.#shares) {
      const { torrent } = share;
      const { uploaded, peers, infoHash } = torrent.status;
      const present = takersOf(torrent);
      const takers = present.map((peer) => ({
        address: peer.address,
        client: peer.client,
        share: shareOf(peer, torrent),
        up: Math.round(peer.up),
        uploaded: peer.uploaded,
      }));
      const fields = { name: share.name, infoHash, uploaded, up: Math.round(rateOf(present)), peers, takers };
      const text = JSON.stringify(fields);
      if (this.#told.get(share) === text) continue;
      this.#told.set(share, text);
      events.push(fields);
    }
    return events;
  }
}

const COLUMNS = [
  { title: 'PEER' },
  { title: 'CLIENT', shrinks: true },
  { title: 'HAS', align: 'right' as const },
  { title: 'RATE', align: 'right' as const },
  { title: 'TOOK', align: 'right' as const },
];

function takersOf(torrent: FollowedTorrent): PeerStatus[] {
  return torrent.peers.sort((a, b) => b.up - a.up || b.uploaded - a.uploaded);
}

function rateOf(peers: readonly PeerStatus[]): number {
  return peers.reduce((sum, peer) => sum + peer.up, 0);
}

/** 0 to 1. Peers need not tell a seed what they have got, so what it gave them counts too. */
function shareOf(peer: PeerStatus, { status }: FollowedTorrent): number {
  const told = status.pieceCount === 0 ? 0 : peer.pieces / status.pieceCount;
  return Math.min(1, Math.max(told, status.size === 0 ? 0 : peer.uploaded / status.size));
}

function takerRow(peer: PeerStatus, torrent: FollowedTorrent): string[] {
  const has = formatPercent(shareOf(peer, torrent), 1);
  return [printable(peer.address), printable(peer.client), has, formatRate(peer.up), formatSize(peer.uploaded)];
}

function describe({ name, torrent }: Share): string {
  const { uploaded } = torrent.status;
  const takers = takersOf(torrent).filter((peer) => peer.up > 0);
  const who = takers
    .slice(0, SHOWN)
    .map((peer) => `${printable(peer.address)} ${formatPercent(shareOf(peer, torrent), 1)} ${formatRate(peer.up)}`);
  return `${printable(name)}: ${formatRate(rateOf(takers))} to ${countOf(takers.length, 'peer')} (${who.join(', ')}), ${formatSize(uploaded)} sent`;
}
