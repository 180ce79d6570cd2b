// Fetches announces and scrapes over HTTP and HTTPS. Bounds everything a tracker can do to us: time, size, redirects.
// Knows nothing of tiers and schedules; a tracker's refusal is a reply, not an error. It loads `node:http` when it needs it
// and never by `import`: that evaluates all that Node exports there, fetch's whole machinery too, 13 MiB of every process.

import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import type http from 'node:http';
import type https from 'node:https';
import { ShoalError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import {
  type AnnounceParameters,
  type AnnounceReply,
  announceUrl,
  MAX_REPLY_LENGTH,
  parseAnnounceReply,
  type ReplyLimits,
} from '../../protocol/tracker/http.ts';
import { parseScrapeReply, type ScrapeReply, scrapeUrl } from '../../protocol/tracker/scrape.ts';

export interface TrackerClientOptions extends ReplyLimits {
  userAgent?: string;
  /** Until the connection stands, in ms. Default 10 s. */
  connectTimeout?: number;
  /** Until the reply is complete, redirects included, in ms. Default 30 s. */
  totalTimeout?: number;
  /** The same for `stopped`, for which nobody wants to wait. Default 5 s. */
  stopTimeout?: number;
}

const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const MAX_SOCKETS_PER_TRACKER = 8;
/** An idle connection is closed after this; trackers see us every half hour. */
const IDLE_TIMEOUT = 15_000;
const AGENT = { keepAlive: true, maxSockets: MAX_SOCKETS_PER_TRACKER, maxFreeSockets: 2, timeout: IDLE_TIMEOUT };

/** What the errors of sockets, names and certificates mean: machine reason and words. */
const CAUSES = new Map<string, readonly [reason: string, words: string]>([
  ['ECONNREFUSED', ['connection_refused', 'connection refused']],
  ['ECONNRESET', ['connection_reset', 'connection reset']],
  ['EPIPE', ['connection_reset', 'connection reset']],
  ['ETIMEDOUT', ['timed_out', 'connection timed out']],
  ['ENOTFOUND', ['no_such_host', 'no such host']],
  ['EAI_AGAIN', ['no_such_host', 'the name lookup failed']],
  ['EHOSTUNREACH', ['no_route', 'no route to host']],
  ['ENETUNREACH', ['no_route', 'network unreachable']],
  ['EADDRNOTAVAIL', ['no_route', 'no address to connect from']],
  ['EPROTO', ['tls', 'it does not speak TLS']],
]);

export class TrackerClient {
  readonly #options: TrackerClientOptions;
  readonly #userAgent: string;
  readonly #connectTimeout: number;
  readonly #totalTimeout: number;
  readonly #stopTimeout: number;
  #plain: http.Agent | undefined;
  #secure: https.Agent | undefined;

  constructor(options: TrackerClientOptions = {}) {
    this.#options = options;
    this.#userAgent = options.userAgent ?? 'Shoal';
    this.#connectTimeout = options.connectTimeout ?? 10_000;
    this.#totalTimeout = options.totalTimeout ?? 30_000;
    this.#stopTimeout = options.stopTimeout ?? 5000;
  }

  /**
   * One announce. Rejects with ShoalError ERR_TRACKER_UNREACHABLE (reason such as `connection_refused`, `timed_out`,
   * `unsupported`), ERR_TRACKER_REPLY (`http_status`, `too_large`, `not_bencoded`…) or, when `signal` says so,
   * ERR_INTERRUPTED.
   */
  async announce(url: string, parameters: AnnounceParameters, signal?: AbortSignal): Promise<AnnounceReply> {
    const timeout = parameters.event === 'stopped' ? this.#stopTimeout : this.#totalTimeout;
    const body = await this.#get(url, announceUrl(url, parameters), timeout, signal);
    return naming(url, () => parseAnnounceReply(body, this.#options));
  }

  /** One scrape; errors as with `announce`, and reason `no_scrape` for a tracker that cannot be scraped (BEP 48). */
  async scrape(url: string, infoHashes: readonly string[], signal?: AbortSignal): Promise<ScrapeReply> {
    const target = scrapeUrl(url, infoHashes);
    if (target === undefined) throw badReply(url, 'no_scrape', 'its address has no scrape convention');
    const body = await this.#get(url, target, this.#totalTimeout, signal);
    return naming(url, () => parseScrapeReply(body));
  }

  /** Closes idle connections. Requests under way are for their own signals to end. */
  close(): void {
    this.#plain?.destroy();
    this.#secure?.destroy();
  }

  #agent(secure: boolean): http.Agent {
    if (secure) this.#secure ??= new (process.getBuiltinModule('node:https').Agent)(AGENT);
    else this.#plain ??= new (process.getBuiltinModule('node:http').Agent)(AGENT);
    return secure ? this.#secure! : this.#plain!;
  }

  async #get(tracker: string, url: string, timeout: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const deadline = performance.now() + timeout;
    let target = parseUrl(tracker, url);
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const answer = await this.#request(tracker, target, deadline, signal, true);
      if (answer instanceof Uint8Array) return answer;
      target = nextUrl(tracker, target, answer.location);
    }
    throw badReply(tracker, 'too_many_redirects', `it redirects more than ${MAX_REDIRECTS} times`);
  }

  /** The body of a 200, or where a redirect leads. */
  #request(
    tracker: string,
    target: URL,
    deadline: number,
    signal: AbortSignal | undefined,
    mayRetry: boolean,
  ): Promise<Uint8Array | { location: string }> {
    const secure = target.protocol === 'https:';
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(interrupted(tracker));
        return;
      }
      const protocol = process.getBuiltinModule(secure ? 'node:https' : 'node:http');
      const request = protocol.get(target, {
        agent: this.#agent(secure),
        lookup: lookUp,
        headers: { 'user-agent': this.#userAgent, accept: '*/*', 'accept-encoding': 'identity' },
      });
      let settled = false;
      let connectTimer: NodeJS.Timeout | undefined;
      const totalTimer = setTimeout(() => fail(timedOut(tracker, 'no complete answer')), deadline - performance.now());
      const onAbort = () => fail(interrupted(tracker));
      const settle = () => {
        settled = true;
        clearTimeout(totalTimer);
        clearTimeout(connectTimer);
        signal?.removeEventListener('abort', onAbort);
      };
      const fail = (error: ShoalError) => {
        settle();
        reject(error);
        request.destroy();
      };
      const succeed = (answer: Uint8Array | { location: string }) => {
        settle();
        resolve(answer);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      request.on('socket', (socket) => {
        if (settled || !socket.connecting) return;
        connectTimer = setTimeout(() => fail(timedOut(tracker, 'no connection')), this.#connectTimeout);
        socket.once('connect', () => clearTimeout(connectTimer));
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (settled) return;
        settle();
        // The tracker closed a kept connection at the moment we used it: that says nothing about the tracker.
        if (mayRetry && request.reusedSocket && error.code === 'ECONNRESET')
          resolve(this.#request(tracker, target, deadline, signal, false));
        else reject(unreachable(tracker, error));
      });
      request.on('response', (response) => {
        const status = response.statusCode ?? 0;
        const { location } = response.headers;
        if (REDIRECTS.has(status) && location !== undefined) {
          succeed({ location });
          response.destroy();
        } else if (status !== 200) {
          fail(badReply(tracker, 'http_status', `it answered with HTTP status ${status}`));
        } else {
          collect(response, (body) => {
            if (body instanceof Uint8Array) succeed(body);
            else if (body === 'too_large') fail(badReply(tracker, body, `it sent more than ${MAX_REPLY_LENGTH} bytes`));
            else fail(unreachable(tracker, body));
          });
        }
      });
    });
  }
}

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

