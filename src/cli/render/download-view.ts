// How a download shows itself: lines on a terminal, one line in a log, fields of a JSON event. Reads snapshots only.

import { printable } from '../../base/printable.ts';
import { formatDuration, formatPercent, formatRate, formatSize } from '../../base/quantity.ts';
import { PIECE } from '../../engine/types.ts';
import type { ProgressView } from '../output.ts';
import type { FollowedTorrent } from '../torrent-host.ts';
import { drawBar, drawStrip } from './strip.ts';
import { fit, pad, width } from './width.ts';

/** From so many columns on there is room for a piece map under the line. */
const WIDE = 100;
const LONGEST_NAME = 32;

export class DownloadView implements ProgressView {
  readonly #find: () => FollowedTorrent | undefined;
  readonly #label: string;
  readonly #unicode: boolean;

  /** `find` gives the torrent once there is one; `label` is what the user called it. */
  constructor(label: string, find: () => FollowedTorrent | undefined, unicode: boolean) {
    this.#label = label;
    this.#find = find;
    this.#unicode = unicode;
  }

  lines(columns: number): string[] {
    const torrent = this.#find();
    if (torrent === undefined) return [`${printable(this.#label)}  looking it up`];
    const { status } = torrent;
    const name = fit(this.#shownName(torrent), Math.min(LONGEST_NAME, Math.floor(columns / 3)));
    if (status.state === 'metadata') return [`${name}  asking ${countOf(status.peers, 'peer')} for the metadata`];
    if (status.state === 'checking')
      return [
        `${name}  checking what is here  ${drawBar(status.checked, 20, this.#unicode)} ${percent(status.checked)}`,
      ];
    const numbers = [
      pad(formatPercent(status.have, status.wanted), 4, 'right'),
      `of ${formatSize(status.wanted)}`,
      pad(`↓ ${formatRate(status.down)}`, 12),
      status.up > 0 ? pad(`↑ ${formatRate(status.up)}`, 12) : '',
      status.diskFull === undefined ? `${timeLeft(torrent)} left` : 'waits: the disk is full',
      `${countOf(status.peers, 'peer')}${status.seeds > 0 ? `, ${countOf(status.seeds, 'seed')}` : ''}`,
    ];
    const rest = numbers.filter((part) => part !== '').join('  ');
    const room = Math.min(24, columns - width(name) - width(rest) - 4);
    const bar =
      columns >= WIDE || room < 6 ? '' : ` ${drawBar(status.have / Math.max(1, status.wanted), room, this.#unicode)}`;
    const line = `${name}${bar} ${rest}`;
    const map = columns >= WIDE ? torrent.pieceMap() : undefined;
    return map === undefined ? [line] : [line, drawStrip(map, columns - 2, this.#unicode)];
  }

  plain(): string {
    const torrent = this.#find();
    if (torrent === undefined) return `${printable(this.#label)}: looking it up`;
    const { status } = torrent;
    const name = this.#shownName(torrent);
    if (status.state === 'metadata') return `${name}: asking ${countOf(status.peers, 'peer')} for the metadata`;
    if (status.state === 'checking') return `${name}: checking what is here, ${percent(status.checked)}`;
    const here = `${name}: ${formatPercent(status.have, status.wanted)} of ${formatSize(status.wanted)}`;
    if (status.diskFull !== undefined) return `${here}, waits: the disk is full`;
    return `${here}, ${formatRate(status.down)}, ${timeLeft(torrent)} left, ${countOf(status.peers, 'peer')}`;
  }

  events(): Record<string, unknown>[] {
    const status = this.#find()?.status;
    if (status === undefined || status.state === 'metadata' || status.state === 'checking') return [];
    const { have, size, wanted, piecesHave, pieceCount, down, up, peers, seeds, downloaded, uploaded, wasted, reused } =
      status;
    const fields = {
      have,
      size,
      wanted,
      pieces: piecesHave,
      pieceCount,
      down: Math.round(down),
      up: Math.round(up),
      peers,
      seeds,
      downloaded,
      uploaded,
      wasted,
      reused,
      ...(status.diskFull === undefined ? {} : { waiting: status.diskFull.code }),
    };
    return [fields];
  }

  /** What the user called it, unless that was only a hash. */
  #shownName({ infoHash, status }: FollowedTorrent): string {
    return printable(this.#label === infoHash ? status.name : this.#label);
  }
}

export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

function percent(share: number): string {
  return `${Math.floor(share * 100)}%`;
}

function timeLeft({ status }: FollowedTorrent): string {
  return formatDuration(status.down > 0 ? (status.wanted - status.have) / status.down : Number.POSITIVE_INFINITY);
}

/** Why nothing arrives, in words that say what could be done about it. */
export function describeStall(torrent: FollowedTorrent): string {
  const { status } = torrent;
  const trackers = torrent.trackers;
  const silent = trackers.filter((tracker) => tracker.failure !== undefined);
  const refusal = silent[0] === undefined ? '' : ` (${silent[0].url}: ${silent[0].failure})`;
  if (status.peers === 0) {
    if (trackers.length === 0) return 'no tracker to ask and no peer found; name one with --tracker or --peer';
    if (silent.length === trackers.length) return `no tracker answers${refusal}, and no peer is known`;
    const known = trackers.reduce((most, tracker) => Math.max(most, (tracker.seeds ?? 0) + (tracker.peers ?? 0)), 0);
    return known <= 1
      ? 'no peer found: nobody shares it now'
      : `the tracker knows ${countOf(known, 'peer')}, but none can be reached`;
  }
  if (status.state === 'metadata') return `${countOf(status.peers, 'peer')} connected, but none has the metadata`;
  const map = torrent.pieceMap();
  const nowhere = map === undefined ? 0 : map.reduce((count, piece) => count + (piece === PIECE.nowhere ? 1 : 0), 0);
  if (nowhere > 0)
    return `${countOf(status.peers, 'peer')} connected, but none has the last ${countOf(nowhere, 'piece')}`;
  const choking = torrent.peers.filter((peer) => peer.chokedByPeer).length;
  if (choking === status.peers) return `${countOf(status.peers, 'peer')} connected, but all of them serve others first`;
  return `${countOf(status.peers, 'peer')} connected, but nothing comes from them`;
}
