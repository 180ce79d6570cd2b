// The long-running peer, put together: one session, the list of its torrents, the API in front. Opens everything in order
// and gives it back in the opposite one; who calls it decides about signals and output.

import { rm } from 'node:fs/promises';
import type { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { daemonEndpoints } from '../api/daemon-endpoints.ts';
import { daemonRoutes } from '../api/daemon-routes.ts';
import type { SessionReply, TorrentRow } from '../api/daemon-schemas.ts';
import type { Endpoint } from '../base/endpoint.ts';
import { Session } from '../engine/session.ts';
import type { SessionOptions } from '../engine/types.ts';
import { openTokenFile, readTokenFile } from '../http/bearer-token.ts';
import { PAGE_FOLDER } from '../http/page-folder.ts';
import { freeSpace } from '../io/disk/free-space.ts';
import { openIdentity } from '../io/identity.ts';
import { lock } from '../io/lock.ts';
import { ensurePrivateDirectory } from '../io/paths.ts';
import { FilePins } from '../io/stores/pins.ts';
import { TorrentStore } from '../io/stores/torrent-store.ts';
import {
  bind,
  type ConnectionLimits,
  createTrackerServer,
  DEFAULT_CONNECTION_LIMITS,
  urlOf,
} from '../tracker/listen.ts';
import { AccessControl, type AccessOptions } from './access.ts';
import { ActivityLog } from './activity-log.ts';
import { describeAdded } from './add-torrent.ts';
import { AllowedRoots } from './allowed-roots.ts';
import { AlternativeLimits } from './alternative-limits.ts';
import { createDaemonApp } from './app.ts';
import { API_TOKEN_FILE, daemonFolder, OWNER_TOKEN_FILE, RUNNING_FILE, type RunningDaemon } from './daemon-folder.ts';
import { DaemonSettings, type FixedSettings } from './daemon-settings.ts';
import { EventFeed } from './event-feed.ts';
import { FreeRoom } from './free-room.ts';
import { allRows, daemonHandlers, daemonOpenApi } from './handlers.ts';
import { RateHistory } from './rate-history.ts';
import { writeRecord } from './record-file.ts';
import { ShareJobs } from './share-jobs.ts';
import { FileStreams } from './stream-files.ts';
import { StreamGrants } from './stream-grants.ts';
import { TorrentList } from './torrent-list.ts';
import { Torrents } from './torrents.ts';
import { Uploads } from './uploads.ts';
import { WatchFolder } from './watch-folder.ts';

export interface DaemonOptions {
  /** Where everything is kept; the whole directory is the daemon's while it runs. */
  state: string;
  /** Absolute; made when something comes. */
  downloads: string;
  /** Where files go that callers send; absolute. Default `shared` in `downloads`. */
  shareRoot?: string;
  /** Directories below which callers of the API may have data put, besides `downloads`. */
  roots?: readonly string[];
  /** Where the API listens; port 0: any. */
  api: Endpoint;
  /** What gave that address, for error messages. */
  apiOrigin: string;
  /** More names the API is reached by, such as `host:port` of a proxy. */
  names?: readonly string[];
  session: Omit<SessionOptions, 'state' | 'down' | 'up' | 'limitLan' | 'schedule' | 'maxConnections'>;
  fixed?: FixedSettings;
  version: string;
  /** Where the built page is; default where the build puts it. */
  page?: string;
  /** Milliseconds between looks at the watched folder. */
  watchEvery?: number;
  /** A program asked it to end; who started it closes it. */
  onStopAsked?: () => void;
  failures?: AccessOptions['failures'];
  connections?: Partial<ConnectionLimits>;
  log?: Logger | undefined;
}

export interface Daemon {
  /** Base URL of API and page. */
  readonly url: string;
  /** The address the API is bound to. */
  readonly host: string;
  readonly token: string;
  readonly tokenFile: string;
  /** Where other peers reach it. */
  readonly listen: readonly string[];
  readonly torrents: Torrents;
  /** Limits of all torrents together that hold now, in bytes per second; 0: none. */
  readonly rates: { readonly down: number; readonly up: number };
  /** Every route that is served. */
  readonly routes: readonly { method: string; path: string; policy: string | undefined }[];
  /** Takes over what flags, environment and config file fix now. */
  refix(fixed: FixedSettings): void;
  /** Stops everything politely. Afterwards the same options open it again as it was. */
  close(): Promise<void>;
}

const CLOSE_PATIENCE = 2000;

/** Throws ERR_LOCKED when the state directory has a daemon, ERR_LISTEN and ERR_STATE. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const undo: (() => unknown)[] = [];
  const log = options.log ?? SILENT;
  try {
    const folder = daemonFolder(options.state);
    ensurePrivateDirectory(options.state);
    ensurePrivateDirectory(folder);
    const held = await lock(folder, 'shoal daemon');
    undo.push(() => held.release());
    const warn = (message: string): void => log.warn(message);
    const settings = await DaemonSettings.open(join(folder, 'settings'), options.fixed ?? {}, warn);
    const tokenFile = join(folder, API_TOKEN_FILE);
    const [token, ownerToken] = [await tokenOf(tokenFile), await tokenOf(join(folder, OWNER_TOKEN_FILE))];
    const session = await Session.open({ ...options.session, state: options.state, purpose: 'shoal daemon' });
    undo.push(() => session.close());
    const store = new TorrentStore(options.state);
    const now = (): number => Date.now();
    const history = await RateHistory.open(join(folder, 'history'), now, warn);
    undo.push(() => history.close());
    const activity = await ActivityLog.open(join(folder, 'activity'), now, warn);
    undo.push(() => activity.close());
    const torrents = new Torrents({
      session,
      history,
      activity,
      store,
      list: new TorrentList(join(folder, 'torrents')),
      now,
      log,
      limits: () => settings.current,
    });
    undo.push(() => torrents.close());
    let alternative: AlternativeLimits | undefined;
    settings.onChange = () => {
      alternative?.look();
      const { maxConnections, limitLan } = settings.current;
      const { schedule, down, up } = settings.rates;
      session.setLimits({ down, up, limitLan });
      session.setSchedule(schedule);
      session.setMaxConnections(maxConnections);
      torrents.look();
    };
    settings.onChange();
    const byClock = new AlternativeLimits(settings, () => new Date(now()), warn);
    alternative = byClock;
    undo.push(() => byClock.close());
    await torrents.load();
    const shareRoot = options.shareRoot ?? join(options.downloads, 'shared');
    const roots = new AllowedRoots([options.downloads, shareRoot, ...(options.roots ?? [])], options.state);
    const access = new AccessControl({
      token,
      ownerToken,
      names: options.names ?? [],
      ...(options.failures === undefined ? {} : { failures: options.failures }),
    });
    const identity = await openIdentity(options.state);
    const known = { shareRoot, publisher: identity.publicKey };
    const describe = describer(options, session, torrents, settings, roots, known, now());
    const trackers = options.session.trackers ?? [];
    const shared = {
      session,
      torrents,
      settings,
      store,
      describe,
      downloads: options.downloads,
      roots,
      trackers,
      pins: new FilePins(join(options.state, 'pins')),
      now,
    };
    const uploads = await Uploads.open(shareRoot, now);
    undo.push(() => uploads.close());
    const shares = await ShareJobs.open({ ...shared, identity, activity, log, file: join(folder, 'shares') });
    undo.push(() => shares.close());
    const watch = new WatchFolder({
      folder: () => settings.current.watch,
      async add(watched) {
        const place = { position: torrents.lastPosition, run: settings.current.startAdded };
        const { entry, torrent } = await describeAdded(watched, shared, { owner: false }, place);
        await torrents.add(entry, torrent);
      },
      tell: (level, text) => activity.add({ kind: 'warning', level, infoHash: null, name: null, text }),
      ...(options.watchEvery === undefined ? {} : { every: options.watchEvery }),
    });
    undo.push(() => watch.close());
    const feed = new EventFeed({
      rows: () => allRows(torrents),
      session: describe,
      activity,
      lists: () => ({ uploads: uploads.rows, shares: shares.rows }),
    });
    undo.push(() => feed.close());
    const handlers = daemonHandlers({
      ...shared,
      publisher: identity.publicKey,
      access,
      feed,
      history,
      activity,
      uploads,
      shares,
      grants: new StreamGrants((torrent) => torrents.find(torrent.infoHash) === torrent, now),
      streams: new FileStreams(),
      openApi: ({ host }) =>
        daemonOpenApi(options.version, `http://${host}`, { endpoints: daemonEndpoints, routes: daemonRoutes }),
    });
    const rpc = { ...shared, configDirectory: folder, stop: () => options.onStopAsked?.() };
    const limits = { ...DEFAULT_CONNECTION_LIMITS, ...options.connections };
    const page = options.page ?? PAGE_FOLDER;
    const bodyTimeout = limits.requestTimeout;
    const app = await createDaemonApp({ access, handlers, rpc, page, bodyTimeout, log: options.log });
    undo.push(() => app.close());
    const server = createTrackerServer({ ...limits, requestTimeout: 0 });
    server.on('request', (request: IncomingMessage, response: ServerResponse) => app.handle(request, response));
    const bound = await bind(server, options.api, options.apiOrigin, '--api');
    server.on('error', (error) => log.warn(`the API cannot take connections now: ${error.message}`));
    undo.push(() => closeServer(server));
    undo.push(() => feed.close());
    const url = urlOf(bound);
    const running: RunningDaemon = { url, pid: process.pid };
    await writeRecord(join(folder, RUNNING_FILE), running);
    undo.push(() => rm(join(folder, RUNNING_FILE), { force: true }));
    let closing: Promise<void> | undefined;
    return {
      url,
      host: bound.host,
      token,
      tokenFile,
      listen: session.listenAddresses,
      torrents,
      get rates() {
        return session.limits;
      },
      routes: app.routes,
      refix(fixed) {
        settings.refix(fixed);
      },
      close: () => (closing ??= runBackwards(undo)),
    };
  } catch (error) {
    await runBackwards(undo);
    throw error;
  }
}

const SILENT = { warn() {} };

async function tokenOf(path: string): Promise<string> {
  await openTokenFile(path);
  return readTokenFile(path);
}

function describer(
  options: DaemonOptions,
  session: Session,
  torrents: Torrents,
  settings: DaemonSettings,
  roots: AllowedRoots,
  known: Pick<SessionReply, 'shareRoot' | 'publisher'>,
  started: number,
): (rows?: readonly TorrentRow[]) => Promise<SessionReply> {
  const room = new FreeRoom(async () => (await freeSpace(options.downloads)).free);
  // `rows`: those of all torrents, for who has just made them.
  return async (rows) => {
    const rates = { down: 0, up: 0 };
    const counts = { all: 0, active: 0, paused: 0, failed: 0 };
    for (const [position, torrent] of torrents.ordered().entries()) {
      counts.all++;
      if (torrent.error !== undefined) counts.failed++;
      else if (torrent.entry.wanted === 'pause') counts.paused++;
      else if (torrent.running !== undefined) counts.active++;
      // Not of its status: of those to whom nobody comes the row is there already.
      const { down, up } = rows?.[position] ?? torrent.row(position);
      rates.down += down;
      rates.up += up;
    }
    return {
      version: options.version,
      started,
      port: session.port,
      listen: [...session.listenAddresses],
      downloads: options.downloads,
      roots: [...roots.roots],
      ...known,
      trackers: [...(options.session.trackers ?? [])],
      free: await room.bytes(),
      ...rates,
      ...torrents.traffic,
      torrents: counts,
      settings: settings.current,
      locked: settings.locked,
    };
  };
}

async function runBackwards(steps: readonly (() => unknown)[]): Promise<void> {
  for (const step of steps.toReversed()) await step();
}

async function closeServer(server: ReturnType<typeof createServer>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_PATIENCE);
  await closed;
  clearTimeout(timer);
}
