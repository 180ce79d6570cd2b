// Serves one peer's requests: pull the next stretch from the swarm, read it from disk straight between the message headers
// of a frame, send the frame as one write. One read and about one frame in the socket at a time, so a peer that does not
// read holds no memory.

import type { ShoalError } from '../base/errors.ts';
import { BLOCK_LENGTH } from '../base/geometry.ts';
import { UNIT } from '../base/quota.ts';
import { PIECE_HEADER_LENGTH } from '../protocol/wire/messages.ts';
import type { Swarm } from '../swarm/swarm.ts';
import type { UploadRun } from '../swarm/swarm-upload.ts';
import type { Connection } from './connection.ts';
import type { Frame, FramePool } from './frame-pool.ts';
import type { PeerQuota } from './rate-limits.ts';

/** Of a granted byte so much may be payload: the header of each block is paid for too. */
const PAYLOAD_SHARE = BLOCK_LENGTH / UNIT;

export interface UploadSource {
  read(piece: number, begin: number, buffers: Uint8Array[], done: (error?: ShoalError) => void): void;
}

export interface UploadContext {
  readonly swarm: Swarm;
  readonly frames: FramePool;
  readonly clock: () => number;
  source(): UploadSource | undefined;
  /** The data could not be read. */
  failed(piece: number, error: ShoalError): void;
  settle(): void;
}

export function serveUploads(connection: Connection, context: UploadContext): void {
  const { peer, up } = connection;
  if (peer === undefined || up === undefined || context.source() === undefined || connection.closed) return;
  if (connection.reading || connection.waiting || connection.starved) return;
  const length = connection.frameLength;
  // Half a frame may wait in the socket before the next: what is fitted to it takes that into account.
  if (2 * connection.socket.buffered > length) return;
  if (peer.uploads.count === 0) {
    context.swarm.nextUpload(peer, 0);
    return;
  }
  if (!up.limited) {
    const frame = takeFrame(connection, context, length);
    if (frame !== undefined) send(connection, context, frame, context.swarm.nextUpload(peer, length)!, 0);
    return;
  }
  connection.waiting = true;
  up.request(Math.min(length, up.portion()), (granted) => {
    connection.waiting = false;
    serveGranted(connection, context, up, granted);
  });
}

/** Its turn has come: what is sent may be less than was granted, because the peer has asked for less or changed its mind. */
function serveGranted(connection: Connection, context: UploadContext, up: PeerQuota, granted: number): void {
  const ready = context.source() !== undefined && !connection.closed;
  const payload = Math.floor(granted * PAYLOAD_SHARE);
  const frame = ready ? takeFrame(connection, context, payload) : undefined;
  const run = frame === undefined ? undefined : context.swarm.nextUpload(connection.peer!, payload);
  const bytes = run === undefined ? 0 : run.bytes + run.lengths.length * PIECE_HEADER_LENGTH;
  up.charge(bytes - granted);
  if (frame === undefined) return;
  if (run === undefined) context.frames.give(frame);
  else send(connection, context, frame, run, bytes);
}

/** Undefined when others hold all the memory there is for frames: it goes on when one of them gives some back. */
function takeFrame(connection: Connection, context: UploadContext, payload: number): Frame | undefined {
  const frame = context.frames.take(payload);
  if (frame !== undefined) return frame;
  connection.starved = true;
  context.frames.whenGiven(() => {
    connection.starved = false;
    serveUploads(connection, context);
  });
  return undefined;
}

/** `charged`: bytes of the upload limit taken for this run, given back when it cannot be sent. */
function send(connection: Connection, context: UploadContext, frame: Frame, run: UploadRun, charged: number): void {
  const peer = connection.peer!;
  connection.reading = true;
  context.source()!.read(run.piece, run.begin, frame.lay(run), (error) => {
    connection.reading = false;
    // The peer may have been choked while the disk was read: what the socket has not got can still be kept from it.
    const wanted = !connection.closed && context.swarm.maySend(peer, run);
    if (error !== undefined || !wanted) {
      context.frames.give(frame);
      if (charged > 0) connection.up?.charge(-charged);
      if (connection.closed && error === undefined) return;
      context.swarm.uploadFailed(peer, run);
      if (error !== undefined) context.failed(run.piece, error);
      context.settle();
      // The next request may be for another file.
      serveUploads(connection, context);
      return;
    }
    const sentAt = context.clock();
    connection.socket.write(frame.bytes(run), () => {
      context.frames.give(frame);
      connection.frameTaken(run.bytes, context.clock() - sentAt);
      serveUploads(connection, context);
    });
    context.swarm.uploadSent(peer, run.bytes, sentAt);
    serveUploads(connection, context);
  });
}
