// What a disk does with the commands of a swarm, in memory and at once. Only for tests.

import { createHash } from 'node:crypto';
import type { Geometry } from '../../src/base/geometry.ts';
import { digestBlocks } from '../../src/swarm/blame.ts';
import type { Command, SwarmEvent } from '../../src/swarm/commands.ts';

export type DiskCommand = Extract<Command, { type: 'commitPiece' | 'storeExtent' | 'verifyPiece' }>;
export type DiskEvent = Extract<SwarmEvent, { type: 'pieceVerified' | 'pieceFailed' | 'extentStored' }>;

export function isDiskCommand(command: Command): command is DiskCommand {
  return command.type === 'commitPiece' || command.type === 'storeExtent' || command.type === 'verifyPiece';
}

const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest();

/** `disk` gets what is written; a piece passes when its bytes are those of `right`. */
export function carryOut(
  command: DiskCommand,
  geometry: Geometry,
  slab: Uint8Array,
  disk: Uint8Array,
  right: Uint8Array,
): DiskEvent {
  const { piece } = command;
  const start = geometry.pieceOffset(piece);
  if (command.type === 'storeExtent') {
    const { extent, offset } = command;
    for (const { begin, length } of command.runs) {
      const from = offset + begin - extent * geometry.extentLength;
      disk.set(slab.subarray(from, from + length), start + begin);
    }
    return { type: 'extentStored', piece, extent };
  }
  const size = geometry.pieceSize(piece);
  const bytes =
    command.type === 'commitPiece'
      ? slab.subarray(command.offset, command.offset + size)
      : disk.subarray(start, start + size);
  if (Buffer.compare(bytes, right.subarray(start, start + size)) !== 0)
    return { type: 'pieceFailed', piece, digests: digestBlocks(bytes, sha1) };
  if (command.type === 'commitPiece') disk.set(bytes, start);
  return { type: 'pieceVerified', piece, ...(command.digests ? { digests: digestBlocks(bytes, sha1) } : {}) };
}
