// The tracker as one thing that can be started and stopped: joins registry, catalog, sessions and HTTP, and runs the
// clockwork of leases and saves. Prints nothing and never ends the process.

import { lookup } from 'node:dns/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { FastifyBaseLogger } from 'fastify';
import { type Endpoint, parseAddress } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import { openTokenFile } from '../http/bearer-token.ts';
import { PAGE_FOLDER } from '../http/page-folder.ts';
import { Registry } from '../registry/registry.ts';
import type { RegistryOptions } from '../registry/registry-types.ts';
import { createAnnounceHandler } from './announce.ts';
import { createApp } from './app.ts';
import { Catalog } from './catalog.ts';
import type { Quotas } from './catalog-types.ts';
import { systemClock, type TrackerClock } from './clock.ts';
import { bind, type ConnectionLimits, createTrackerServer, DEFAULT_CONNECTION_LIMITS, urlOf } from './listen.ts';
import { AnnounceCounters, TrackerMetrics } from './metrics.ts';
import { RegistryStore } from './registry-store.ts';
import { TrackerSessions } from './sessions.ts';
import { silentLog, type TrackerLog } from './tracker-log.ts';

export interface TrackerOptions {
  /** Port 0: any. An empty host: all interfaces, both families. */
  listen: Endpoint;
  /** What gave `listen`, for error messages; default `--listen`. */
  listenOrigin?: string;
  /** The flag that gives another address, for error messages; default `--listen`. */
  listenFlag?: string;
  /** The tracker's own files; made when missing. */
  dataDir: string;
  /** Where others reach this tracker, if not where it listens. Put into .torrent files and magnets. */
  publicUrl?: string;
  /** Serve any info-hash, not only those in the catalog. */
  open?: boolean;
  /** Holds the operator's token; made when missing. Default: `admin.token` in `dataDir`. */
  adminTokenFile?: string;
  registry?: Partial<RegistryOptions>;
  quotas?: Partial<Quotas>;
  connections?: Partial<ConnectionLimits>;
  /** Folder of the built page; default where the build puts it. */
  page?: string;
  log?: FastifyBaseLogger;
  clock?: TrackerClock;
}

export interface Tracker {
  /** Base URL: the public one, or that of where it listens. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Answers what is under way, saves, and lets go of everything. */
  close(): Promise<void>;
}

/** Milliseconds between looks for ended leases. */
const EXPIRE_EVERY = 250;
/** Milliseconds between looks at what the name in the public URL means. */
const RESOLVE_EVERY = 600_000;
/** Milliseconds that open requests have to end when the tracker stops. */
const CLOSE_PATIENCE = 2_000;

/** @throws ShoalError ERR_LISTEN, ERR_LOCKED, ERR_STATE, ERR_DISK…, ERR_USAGE for a public URL that is none. */
export async function startTracker(options: TrackerOptions): Promise<Tracker> {
  const { dataDir, publicUrl } = options;
  const clock = options.clock ?? systemClock;
  const log: TrackerLog = options.log ?? silentLog;
  const publicHost = publicUrl === undefined ? undefined : hostOf(publicUrl);
  const registry = new Registry({ ...options.registry, open: options.open ?? false }, Math.random);
  const undo: (() => unknown)[] = [];
  try {
    const catalog = await Catalog.open({
      directory: dataDir,
      ...(options.quotas !== undefined && { quotas: options.quotas }),
      onHeldChange: ({ added, removed }) => {
        for (const { infoHash, pieces } of added) registry.allow(infoHash, pieces);
        for (const infoHash of removed) registry.disallow(infoHash);
      },
    });
    undo.push(() => catalog.close());
    const store = new RegistryStore({ directory: dataDir, registry, clock, log });
    await store.load();
    if (publicHost !== undefined) {
      const resolve = (): Promise<void> => resolvePublicHost(publicHost, registry, log);
      await resolve();
      undo.push(stopper(setInterval(() => void resolve(), RESOLVE_EVERY)));
    }
    const announces = new AnnounceCounters();
    const sessions = new TrackerSessions(registry, clock);
    const server = createTrackerServer({ ...DEFAULT_CONNECTION_LIMITS, ...options.connections });
    let connections = 0;
    server.on('connection', (socket) => {
      connections++;
      socket.once('close', () => connections--);
    });
    const metrics = new TrackerMetrics({
      registry,
      sessions,
      announces,
      files: () => catalog.total,
      connections: () => connections,
    });
    const app = await createApp({
      registry,
      catalog,
      sessions,
      clock,
      adminToken: await openTokenFile(options.adminTokenFile ?? join(dataDir, 'admin.token')),
      publicUrl,
      page: options.page ?? PAGE_FOLDER,
      metrics: () => metrics.render(),
      log: options.log,
    });
    undo.push(() => app.close());
    const answerAnnounce = createAnnounceHandler(registry, clock, announces);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (!answerAnnounce(request, response)) app.handle(request, response);
    });
    const bound = await bind(server, options.listen, options.listenOrigin ?? '--listen', options.listenFlag);
    // After binding nothing listens to errors any more; those of accept (out of descriptors, say) pass.
    server.on('error', (error) => log.error(`the tracker cannot take connections now: ${error.message}`));
    undo.push(() => store.close());
    undo.push(stopper(setInterval(() => registry.expire(clock.now()), EXPIRE_EVERY)));
    store.start();
    undo.push(() => closeServer(server));
    let closing: Promise<void> | undefined;
    return {
      url: (publicUrl ?? urlOf(bound)).replace(/\/+$/, ''),
      ...bound,
      close: () => (closing ??= runBackwards(undo)),
    };
  } catch (error) {
    await runBackwards(undo);
    throw error;
  }
}

async function runBackwards(steps: readonly (() => unknown)[]): Promise<void> {
  for (const step of steps.toReversed()) await step();
}

function stopper(timer: NodeJS.Timeout): () => void {
  timer.unref();
  return () => clearInterval(timer);
}

async function closeServer(server: ReturnType<typeof createTrackerServer>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_PATIENCE);
  await closed;
  clearTimeout(timer);
}

function hostOf(publicUrl: string): string {
  const url = URL.parse(publicUrl);
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === '')
    throw new ShoalError('ERR_USAGE', `the public URL ${publicUrl} is not an http or https address`, {
      reason: 'bad_url',
    });
  return url.hostname.replace(/^\[|\]$/g, '');
}

/** A name may mean another address later, or none for a while: then the last one stays. */
async function resolvePublicHost(host: string, registry: Registry, log: TrackerLog): Promise<void> {
  const literal = parseAddress(host);
  if (literal !== undefined) {
    registry.publicAddresses = [literal];
    return;
  }
  try {
    const found = await lookup(host, { all: true });
    registry.publicAddresses = found.flatMap(({ address }) => parseAddress(address) ?? []);
  } catch (error) {
    log.warn(`the host ${host} of the public URL cannot be resolved: ${(error as Error).message}`);
  }
}
