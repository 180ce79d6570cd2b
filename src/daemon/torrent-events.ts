// What happens to one torrent as a stream of events, for who follows a download or a share: the engine's own events as
// JSON. A reader that does not read is cut off.

import type { ServerResponse } from 'node:http';
import type { Torrent, TorrentEvent } from '../engine/types.ts';

const MAX_UNREAD = 4 * 1024 * 1024;
const BEAT_EVERY = 15_000;

/** Writes until the torrent has ended or the reader is gone. */
export async function streamTorrentEvents(torrent: Torrent, response: ServerResponse): Promise<void> {
  const events = torrent.events()[Symbol.asyncIterator]();
  const beat = setInterval(() => response.write(':\n\n'), BEAT_EVERY);
  const leave = (): void => void events.return?.();
  response.once('close', leave);
  response.on('error', leave);
  try {
    for (;;) {
      const { value, done } = await events.next();
      if (done === true || response.writableLength > MAX_UNREAD) return;
      response.write(`event: ${value.type}\ndata: ${JSON.stringify(toJson(value))}\n\n`);
    }
  } finally {
    clearInterval(beat);
    response.end();
  }
}

/** Errors do not become JSON by themselves. */
function toJson(event: TorrentEvent): object {
  if (event.type !== 'failed') return event;
  const { code, message, reason } = event.error;
  return { type: event.type, error: { code, message, ...(reason === undefined ? {} : { reason }) } };
}
