// A time limit for the body of a request, for servers whose own limit is off because some bodies may take any time.

import type { IncomingMessage } from 'node:http';

/** Cuts the connection when the body is not whole after so many milliseconds. */
export function boundBody(request: IncomingMessage, milliseconds: number): void {
  const { headers } = request;
  if (headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0') return;
  const { socket } = request;
  const timer = setTimeout(() => socket.destroy(), milliseconds);
  const clear = (): void => {
    clearTimeout(timer);
    request.off('end', clear);
    request.off('close', clear);
    socket.off('close', clear);
  };
  request.once('end', clear);
  request.once('close', clear);
  // A request that was answered before its body was read tells nothing any more when its connection goes.
  socket.once('close', clear);
}
