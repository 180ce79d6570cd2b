// Who may call the daemon: the token and what was traded for it, the checks that keep other sites' pages out, and the limit
// for those who guess. Every request passes here before anything else of it is looked at.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { DaemonPolicy } from '../api/daemon-endpoints.ts';
import { BearerToken } from '../http/bearer-token.ts';
import { FailureLimit, type FailureLimits } from '../http/failure-limit.ts';
import { isForeign, isFromOwnPage, isNavigation, isOwnHost } from '../http/own-host.ts';
import { HttpError } from '../http/problem.ts';

export interface Access {
  /** The caller showed the owner's own token, which only the command line of the same user can read. */
  owner: boolean;
}

export interface AccessOptions {
  /** For the page, programs and other machines. */
  token: string;
  /** Of the user the daemon runs as: its holder may name any path. */
  ownerToken: string;
  /** More names the daemon is reached by: `host` or `host:port`, lower case. */
  names: readonly string[];
  failures?: FailureLimits;
  /** Epoch milliseconds. */
  now?: () => number;
}

/** How long a page stays logged in, in milliseconds. */
const COOKIE_LIFE = 30 * 24 * 3600 * 1000;

export class AccessControl {
  readonly #token: BearerToken;
  readonly #ownerToken: BearerToken;
  readonly #key: string;
  readonly #names: ReadonlySet<string>;
  readonly #failures: FailureLimit;
  readonly #now: () => number;

  constructor(options: AccessOptions) {
    this.#token = new BearerToken(options.token);
    this.#ownerToken = new BearerToken(options.ownerToken);
    this.#key = options.token;
    this.#names = new Set(options.names.map((name) => name.toLowerCase()));
    this.#failures = new FailureLimit(options.failures);
    this.#now = options.now ?? Date.now;
  }

  /**
   * That the request was meant for this daemon and no other site made it. `linked`: other sites may lead to it by a link,
   * which shows nothing but the page. Throws 421 and 403.
   */
  checkOrigin(request: FastifyRequest, linked = false): void {
    const { headers, raw } = request;
    if (!isOwnHost(headers.host, raw.socket, this.#names))
      throw new HttpError(421, 'ERR_NOT_ALLOWED', 'this daemon has another name; use its address, or allow the name', {
        reason: 'wrong_host',
      });
    if (isForeign(headers) && !(linked && isNavigation(headers)))
      throw forbidden('a page of another site may not call this daemon', 'foreign_origin');
  }

  /** What an endpoint's policy asks for. Throws 401, 403 and 429. */
  authorize(policy: DaemonPolicy, request: FastifyRequest, reply: FastifyReply): Access {
    if (policy === 'login' || policy === 'public' || policy === 'stream') return { owner: false };
    const shown = shownSecret(request.headers.authorization);
    if (shown !== undefined) {
      if (this.#ownerToken.matches(`Bearer ${shown}`)) return { owner: true };
      if (this.#token.matches(`Bearer ${shown}`)) return { owner: false };
      throw this.#refused(request, reply, policy);
    }
    const cookie = readCookie(request.headers.cookie, cookieName(request));
    if (cookie === undefined) throw unauthenticated(reply, policy);
    if (!this.#isOurs(cookie)) throw this.#refused(request, reply, policy);
    if (request.method !== 'GET' && !isFromOwnPage(request.headers))
      throw forbidden("with a cookie, only the daemon's own page may change anything", 'not_own_page');
    return { owner: false };
  }

  /** Trades the token for a cookie. Throws 401 and 429. */
  login(token: string, request: FastifyRequest, reply: FastifyReply): void {
    if (!this.#token.matches(`Bearer ${token}`)) throw this.#refused(request, reply, 'login');
    const until = this.#now() + COOKIE_LIFE;
    const body = `${until}.${randomBytes(12).toString('base64url')}`;
    void reply.header('set-cookie', this.#cookie(request, `${body}.${this.#sign(body)}`, COOKIE_LIFE / 1000));
  }

  logout(request: FastifyRequest, reply: FastifyReply): void {
    void reply.header('set-cookie', this.#cookie(request, '', 0));
  }

  #cookie(request: FastifyRequest, value: string, seconds: number): string {
    return `${cookieName(request)}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict`;
  }

  /** Made from the token, so that a restart keeps pages logged in and a new token does not. */
  #isOurs(cookie: string): boolean {
    const match = /^((\d{1,16})\.[\w-]{1,64})\.([\w-]{43})$/.exec(cookie);
    if (match === null || Number(match[2]) < this.#now()) return false;
    return timingSafeEqual(Buffer.from(match[3]!), Buffer.from(this.#sign(match[1]!)));
  }

  #sign(body: string): string {
    return createHmac('sha256', this.#key).update(`shoal-cookie-v1\0${body}`).digest('base64url');
  }

  #refused(request: FastifyRequest, reply: FastifyReply, policy: DaemonPolicy): HttpError {
    const seconds = this.#failures.failed(request.raw.socket.remoteAddress ?? '');
    if (seconds === 0) return unauthenticated(reply, policy);
    void reply.header('retry-after', String(seconds));
    return new HttpError(429, 'ERR_NOT_ALLOWED', `too many wrong tokens; try again in ${seconds} s`, {
      reason: 'too_many_failures',
    });
  }
}

function unauthenticated(reply: FastifyReply, policy: DaemonPolicy): HttpError {
  // A browser that is told "Basic" asks for a password, which only helps programs that speak the RPC.
  void reply.header('www-authenticate', policy === 'rpc' ? 'Basic realm="Shoal"' : 'Bearer realm="Shoal"');
  return new HttpError(401, 'ERR_NOT_ALLOWED', "show the daemon's token; `shoal daemon` prints where it is kept", {
    reason: 'no_token',
  });
}

function forbidden(message: string, reason: string): HttpError {
  return new HttpError(403, 'ERR_NOT_ALLOWED', message, { reason });
}

/** Of `Bearer SECRET`, or of `Basic` with the secret as the password, whatever the user is called. */
function shownSecret(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const bearer = /^Bearer +(\S{1,256})$/i.exec(header);
  if (bearer !== null) return bearer[1];
  const basic = /^Basic +([A-Za-z0-9+/=]{1,1024})$/i.exec(header);
  if (basic === null) return '';
  const text = Buffer.from(basic[1]!, 'base64').toString('latin1');
  // With blanks in it, it would not be seen as one secret.
  return text.slice(text.indexOf(':') + 1).replace(/\s/g, '?');
}

/** Cookies do not know ports: two daemons on one host must not take each other's away. */
function cookieName(request: FastifyRequest): string {
  return `shoal-${request.raw.socket.localPort ?? 0}`;
}

function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const equals = pair.indexOf('=');
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
}
