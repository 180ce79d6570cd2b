// Compresses long JSON replies for callers that can read that and are on another machine; to one on this machine it would
// only cost time. No reply carries both a secret and what another site chose, so that lengths betray nothing.

import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { classifyAddress, parseAddress } from '../base/endpoint.ts';
import type { HttpServer } from './server.ts';

const squeeze = promisify(gzip);
/** Characters: what fits one packet is not made quicker. */
const SHORTEST = 1400;
/** What a proxy adds that asks for somebody else. */
const FORWARDED = ['x-forwarded-for', 'forwarded', 'via'];

export function compressReplies(server: HttpServer): void {
  server.addHook('onSend', async (request, reply, payload: unknown) => {
    if (typeof payload !== 'string' || payload.length < SHORTEST) return payload;
    if (!/^application\/([\w.-]+\+)?json\b/.test(String(reply.getHeader('content-type')))) return payload;
    reply.header('vary', 'Accept-Encoding');
    if (!acceptsGzip(request.headers['accept-encoding'])) return payload;
    const address = parseAddress(request.raw.socket.remoteAddress ?? '');
    const isHere = address !== undefined && classifyAddress(address) === 'loopback';
    if (isHere && !FORWARDED.some((name) => request.headers[name] !== undefined)) return payload;
    reply.header('content-encoding', 'gzip');
    reply.removeHeader('content-length');
    return squeeze(payload, { level: constants.Z_BEST_SPEED });
  });
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  for (const each of String(header ?? '').split(',')) {
    const [name, ...parameters] = each.split(';').map((part) => part.trim().toLowerCase());
    if (name === 'gzip') return !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  }
  return false;
}