const LOOPBACK: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/** `localhost` is both loopback addresses whatever the hosts file lists (RFC 6761); the rest is for the system to say. */
function lookUp(hostname: string, options: LookupOptions, done: LookupCallback): void {
  if (options.all === true && hostname.toLowerCase() === 'localhost') process.nextTick(done, null, LOOPBACK.slice());
  else lookup(hostname, options, done);
}

/** Gathers a body of bounded size, and says exactly once how that went. */
function collect(
  response: http.IncomingMessage,
  done: (body: Uint8Array | 'too_large' | NodeJS.ErrnoException) => void,
): void {
  const chunks: Uint8Array[] = [];
  let length = 0;
  let over = false;
  const finish = (body: Uint8Array | 'too_large' | NodeJS.ErrnoException) => {
    if (over) return;
    over = true;
    done(body);
  };
  response.on('data', (chunk: Uint8Array) => {
    length += chunk.length;
    if (length > MAX_REPLY_LENGTH) finish('too_large');
    else chunks.push(chunk);
  });
  response.on('end', () => finish(new Uint8Array(Buffer.concat(chunks, length))));
  response.on('error', finish);
}

function parseUrl(tracker: string, url: string): URL {
  if (!URL.canParse(url)) throw unusable(tracker, 'bad_url', 'it is not a URL');
  const target = new URL(url);
  if (target.protocol === 'udp:')
    throw unusable(tracker, 'unsupported', 'UDP trackers are not supported yet; use one with http:// or https://');
  if (target.protocol !== 'http:' && target.protocol !== 'https:')
    throw unusable(tracker, 'unsupported', `trackers are reached by http:// or https://, not by ${target.protocol}//`);
  return target;
}

