// `shoal where`: who holds which pieces of a name, and which pieces are rarest.

import { printable } from '../../base/printable.ts';
import { type NameHolders, whereName } from '../../engine/catalog-where.ts';
import { catalogAccess } from '../catalog-access.ts';
import type { COMMON, CommandRun } from '../command.ts';
import { formatSize } from '../render/quantity.ts';
import { describeRarest, describeSwarm, drawPeers, sortRows, toRow } from '../render/where-view.ts';

export const run: CommandRun<'tracker' | 'state' | (typeof COMMON)[number]> = async (context, settings, [name]) => {
  const { output, environment } = context;
  const { trackers, pins } = catalogAccess(settings, environment);
  const found = await whereName({ trackers, pins, name: name!.normalize('NFC') });
  for (const warning of found.warnings) output.warn(warning);
  const { entry, peers, availability } = found;
  const { pieceCount } = peers;
  const rows = sortRows(peers.swarm.map((peer) => toRow(peer, pieceCount, entry.size)));
  for (const row of rows) output.event('peer', { name: entry.name, ...row, pieceCount });
  const { seeds, completed, infoHash } = peers;
  const { rarest, min, missing } = availability;
  output.event('result', {
    name: entry.name,
    infoHash,
    size: entry.size,
    pieceCount,
    seeds,
    peers: peers.peers,
    completed,
    copiesOfRarest: min,
    missing,
    rarest,
  });
  for (const line of drawHolders(found, output.columns, output.unicode)) output.result(line);
};

/** All of it in lines. */
export function drawHolders({ entry, peers, availability }: NameHolders, columns: number, unicode: boolean): string[] {
  const { pieceCount } = peers;
  const rows = sortRows(peers.swarm.map((peer) => toRow(peer, pieceCount, entry.size)));
  return [
    `${printable(entry.name)}  ${formatSize(entry.size)}  ${pieceCount} pieces  ${describeSwarm(peers)}`,
    ...(rows.length === 0 ? [] : drawPeers(rows, pieceCount, columns, unicode)),
    describeRarest(availability),
  ];
}
