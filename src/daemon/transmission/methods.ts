// The methods of Transmission's RPC (legacy dialect, rpc-spec of 4.0), as commands on the daemon's torrents.

import type { AddBody, ChangeBody, SessionReply, TorrentLimits } from '../../api/daemon-schemas.ts';
import type { Session } from '../../engine/session.ts';
import type { TrackerStatus } from '../../engine/types.ts';
import { freeSpace } from '../../io/disk/free-space.ts';
import type { TorrentStore } from '../../io/stores/torrent-store.ts';
import { sanitizeName } from '../../protocol/names.ts';
import { type AddContext, describeAdded, wantFiles } from '../add-torrent.ts';
import type { DaemonSettings } from '../daemon-settings.ts';
import { changePriorities } from '../file-choice.ts';
import { choicesOf } from '../file-lists.ts';
import type { ManagedTorrent } from '../managed-torrent.ts';
import { piecesOf } from '../torrent-details.ts';
import { tiersOf } from '../torrent-trackers.ts';
import type { Torrents } from '../torrents.ts';
import { type Arguments, RpcFailure } from './arguments.ts';
import { readFileLists } from './file-choices.ts';
import { describeSession, readSessionChange, type SessionFacts } from './session-fields.ts';
import { type Facts, needsMetadata, needsTrackers, SPEED_UNIT, shownName, TORRENT_FIELDS } from './torrent-fields.ts';
import { isRecentlyActive, type TorrentIds } from './torrent-ids.ts';
import { changeTiers } from './tracker-changes.ts';

export interface MethodContext extends AddContext {
  readonly session: Session;
  readonly torrents: Torrents;
  readonly settings: DaemonSettings;
  readonly store: TorrentStore;
  readonly describe: () => Promise<SessionReply>;
  readonly ids: TorrentIds;
  readonly sessionId: string;
  /** The daemon's own directory. */
  readonly configDirectory: string;
  /** Asked to end the daemon. */
  readonly stop: () => void;
}

type Method = (args: Arguments, context: MethodContext) => Promise<Record<string, unknown>> | Record<string, unknown>;

async function factsOf(context: MethodContext): Promise<SessionFacts> {
  const { sessionId, configDirectory } = context;
  return { ...(await context.describe()), sessionId, configDirectory };
}

/** Runs a command on each torrent that the call means; the first failure is told when all were tried. */
function each(command: (torrent: ManagedTorrent, context: MethodContext) => Promise<unknown>): Method {
  return async (args, context) => {
    const failures: unknown[] = [];
    for (const torrent of context.ids.choose(args.raw('ids')))
      await command(torrent, context).catch((error) => failures.push(error));
    if (failures.length > 0) throw failures[0];
    return {};
  };
}

async function getTorrents(args: Arguments, context: MethodContext): Promise<Record<string, unknown>> {
  const fields = (args.texts('fields') ?? []).filter((field) => Object.hasOwn(TORRENT_FIELDS, field));
  if (args.raw('fields') === undefined) throw new RpcFailure('no fields specified');
  const ids = args.raw('ids');
  const chosen = context.ids.choose(ids);
  const positions = new Map(context.torrents.ordered().map((torrent, position) => [torrent, position]));
  const rows: unknown[][] = [];
  for (const torrent of chosen) {
    const facts = await collectFacts(torrent, positions.get(torrent) ?? 0, fields, context);
    rows.push(fields.map((field) => TORRENT_FIELDS[field]!(facts)));
  }
  const removed = isRecentlyActive(ids) ? { removed: context.ids.removed } : {};
  if (args.text('format') === 'table') return { torrents: [fields, ...rows], ...removed };
  const objects = rows.map((row) => Object.fromEntries(fields.map((field, index) => [field, row[index]])));
  return { torrents: objects, ...removed };
}

async function collectFacts(
  torrent: ManagedTorrent,
  position: number,
  fields: readonly string[],
  { ids, store, now, trackers: usual }: MethodContext,
): Promise<Facts> {
  const metainfo = needsMetadata(fields) ? await torrent.metainfo() : undefined;
  const trackers = needsTrackers(fields) ? await trackersOf(torrent, usual) : [];
  const pieces = metainfo === undefined ? new Uint8Array(0) : (await piecesOf(torrent, store)).states;
  return { id: ids.idOf(torrent), torrent, row: torrent.row(position), metainfo, trackers, pieces, now: now() };
}

async function trackersOf(torrent: ManagedTorrent, usual: readonly string[]): Promise<readonly TrackerStatus[]> {
  const live = torrent.running?.trackers;
  if (live !== undefined) return live;
  const tiers = await tiersOf(torrent, usual);
  return tiers.flatMap((urls, tier) => urls.map((url) => ({ url, tier, lastAnswer: 0 })));
}

/** What torrent-get tells of each and nobody can change here; saying it back is fine. */
const FIXED = { bandwidthPriority: 0, 'peer-limit': 60, honorsSessionLimits: true, group: '' } as const;

