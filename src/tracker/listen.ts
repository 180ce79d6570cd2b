// How the tracker's HTTP server is set up and bound: time limits and caps against slow and greedy clients, and errors that
// name the port, the flag and who has it. Answers no request.

import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { classifyAddress, type Endpoint, formatEndpoint, parseAddress } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import { describePortOwner } from '../io/port-owner.ts';

export interface ConnectionLimits {
  connections: number;
  /** From one public address, and from one that is not public: behind it may be many hosts, or a proxy. */
  perAddress: number;
  perLocalAddress: number;
  /** Milliseconds for the head of a request, and for all of it: a .torrent of 10 MiB over a slow line. */
  headersTimeout: number;
  requestTimeout: number;
  /** Milliseconds a connection may lie idle between requests: a session's heartbeat comes every 20 s. */
  keepAliveTimeout: number;
  /** Milliseconds without a byte in either direction: who does not read its reply is cut off. */
  stallTimeout: number;
  /** Milliseconds between looks for who has run out of the first two. */
  checkEvery: number;
}

export const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = {
  connections: 10_000,
  perAddress: 128,
  perLocalAddress: 4096,
  headersTimeout: 5_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 30_000,
  stallTimeout: 60_000,
  checkEvery: 1_000,
};

/** Long enough for a scrape of 60 torrents and for what browsers send along; BEP 3 announces stay below 2 KiB. */
const MAX_HEADER_SIZE = 16 * 1024;
const MAX_REQUESTS_PER_SOCKET = 1000;

export function createTrackerServer(limits: ConnectionLimits): Server {
  const server = createServer({
    headersTimeout: limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    connectionsCheckingInterval: limits.checkEvery,
    maxHeaderSize: MAX_HEADER_SIZE,
    noDelay: true,
  });
  server.maxRequestsPerSocket = MAX_REQUESTS_PER_SOCKET;
  server.maxConnections = limits.connections;
  server.timeout = limits.stallTimeout;
  const perAddress = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    // A socket without an address is gone already.
    const address = socket.remoteAddress;
    const bytes = address === undefined ? undefined : parseAddress(address);
    if (address === undefined || bytes === undefined) {
      socket.destroy();
      return;
    }
    const open = (perAddress.get(address) ?? 0) + 1;
    if (open > (classifyAddress(bytes) === 'global' ? limits.perAddress : limits.perLocalAddress)) {
      socket.destroy();
      return;
    }
    perAddress.set(address, open);
    socket.once('close', () => {
      const left = perAddress.get(address)! - 1;
      if (left > 0) perAddress.set(address, left);
      else perAddress.delete(address);
    });
  });
  return server;
}

/**
 * Binds the server and comes back with the address it is bound to. An empty host means all interfaces.
 * @param origin what gave the address, for error messages: `--listen`, say.
 * @param flag that chooses another address.
 * @throws ShoalError ERR_LISTEN.
 */
export function bind(server: Server, where: Endpoint, origin: string, flag = '--listen'): Promise<Endpoint> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => reject(listenError(where, origin, flag, error));
    server.once('error', fail);
    server.listen({ port: where.port, ...(where.host !== '' && { host: where.host }) }, () => {
      server.off('error', fail);
      const { address, port } = server.address() as AddressInfo;
      resolve({ host: address, port });
    });
  });
}

/** A URL by which this host, and others if they can reach it at all, get to a server bound to `bound`. */
export function urlOf(bound: Endpoint): string {
  const bytes = parseAddress(bound.host);
  const everywhere = bytes !== undefined && classifyAddress(bytes) === 'unspecified';
  return `http://${formatEndpoint({ host: everywhere ? outerAddress() : bound.host, port: bound.port })}`;
}

/** An IPv4 address of this host that other hosts may know it by; loopback when there is none. */
function outerAddress(): string {
  for (const addresses of Object.values(networkInterfaces()))
    for (const { address, family, internal } of addresses ?? []) if (family === 'IPv4' && !internal) return address;
  return '127.0.0.1';
}

function listenError(where: Endpoint, origin: string, flag: string, error: NodeJS.ErrnoException): ShoalError {
  const address = formatEndpoint(where);
  const reason = error.code ?? 'unknown';
  const message =
    reason === 'EADDRINUSE'
      ? `port ${where.port}, given by ${origin}, is taken${describePortOwner(where.port)}; stop it or choose another with ${flag} HOST:PORT`
      : reason === 'EACCES'
        ? `port ${where.port}, given by ${origin}, needs more rights than this process has; choose one above 1023 with ${flag} HOST:PORT`
        : reason === 'EADDRNOTAVAIL' || reason === 'ENOTFOUND'
          ? `${where.host}, given by ${origin}, is no address of this host; choose another with ${flag} HOST:PORT`
          : `cannot listen on ${address}, given by ${origin} (${error.message}); choose another with ${flag} HOST:PORT`;
  return new ShoalError('ERR_LISTEN', message, { reason, cause: error });
}
