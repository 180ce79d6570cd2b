// The part of a daemon's API that tells what changes, as streams of events. By itself, because who only follows needs no
// more of the table. Holds no schemas.

import type { Endpoint } from './endpoints.ts';

export const eventEndpoints = {
  torrentEvents: {
    method: 'GET',
    path: '/api/v1/torrents/:infoHash/events',
    policy: 'token',
    summary: 'What happens to one torrent, as server-sent events',
    replyType: 'text/event-stream',
  },
  events: {
    method: 'GET',
    path: '/api/v1/events',
    policy: 'token',
    summary: 'All torrents and what changes of them, as server-sent events',
    replyType: 'text/event-stream',
  },
} as const satisfies Record<string, Endpoint<'token'>>;