function refuseFixed(args: Arguments): void {
  for (const [name, value] of Object.entries(FIXED)) {
    const wanted = args.raw(name) ?? value;
    if (wanted !== value) throw new RpcFailure(`${name} cannot be changed here; it is ${JSON.stringify(value)}`);
  }
}

async function addTorrent(args: Arguments, context: MethodContext): Promise<Record<string, unknown>> {
  const { torrents, settings, ids } = context;
  refuseFixed(args);
  const lists = readFileLists(args);
  const directory = args.text('download-dir');
  const labels = args.texts('labels');
  const body: AddBody = {
    ...sourceOf(args),
    ...(directory === undefined || directory === '' ? {} : { directory }),
    ...(labels === undefined ? {} : { labels: checkLabels(labels) }),
  };
  const run = args.flag('paused') === undefined ? settings.current.startAdded : args.flag('paused') === false;
  const caller = { owner: false };
  const { entry, torrent, metainfo } = await describeAdded(body, context, caller, {
    position: torrents.lastPosition,
    run,
  });
  const isNew = torrents.find(entry.infoHash) === undefined;
  if (isNew && lists.length > 0) {
    if (metainfo === undefined) entry.listed = lists;
    else
      wantFiles(entry, metainfo, changePriorities(metainfo, entry.priorities, choicesOf(metainfo, undefined, lists)));
  }
  const managed = await torrents.add(entry, torrent);
  const told = { id: ids.idOf(managed), name: managed.entry.name, hashString: managed.infoHash };
  return { [isNew ? 'torrent-added' : 'torrent-duplicate']: told };
}

