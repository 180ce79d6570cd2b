// `shoal show`: what a .torrent file or a magnet link says. Asks nobody.

import { formatEndpoint } from '../../base/endpoint.ts';
import { printable } from '../../base/printable.ts';
import { formatSize } from '../../base/quantity.ts';
import { formatMagnet, parseMagnet } from '../../protocol/magnet.ts';
import type { Metainfo } from '../../protocol/metainfo.ts';
import type { COMMON, CommandRun } from '../command.ts';
import type { Output } from '../output.ts';
import { drawTable } from '../render/table.ts';
import { pad } from '../render/width.ts';
import { readTorrentFile } from '../torrent-source.ts';

export const run: CommandRun<(typeof COMMON)[number]> = async ({ output }, _settings, [source]) => {
  if (/^magnet:/i.test(source!)) showMagnet(output, source!);
  else showMetainfo(output, await readTorrentFile(source!));
};

function showMagnet(output: Output, uri: string): void {
  const magnet = parseMagnet(uri);
  const peers = magnet.peers.map(formatEndpoint);
  const { infoHash, name, trackers, length, selectOnly } = magnet;
  output.event('result', { infoHash, name, trackers, peers, size: length, files: selectOnly });
  field(output, 'info-hash', infoHash);
  if (name !== undefined) field(output, 'name', name);
  if (length !== undefined) field(output, 'size', `${formatSize(length)} (says the link)`);
  if (selectOnly !== undefined) field(output, 'only files', selectOnly);
  for (const url of trackers) field(output, 'tracker', url);
  for (const peer of peers) field(output, 'peer', peer);
}

function showMetainfo(output: Output, metainfo: Metainfo): void {
  const { infoHash, name, size, pieceLength, pieceCount, announce, comment, createdBy, creationDate } = metainfo;
  const trackers = announce.flat();
  const magnet = formatMagnet({ infoHash, name, trackers });
  const files = metainfo.files.flatMap((file, index) => (file.pad ? [] : [{ ...file, index }]));
  output.event('result', {
    name,
    infoHash,
    size,
    pieceLength,
    pieces: pieceCount,
    files: files.length,
    private: metainfo.private,
    trackers: announce,
    magnet,
    comment,
    createdBy,
    creationDate,
    warnings: metainfo.warnings,
  });
  field(output, 'name', name);
  field(output, 'info-hash', infoHash);
  field(output, 'size', `${formatSize(size)} (${size} bytes)`);
  field(output, 'pieces', `${pieceCount} of ${formatSize(pieceLength)}`);
  if (metainfo.private) field(output, 'private', 'yes: peers from its trackers only');
  for (const [tier, urls] of announce.entries()) field(output, `tracker ${tier + 1}`, urls.join(' '));
  if (createdBy !== undefined) field(output, 'created by', createdBy);
  if (creationDate !== undefined) field(output, 'created', new Date(creationDate * 1000).toISOString());
  if (comment !== undefined) field(output, 'comment', comment);
  if (metainfo.warnings.length > 0) field(output, 'accepted', metainfo.warnings.join(', '));
  field(output, 'magnet', magnet);
  output.result('');
  const rows = files.map((file) => {
    const path = (metainfo.singleFile ? file.path : [name, ...file.path]).join('/');
    output.event('file', { index: file.index, path, size: file.length });
    return [String(file.index), printable(path), formatSize(file.length)];
  });
  const columns = [
    { title: 'NO', align: 'right' },
    { title: 'FILE', shrinks: true },
    { title: 'SIZE', align: 'right' },
  ] as const;
  for (const line of drawTable(columns, rows, output.columns)) output.result(line);
}

function field(output: Output, name: string, value: string): void {
  output.result(`${pad(name, 11)} ${printable(value)}`);
}
