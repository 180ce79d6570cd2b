// The part of a daemon's API by which a file is played while it is still fetched. Holds no schemas.

import type { Endpoint } from './endpoints.ts';

export const streamEndpoints = {
  openStream: {
    method: 'POST',
    path: '/api/v1/torrents/:infoHash/files/:index/stream',
    policy: 'token',
    summary: 'An address at which one file can be played, for a while; a file that was skipped is wanted from then on',
  },
  stream: {
    method: 'GET',
    path: '/stream/:token/:name',
    policy: 'stream',
    summary: 'The bytes of the file, or one range of them, as they come',
    replyType: 'application/octet-stream',
  },
  streamHead: { method: 'HEAD', path: '/stream/:token/:name', policy: 'stream', summary: 'What GET would answer' },
} as const satisfies Record<string, Endpoint<'token' | 'stream'>>;