function sourceOf(args: Arguments): Pick<AddBody, 'magnet' | 'torrent' | 'url'> {
  const metainfo = args.text('metainfo');
  if (metainfo !== undefined && metainfo !== '') return { torrent: metainfo.replace(/\s/g, '') };
  const filename = args.text('filename') ?? '';
  if (/^magnet:/i.test(filename)) return { magnet: filename };
  if (/^https?:\/\//i.test(filename)) return { url: filename };
  if (/^[0-9a-f]{40}$/i.test(filename)) return { magnet: `magnet:?xt=urn:btih:${filename}` };
  throw new RpcFailure('filename is no magnet link and no http address; send the content of a file as metainfo');
}

function checkLabels(labels: string[]): string[] {
  for (const label of labels)
    if (label.length > 64 || label === '' || /[,\u0000-\u001f\u007f]/.test(label))
      throw new RpcFailure('a label has 1 to 64 characters and no comma');
  if (labels.length > 32) throw new RpcFailure('a torrent has at most 32 labels');
  return labels;
}

const MODES = [undefined, 'own', 'none'] as const;

async function setTorrents(args: Arguments, context: MethodContext): Promise<Record<string, unknown>> {
  refuseFixed(args);
  const lists = readFileLists(args);
  const labels = args.texts('labels');
  const position = args.number('queuePosition');
  const sequential = args.flag('sequentialDownload');
  if (labels !== undefined) checkLabels(labels);
  for (const torrent of context.ids.choose(args.raw('ids'))) {
    const change: ChangeBody = { limits: limitsAfter(args, torrent.entry.limits) };
    if (labels !== undefined) change.labels = labels;
    if (position !== undefined) change.position = Math.trunc(position);
    if (sequential !== undefined) change.sequential = sequential;
    const tiers = changeTiers(args, await tiersOf(torrent, context.trackers));
    if (tiers !== undefined) change.onlyTrackers = tiers;
    await context.torrents.change(torrent, change);
    if (lists.length > 0) await context.torrents.listFiles(torrent, lists);
  }
  return {};
}

function limitsAfter(args: Arguments, before: TorrentLimits): TorrentLimits {
  const limits: TorrentLimits = { ...before };
  for (const [key, value, enabled] of [
    ['down', 'downloadLimit', 'downloadLimited'],
    ['up', 'uploadLimit', 'uploadLimited'],
  ] as const) {
    const rate = args.number(value);
    const isOn = args.flag(enabled) ?? (before[key] ?? 0) > 0;
    if (!isOn) delete limits[key];
    else if (rate !== undefined) limits[key] = Math.round(rate * SPEED_UNIT);
  }
  for (const [key, value, mode, unit] of [
    ['ratio', 'seedRatioLimit', 'seedRatioMode', 1],
    ['idleTime', 'seedIdleLimit', 'seedIdleMode', 60],
  ] as const) {
    const goal = args.number(value);
    const number = args.number(mode, 0, 2);
    const known = before[key] === undefined ? undefined : before[key] === null ? 'none' : 'own';
    const chosen = number === undefined ? known : MODES[number];
    if (chosen === undefined) delete limits[key];
    else if (chosen === 'none') limits[key] = null;
    else if (goal !== undefined) limits[key] = key === 'ratio' ? goal : Math.round(goal * unit);
  }
  return limits;
}

async function removeTorrents(args: Arguments, context: MethodContext): Promise<Record<string, unknown>> {
  const data = args.flag('delete-local-data') === true;
  return each((torrent) => context.torrents.remove(torrent, data))(args, context);
}

async function moveTorrents(args: Arguments, context: MethodContext): Promise<Record<string, unknown>> {
  const location = args.text('location');
  if (location === undefined) throw new RpcFailure('no location');
  if (args.flag('move') === false) throw new RpcFailure('data can be moved, not looked for elsewhere; set move');
  const directory = await context.roots.check(location);
  return each((torrent) => context.torrents.move(torrent, directory))(args, context);
}

/** The torrent's own file or folder gets another name; what is in it is found by the names of the metadata. */
async function renamePath(args: Arguments, context: MethodContext): Promise<Record<string, unknown>> {
  const [torrent, ...more] = context.ids.choose(args.raw('ids'));
  const path = args.text('path');
  const name = args.text('name') ?? '';
  if (torrent === undefined || more.length > 0) throw new RpcFailure('torrent-rename-path requires 1 torrent');
  if (path !== shownName(torrent.row(0)))
    throw new RpcFailure(
      'only the torrent itself can be renamed; files in it keep the names their publisher gave them',
    );
  if (name === '' || name !== sanitizeName(name)) throw new RpcFailure('name is no name of a file or folder');
  await context.torrents.rename(torrent, name);
  return { path, name, id: context.ids.idOf(torrent) };
}

/** The places of the torrents after a move of the chosen ones; they keep their order among themselves. */
function queueMove(where: 'top' | 'up' | 'down' | 'bottom'): Method {
  return async (args, { ids, torrents }) => {
    const chosen = ids.choose(args.raw('ids'));
    const inOrder = torrents.ordered().filter((torrent) => chosen.includes(torrent));
    // From the far end, so that none is pushed back by the next.
    const steps = where === 'top' || where === 'down' ? inOrder.toReversed() : inOrder;
    for (const torrent of steps) {
      const at = torrents.ordered().indexOf(torrent);
      const position = { top: 0, up: Math.max(0, at - 1), down: at + 1, bottom: torrents.size }[where];
      await torrents.change(torrent, { position });
    }
    return {};
  };
}

async function tellStats(_args: Arguments, context: MethodContext): Promise<Record<string, unknown>> {
  const { down, up, downloaded, uploaded, torrents, started } = await context.describe();
  const stats = {
    uploadedBytes: uploaded,
    downloadedBytes: downloaded,
    filesAdded: torrents.all,
    sessionCount: 1,
    secondsActive: Math.floor((context.now() - started) / 1000),
  };
  return {
    activeTorrentCount: torrents.active,
    downloadSpeed: down,
    pausedTorrentCount: torrents.all - torrents.active,
    torrentCount: torrents.all,
    uploadSpeed: up,
    'current-stats': stats,
    'cumulative-stats': {
      ...stats,
      uploadedBytes: sum(context.torrents, 'uploaded'),
      downloadedBytes: sum(context.torrents, 'downloaded'),
    },
  };
}

function sum(torrents: Torrents, name: 'uploaded' | 'downloaded'): number {
  return torrents.ordered().reduce((total, { entry }) => total + entry[name], 0);
}

const unavailable =
  (what: string): Method =>
  () => {
    throw new RpcFailure(what);
  };

const start = each((torrent, { torrents }) => torrents.resume(torrent));

export const METHODS: Readonly<Record<string, Method>> = {
  'session-get': async (args, context) => {
    const session = describeSession(await factsOf(context));
    const fields = args.texts('fields');
    if (fields === undefined) return session;
    return Object.fromEntries(Object.entries(session).filter(([name]) => fields.includes(name)));
  },
  'session-set': async (args, context) => {
    await context.settings.change(readSessionChange(args, await factsOf(context)));
    return {};
  },
  'session-stats': tellStats,
  'session-close': (_args, { stop }) => {
    stop();
    return {};
  },
  'torrent-get': getTorrents,
  'torrent-add': addTorrent,
  'torrent-set': setTorrents,
  'torrent-remove': removeTorrents,
  'torrent-start': start,
  'torrent-start-now': start,
  'torrent-stop': each((torrent, { torrents }) => torrents.pause(torrent)),
  'torrent-verify': each((torrent, { torrents }) => torrents.verify(torrent)),
  'torrent-reannounce': each(async (torrent) => torrent.running?.announceTo([])),
  'torrent-set-location': moveTorrents,
  'torrent-rename-path': renamePath,
  'queue-move-top': queueMove('top'),
  'queue-move-up': queueMove('up'),
  'queue-move-down': queueMove('down'),
  'queue-move-bottom': queueMove('bottom'),
  'free-space': async (args, context) => {
    const path = args.text('path') ?? '';
    const { free, total } = await freeSpace(await context.roots.check(path));
    return { path, 'size-bytes': free, total_size: total };
  },
  'port-test': unavailable('nobody is asked whether the port can be reached; see shoal where on the tracker'),
  'blocklist-update': unavailable('there is no block list'),
  'group-get': () => ({ group: [] }),
  'group-set': unavailable('there are no bandwidth groups'),
};
