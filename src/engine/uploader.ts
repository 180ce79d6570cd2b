// Serves one peer's requests: pull the next stretch from the swarm, read it from disk straight between the message headers
// of a frame, send the frame as one write. One read and about one frame in the socket at a time, so a peer that does not
// read holds no memory.

import type { ShoalError } from '../base/errors.ts';
import type { Swarm } from '../swarm/swarm.ts';
import type { Connection } from './connection.ts';
import type { FramePool } from './frame-pool.ts';
import type { Throttle } from './throttle.ts';

/** No new read while more than this waits in the socket. */
const SOCKET_BACKLOG = 1024 * 1024;

export interface UploadSource {
  read(piece: number, begin: number, buffers: Uint8Array[], done: (error?: ShoalError) => void): void;
}

export interface UploadContext {
  readonly swarm: Swarm;
  readonly frames: FramePool;
  readonly up: Throttle;
  readonly clock: () => number;
  source(): UploadSource | undefined;
  /** The data could not be read. */
  failed(piece: number, error: ShoalError): void;
  settle(): void;
}

export function serveUploads(connection: Connection, context: UploadContext): void {
  const { peer } = connection;
  const source = context.source();
  if (peer === undefined || source === undefined || connection.closed) return;
  if (connection.reading || connection.waiting || connection.socket.buffered > SOCKET_BACKLOG) return;
  const allowed = context.up.frameBytes();
  if (allowed === 0) {
    connection.waiting = true;
    context.up.wait(() => {
      connection.waiting = false;
      serveUploads(connection, context);
    });
    return;
  }
  const run = context.swarm.nextUpload(peer, allowed);
  if (run === undefined) return;
  context.up.take(run.bytes);
  const frame = context.frames.take();
  connection.reading = true;
  source.read(run.piece, run.begin, frame.lay(run), (error) => {
    connection.reading = false;
    if (error !== undefined || connection.closed) {
      context.frames.give(frame);
      context.up.take(-run.bytes);
      if (error === undefined) return;
      context.swarm.uploadFailed(peer, run);
      context.failed(run.piece, error);
      context.settle();
      // The next request may be for another file.
      serveUploads(connection, context);
      return;
    }
    connection.socket.write(frame.bytes(run), () => {
      context.frames.give(frame);
      serveUploads(connection, context);
    });
    context.swarm.uploadSent(peer, run.bytes, context.clock());
    serveUploads(connection, context);
  });
}
