// How the daemon's torrents are told: a table, or an event for each. Everything in it may come from others and is escaped.

import type { FilesReply, TorrentRow } from '../../api/daemon-schemas.ts';
import { printable } from '../../base/printable.ts';
import { formatDuration, formatPercent, formatRate, formatSize } from '../../base/quantity.ts';
import type { PeerStatus } from '../../engine/types.ts';
import type { Output } from '../output.ts';
import { drawTable } from './table.ts';

const COLUMNS = [
  { title: 'NAME', shrinks: true },
  { title: 'STATE' },
  { title: 'HAVE', align: 'right' as const },
  { title: 'SIZE', align: 'right' as const, optional: true },
  { title: 'DOWN', align: 'right' as const, optional: true },
  { title: 'UP', align: 'right' as const, optional: true },
  { title: 'LEFT', align: 'right' as const, optional: true },
  { title: 'PEERS', align: 'right' as const, optional: true },
  { title: 'RATIO', align: 'right' as const, optional: true },
  { title: 'LABELS', optional: true },
];

export function tellTorrents(output: Output, rows: readonly TorrentRow[]): void {
  for (const row of rows) output.event('torrent', { ...row });
  if (rows.length === 0) {
    output.say('The daemon has no torrents; shoal add puts one in.');
    return;
  }
  for (const line of drawTable(COLUMNS, rows.map(describeTorrent), output.columns)) output.result(line);
  for (const { name, error, waiting } of rows) {
    const trouble = error ?? waiting;
    if (trouble !== null) output.result(`${printable(name)}: ${output.paint(printable(trouble.message), 'yellow')}`);
  }
}

function describeTorrent(row: TorrentRow): string[] {
  const { name, state, size, have, wanted, down, up, peers, uploaded, labels, checked } = row;
  return [
    printable(name),
    state === 'checking' ? `checking ${formatPercent(checked, 1)}` : state,
    size === 0 ? '' : formatPercent(have, wanted),
    size === 0 ? '' : wanted === size ? formatSize(size) : `${formatSize(wanted)} of ${formatSize(size)}`,
    down === 0 ? '' : formatRate(down),
    up === 0 ? '' : formatRate(up),
    state === 'downloading' && down > 0 ? formatDuration((wanted - have) / down) : '',
    String(peers),
    size === 0 ? '' : (uploaded / size).toFixed(2),
    labels.map(printable).join(', '),
  ];
}

const FILE_COLUMNS = [
  { title: 'NO', align: 'right' as const },
  { title: 'FILE', shrinks: true },
  { title: 'SIZE', align: 'right' as const },
  { title: 'HAVE', align: 'right' as const },
  { title: 'PRIORITY' },
];

type Which = Pick<TorrentRow, 'infoHash'>;

export function tellFiles(output: Output, { infoHash }: Which, { files }: FilesReply): void {
  for (const file of files) output.event('file', { infoHash, ...file });
  if (files.length === 0) output.say('Its files are not known yet.');
  const rows = files.map(({ index, path, size, have, priority }) => [
    String(index),
    printable(path),
    formatSize(size),
    formatPercent(have, size),
    priority,
  ]);
  if (rows.length > 0) for (const line of drawTable(FILE_COLUMNS, rows, output.columns)) output.result(line);
}

const PEER_COLUMNS = [
  { title: 'ADDRESS' },
  { title: 'CLIENT', shrinks: true },
  { title: 'HAS', align: 'right' as const },
  { title: 'DOWN', align: 'right' as const },
  { title: 'UP', align: 'right' as const, optional: true },
  { title: 'GAVE', align: 'right' as const, optional: true },
  { title: 'GOT', align: 'right' as const, optional: true },
];

export function tellPeers(
  output: Output,
  { infoHash }: Which,
  { peers, pieceCount }: { peers: PeerStatus[]; pieceCount: number },
): void {
  for (const peer of peers) output.event('peer', { infoHash, ...peer });
  if (peers.length === 0) output.say('It is connected to nobody.');
  const rows = peers.map(({ address, client, pieces, down, up, downloaded, uploaded }) => [
    printable(address),
    printable(client),
    pieceCount === 0 ? '' : formatPercent(pieces, pieceCount),
    formatRate(down),
    formatRate(up),
    formatSize(downloaded),
    formatSize(uploaded),
  ]);
  if (rows.length > 0) for (const line of drawTable(PEER_COLUMNS, rows, output.columns)) output.result(line);
}
