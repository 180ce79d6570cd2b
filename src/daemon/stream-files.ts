// Sends files, or ranges of them, as they come from the swarm: no faster than the player takes them, so many players at a time,
// and not longer than they stay. Who may is decided elsewhere.

import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Torrent } from '../engine/types.ts';
import { parseRange } from '../http/byte-range.ts';
import { contentDisposition, mediaTypeOf } from '../http/media-type.ts';
import { HttpError } from '../http/problem.ts';
import type { ManagedTorrent } from './managed-torrent.ts';
import type { StreamGrant } from './stream-grants.ts';

/** At a time. */
const MAX_STREAMS = 64;
/** Of one address: players leave connections behind when they seek. */
const MAX_OF_ONE = 8;
/** Milliseconds until a torrent that is just starting has to be ready. */
const START_PATIENCE = 30_000;
const START_LOOK = 50;
/** Milliseconds a paused player may take nothing, or a file may not come. */
const STALL = 10 * 60_000;
/** Shown or played by itself, and nothing else: neither scripts nor what it names. */
const MEDIA_POLICY = "default-src 'none'; media-src 'self'; img-src 'self'; frame-ancestors 'none'";
/** What is no media is not of this site either; media in a sandbox would not be allowed to load themselves. */
const OTHER_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'";

export class FileStreams {
  /** The oldest first. */
  readonly #open: { grant: StreamGrant; stop: AbortController }[] = [];

  /** Answers for one file. Throws 416 and 503; resolves when the player has what it asked for, or is gone. */
  async answer(grant: StreamGrant, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { size, name, index, torrent } = grant;
    const tag = `"${torrent.infoHash}-${index}"`;
    const type = mediaTypeOf(name);
    const isHead = request.method === 'HEAD';
    const isSame = request.headers['if-range'] === undefined || request.headers['if-range'] === tag;
    const range = isHead || !isSame ? 'whole' : parseRange(request.headers.range, size);
    if (range === 'unsatisfiable') {
      reply.headers({ 'accept-ranges': 'bytes', 'content-range': `bytes */${size}` });
      throw new HttpError(416, 'ERR_USAGE', `the file has ${size} bytes; ask for one range of them`, {
        reason: 'bad_range',
      });
    }
    const { start, end } = range === 'whole' ? { start: 0, end: size } : range;
    const stop = new AbortController();
    const torn = (): void => stop.abort();
    request.raw.socket.once('close', torn);
    try {
      const running = isHead || start === end ? undefined : await this.#admit(grant, stop);
      if (stop.signal.aborted) return;
      reply.headers({
        'accept-ranges': 'bytes',
        'content-length': end - start,
        'content-type': type ?? 'application/octet-stream',
        'content-disposition': contentDisposition(type === undefined ? 'attachment' : 'inline', name),
        'content-security-policy': type === undefined ? OTHER_POLICY : MEDIA_POLICY,
        etag: tag,
      });
      if (range !== 'whole') reply.header('content-range', `bytes ${start}-${end - 1}/${size}`);
      reply.hijack();
      const { raw } = reply;
      request.raw.socket.setTimeout(STALL);
      raw.writeHead(range === 'whole' ? 200 : 206, reply.getHeaders() as Record<string, string>);
      if (running === undefined) raw.end();
      else await send(running, grant.index, { start, end, signal: stop.signal }, raw);
    } finally {
      request.raw.socket.off('close', torn);
      const at = this.#open.findIndex((each) => each.stop === stop);
      if (at >= 0) this.#open.splice(at, 1);
    }
  }

  async #admit(grant: StreamGrant, stop: AbortController): Promise<Torrent> {
    const same = this.#open.filter((each) => each.grant === grant);
    if (same.length >= MAX_OF_ONE) same[0]!.stop.abort();
    else if (this.#open.length >= MAX_STREAMS)
      throw new HttpError(503, 'ERR_USAGE', `${MAX_STREAMS} files are being played already; stop one`, {
        reason: 'busy',
      });
    this.#open.push({ grant, stop });
    return untilReady(grant.torrent, stop.signal);
  }
}

/** The torrent may just have been added, or be checked anew. Throws 503. */
async function untilReady(torrent: ManagedTorrent, signal: AbortSignal): Promise<Torrent> {
  for (const end = performance.now() + START_PATIENCE; performance.now() < end; ) {
    const { running } = torrent;
    if (running !== undefined && /^(downloading|seeding)$/.test(running.status.state)) return running;
    if (running === undefined && !torrent.isStarting) break;
    await new Promise((resolve) => setTimeout(resolve, START_LOOK));
    if (signal.aborted) break;
  }
  throw new HttpError(503, 'ERR_USAGE', 'the torrent does not run now; resume it', { reason: 'not_running' });
}

/** What goes wrong from here on can only be told by hanging up. */
async function send(
  torrent: Torrent,
  index: number,
  range: { start: number; end: number; signal: AbortSignal },
  response: ServerResponse,
): Promise<void> {
  const { signal } = range;
  response.on('error', () => undefined);
  try {
    for await (const chunk of torrent.read(index, range)) {
      if (!response.write(chunk)) await untilTaken(response, signal);
    }
    response.end();
  } catch {
    response.destroy();
  }
}

/** Or until nobody is there to take anything. */
function untilTaken(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      response.off('drain', settle).off('close', settle);
      signal.removeEventListener('abort', settle);
      resolve();
    };
    response.on('drain', settle).on('close', settle);
    signal.addEventListener('abort', settle);
  });
}