/** A redirect may change anything but fall back from TLS to plain text. */
function nextUrl(tracker: string, from: URL, location: string): URL {
  if (!URL.canParse(location, from.href))
    throw badReply(tracker, 'bad_redirect', 'it redirects to something that is no URL');
  const target = new URL(location, from);
  const allowed = from.protocol === 'https:' ? ['https:'] : ['http:', 'https:'];
  if (!allowed.includes(target.protocol))
    throw badReply(tracker, 'bad_redirect', `it redirects from ${from.protocol}// to ${target.protocol}//`);
  return target;
}

/** The tracker's address fit to be shown: without its query, which may hold a passkey. */
function nameOf(tracker: string): string {
  return printable(tracker.split(/[?#]/)[0]!);
}

function unusable(tracker: string, reason: string, why: string): ShoalError {
  return new ShoalError('ERR_TRACKER_UNREACHABLE', `the tracker ${nameOf(tracker)} cannot be used: ${why}`, { reason });
}

function timedOut(tracker: string, what: string): ShoalError {
  return unreachableBecause(tracker, 'timed_out', `timed out, ${what}`);
}

function unreachable(tracker: string, cause: NodeJS.ErrnoException): ShoalError {
  const code = cause.code ?? '';
  let [reason, words] = CAUSES.get(code) ?? ['failed', printable(cause.message || code)];
  if (code.startsWith('HPE_')) [reason, words] = ['not_http', 'it does not answer in HTTP'];
  else if (code.startsWith('ERR_SSL_')) [reason, words] = ['tls', 'it does not speak TLS'];
  else if (code.startsWith('ERR_TLS_') || code.includes('CERT') || code.includes('SIGNATURE'))
    [reason, words] = ['tls', `its certificate is not trusted (${printable(cause.message)})`];
  return unreachableBecause(tracker, reason, words, cause);
}

function unreachableBecause(tracker: string, reason: string, words: string, cause?: unknown): ShoalError {
  return new ShoalError(
    'ERR_TRACKER_UNREACHABLE',
    `the tracker ${nameOf(tracker)} cannot be reached: ${words}; check the address and that the tracker runs`,
    { reason, cause },
  );
}

function badReply(tracker: string, reason: string, why: string): ShoalError {
  return new ShoalError('ERR_TRACKER_REPLY', `the tracker ${nameOf(tracker)} gave no usable answer: ${why}`, {
    reason,
  });
}

function interrupted(tracker: string): ShoalError {
  return new ShoalError('ERR_INTERRUPTED', `the request to the tracker ${nameOf(tracker)} was given up`);
}

/** Adds the tracker's address to what the codec says of its reply. */
function naming<T>(tracker: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ShoalError)) throw error;
    throw new ShoalError(error.code, `the tracker ${nameOf(tracker)} gave no usable answer: ${error.message}`, {
      ...(error.reason !== undefined && { reason: error.reason }),
      cause: error,
    });
  }
}
