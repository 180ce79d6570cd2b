// Reads server-sent events from a response body. Bounds every event; needs nothing but streams, so that pages can have it.

import { ShoalError } from '../base/errors.ts';
import type { FetchReply } from './http-call.ts';

export interface ServerEvent {
  /** `message` when the server names none. */
  event: string;
  data: string;
  /** The last id that was given, by this event or one before. */
  id: string | undefined;
}

const MAX_EVENT = 64 * 1024 * 1024;

/** Ends with the body. Throws ERR_DAEMON when an event is longer than anything the daemon sends. */
export async function* readEvents(body: NonNullable<FetchReply['body']>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = '';
  /** Up to where `text` was searched for an end of line. */
  let searched = 0;
  let event = '';
  let data: string[] = [];
  let id: string | undefined;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || value === undefined) return;
      text += decoder.decode(value, { stream: true });
      let start = 0;
      for (let end = text.indexOf('\n', searched); end >= 0; end = text.indexOf('\n', start)) {
        const line = text.slice(start, text[end - 1] === '\r' && end > start ? end - 1 : end);
        start = end + 1;
        if (line === '') {
          if (data.length > 0) yield { event: event === '' ? 'message' : event, data: data.join('\n'), id };
          event = '';
          data = [];
          continue;
        }
        const colon = line.indexOf(':');
        const field = colon < 0 ? line : line.slice(0, colon);
        const rest = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
        if (field === 'event') event = rest;
        else if (field === 'data') data.push(rest);
        else if (field === 'id') id = rest;
      }
      text = text.slice(start);
      searched = text.length;
      if (text.length > MAX_EVENT)
        throw new ShoalError('ERR_DAEMON', 'an event of the daemon is too long', { reason: 'too_long' });
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
