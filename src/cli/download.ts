// Follows one download from its first byte to its last: events told in order, giving up when nothing arrives, leaving
// politely when asked to. Used by get and by the shell; decides nothing about what is fetched.

import { stat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { ShoalError } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import { formatDuration, formatPercent, formatRate, formatSize } from '../base/quantity.ts';
import type { AddOptions, DownloadSummary, TorrentEvent } from '../engine/types.ts';
import { TorrentStore } from '../io/stores/torrent-store.ts';
import { unlessAborted } from './interrupt.ts';
import type { Output } from './output.ts';
import { countOf, DownloadView, describeStall } from './render/download-view.ts';
import { drawTable } from './render/table.ts';
import type { FollowedTorrent, TorrentHost } from './torrent-host.ts';
import type { Wanted } from './wanted.ts';

const LOOK_EVERY = 250;
/** Without a person to press Ctrl-C: seconds without a byte. */
export const UNATTENDED_TIMEOUT = 60;

/**
 * Where `-o` says it goes: an existing directory or a path that ends in a separator takes it under its own name, anything
 * else is the destination itself. So is a directory that an earlier run made of this very torrent.
 */
export async function chooseDestination(
  output: string | undefined,
  infoHash: string,
  state: string,
): Promise<Pick<AddOptions, 'path' | 'directory'>> {
  if (output === undefined) return { directory: resolve('.') };
  const path = resolve(output);
  if (/[/\\]$/.test(output) && (output.endsWith('/') || output.endsWith(sep))) return { directory: path };
  const isDirectory = await stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
  if (!isDirectory) return { path };
  const { record } = await new TorrentStore(state).load(infoHash);
  return record?.path === path ? { path } : { directory: path };
}

export interface FollowOptions {
  output: Output;
  signal: AbortSignal;
  /** Seconds without a byte after which it is given up; 0 is never. */
  timeout: number;
  /** Where other peers reach this session, for the `metadata` event. */
  listen: string;
}

export interface Downloaded {
  torrent: FollowedTorrent;
  summary: DownloadSummary;
}

/** As `follow`, with the progress shown meanwhile. */
export async function download(
  session: Pick<TorrentHost, 'torrents' | 'add'>,
  wanted: Wanted,
  options: AddOptions,
  followOptions: FollowOptions,
): Promise<Downloaded> {
  const { output } = followOptions;
  const find = () => session.torrents.find((torrent) => torrent.infoHash === wanted.infoHash);
  const stopProgress = output.progress(new DownloadView(wanted.label, find, output.unicode));
  try {
    return await follow(session, wanted, options, followOptions);
  } finally {
    stopProgress();
  }
}

/**
 * Adds the torrent and follows it until everything is here; events are told meanwhile. Afterwards the torrent seeds until
 * it is stopped or the session is closed. Rejects with the torrent's own error, with ERR_NO_PEER or ERR_BAD_DATA when
 * nothing came for too long, or with the signal's reason.
 */
export async function follow(
  session: Pick<TorrentHost, 'torrents' | 'add'>,
  wanted: Wanted,
  options: AddOptions,
  followOptions: FollowOptions,
): Promise<Downloaded> {
  const { signal, timeout } = followOptions;
  try {
    const torrent = await unlessAborted(signal, session.add(wanted.source, { ...wanted.options, ...options }));
    const told = tellEvents(torrent, followOptions);
    told.catch(() => {}); // whichever ends the wait first is reported
    const stall = watchForStall(torrent, timeout);
    try {
      const summary = await unlessAborted(signal, Promise.race([told, stall.promise]));
      return { torrent, summary };
    } finally {
      stall.stop();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/** Settles with the summary when `done` comes, and goes on telling warnings until the torrent stops. */
function tellEvents(torrent: FollowedTorrent, follow: FollowOptions): Promise<DownloadSummary> {
  return new Promise((resolve, reject) => {
    const read = async () => {
      for await (const event of torrent.events()) {
        tellEvent(event, torrent, follow);
        if (event.type === 'done') resolve(event.summary);
        else if (event.type === 'failed') reject(event.error);
      }
      reject(new ShoalError('ERR_INTERRUPTED', `"${torrent.status.name}" was stopped before it was complete`));
    };
    read().catch(reject);
  });
}

function tellEvent(event: TorrentEvent, torrent: FollowedTorrent, { output, listen }: FollowOptions): void {
  switch (event.type) {
    case 'metadata': {
      const { name, infoHash, size, pieceCount, pieceLength } = event;
      output.event('metadata', {
        name,
        infoHash,
        size,
        pieces: pieceCount,
        pieceLength,
        path: torrent.status.path,
        listen,
      });
      return;
    }
    case 'piece':
      if (output.verbose) output.event('piece', { index: event.index, from: event.from });
      return;
    case 'badPiece': {
      const from = event.from.map(({ address }) => address).join(', ');
      if (output.verbose) output.event('badPiece', { index: event.index, from: event.from });
      output.detail(`piece ${event.index} from ${printable(from)} failed its hash and is fetched again`);
      return;
    }
    case 'peerConnected':
      output.detail(`connected to ${printable(event.address)} ${printable(event.client)}`.trimEnd());
      return;
    case 'peerDisconnected':
      output.detail(`left ${printable(event.address)}: ${printable(event.reason)}`);
      return;
    case 'warning':
      output.warn(event.message);
      return;
    case 'done':
      output.event('done', { ...event.summary });
      return;
    default:
      return;
  }
}

/** Rejects when no good byte has come for `timeout` seconds. Checking the disk is no stall. */
function watchForStall(torrent: FollowedTorrent, timeout: number): { promise: Promise<never>; stop: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let seen = -1;
  let since = performance.now();
  const promise = new Promise<never>((_resolve, reject) => {
    if (timeout <= 0) return;
    timer = setInterval(() => {
      const { status } = torrent;
      const arrived = status.downloaded - status.wasted + status.pieceCount;
      if (arrived > seen || status.state === 'checking') {
        seen = Math.max(seen, arrived);
        since = performance.now();
      } else if (performance.now() - since >= timeout * 1000) {
        clearInterval(timer);
        reject(stallError(torrent, timeout));
      }
    }, LOOK_EVERY);
  });
  promise.catch(() => {});
  return { promise, stop: () => clearInterval(timer) };
}

function stallError(torrent: FollowedTorrent, timeout: number): ShoalError {
  const { status } = torrent;
  const name = `"${status.name}"`;
  if (status.diskFull !== undefined) {
    const { code, reason, message } = status.diskFull;
    return new ShoalError(code, `${message} and run the command again, it resumes`, { ...(reason && { reason }) });
  }
  const here = status.size === 0 ? '' : ` (${formatPercent(status.have, status.wanted)} is here and kept)`;
  if (status.failedPieces > 0)
    return new ShoalError(
      'ERR_BAD_DATA',
      `what came for ${name} failed its hash ${status.failedPieces} times, and nothing good came for ${timeout} seconds${here}; try again when other peers share it`,
    );
  return new ShoalError(
    'ERR_NO_PEER',
    `nothing arrived for ${name} in ${timeout} seconds: ${describeStall(torrent)}${here}; try again later, or wait longer with --timeout`,
  );
}

/** The end of a download in words, and who gave what. */
export function reportDownload(
  output: Output,
  { name, path, size, have, downloaded, reused, seconds, peers }: DownloadSummary,
) {
  const parts = [
    `${printable(name)}: ${have === size ? formatSize(size) : `${formatSize(have)} of ${formatSize(size)}`}`,
  ];
  if (downloaded > 0)
    parts.push(`fetched in ${formatDuration(seconds)} (${formatRate(downloaded / Math.max(0.001, seconds))})`);
  if (reused > 0) parts.push(`${reused === have ? 'all of it' : formatSize(reused)} was here already`);
  output.result(parts.join(', '));
  output.result(`in ${printable(path)}`);
  if (peers.length === 0) return;
  const rows = [...peers]
    .sort((a, b) => b.bytes - a.bytes)
    .map(({ address, client, bytes }) => [
      printable(address),
      printable(client),
      formatSize(bytes),
      formatPercent(bytes, downloaded),
    ]);
  const columns = [
    { title: `FROM ${countOf(peers.length, 'peer')}` },
    { title: 'CLIENT', shrinks: true },
    { title: 'GAVE', align: 'right' as const },
    { title: '', align: 'right' as const },
  ];
  for (const line of drawTable(columns, rows, output.columns)) output.result(line);
}
