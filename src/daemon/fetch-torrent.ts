// Fetches a .torrent from an address that a caller of the API gave. Such an address must not lead into the daemon's own
// machine or network: what a name resolves to is judged when the connection is made, at every redirect anew.

import { lookup as resolveName } from 'node:dns';
import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { classifyAddress, parseAddress } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import { MAX_TORRENT_BYTES } from '../protocol/metainfo.ts';

const PATIENCE = 30_000;
const MAX_REDIRECTS = 5;

export interface FetchTorrentOptions {
  /** Origins that may be in private networks: the daemon's own trackers. */
  trusted: readonly string[];
  signal?: AbortSignal;
}

/** The bytes of the file. Throws ERR_SOURCE; for addresses that are not public with reason `not_public`. */
export async function fetchTorrent(address: string, options: FetchTorrentOptions): Promise<Uint8Array> {
  const signals = [AbortSignal.timeout(PATIENCE), ...(options.signal === undefined ? [] : [options.signal])];
  const signal = AbortSignal.any(signals);
  let url = readUrl(address, undefined);
  for (let redirects = 0; ; redirects++) {
    const response = await open(url, options.trusted.includes(url.origin), signal);
    const { statusCode = 0, headers } = response;
    if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
      response.destroy();
      if (redirects === MAX_REDIRECTS) throw failed(address, `it redirects more than ${MAX_REDIRECTS} times`);
      url = readUrl(headers.location, url);
      continue;
    }
    if (statusCode !== 200) {
      response.destroy();
      throw failed(address, `the server answered ${statusCode}`);
    }
    return await readBody(response, address);
  }
}

function readUrl(text: string, base: URL | undefined): URL {
  const url = URL.parse(text, base?.href);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new ShoalError('ERR_SOURCE', 'only http and https addresses without a user can be fetched', {
      reason: 'bad_url',
    });
  return url;
}

function open(url: URL, trusted: boolean, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    // An address that is written out is never looked up.
    if (!trusted && parseAddress(host) !== undefined && !isPublic(host)) {
      reject(notPublic(url));
      return;
    }
    const options: RequestOptions = {
      signal,
      headers: { 'accept-encoding': 'identity', 'user-agent': 'Shoal' },
      ...(trusted ? {} : { lookup: publicLookup(url) }),
    };
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, options, resolve);
    request.on('error', (error) =>
      reject(error instanceof ShoalError ? error : failed(url.href, error.message, error)),
    );
    request.end();
  });
}

/** Hands only public addresses to the connection; a name that has none cannot be reached. */
function publicLookup(url: URL): LookupFunction {
  return (hostname, options, callback) => {
    resolveName(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, '');
      const allowed = found.filter(({ address }) => isPublic(address));
      const first = allowed[0];
      if (first === undefined) return callback(notPublic(url), '');
      if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

function isPublic(address: string): boolean {
  const bytes = parseAddress(address);
  return bytes !== undefined && classifyAddress(bytes) === 'global';
}

async function readBody(response: IncomingMessage, address: string): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_TORRENT_BYTES) throw failed(address, `it is longer than ${MAX_TORRENT_BYTES} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof ShoalError ? error : failed(address, (error as Error).message, error);
  }
  return Buffer.concat(chunks);
}

function notPublic(url: URL): ShoalError {
  return new ShoalError(
    'ERR_SOURCE',
    `${url.host} is not a public address; fetch the file yourself and add it, or use shoal add`,
    { reason: 'not_public' },
  );
}

function failed(address: string, why: string, cause?: unknown): ShoalError {
  return new ShoalError('ERR_SOURCE', `cannot fetch ${address.slice(0, 200)}: ${why}`, { cause });
}
