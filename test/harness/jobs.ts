// The two commands nearly every end-to-end test begins with: share something, get it by name. Loopback, free ports.

import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { type ShoalEvent, type ShoalProcess, type SpawnOptions, spawnShoal } from './shoal.ts';

export const FULL = process.env.SHOAL_FULL === '1';

export interface Shared {
  process: ShoalProcess;
  name: string;
  infoHash: string;
  magnet: string;
  /** The port others connect to. */
  port: number;
}

interface JobOptions extends SpawnOptions {
  /** More words for the command line. */
  args?: readonly string[];
  /** Announced and asked trackers. */
  trackers: readonly string[];
}

function trackerWords(trackers: readonly string[]): string[] {
  return trackers.flatMap((url) => ['--tracker', url]);
}

/** Starts `shoal share` and waits until others can fetch all of it; returns the first entry. */
export async function share(path: string | readonly string[], options: JobOptions): Promise<Shared> {
  const { args = [], trackers, ...rest } = options;
  const paths = typeof path === 'string' ? [path] : path;
  const process = await spawnShoal(
    ['share', ...paths, '--json', '--listen', '127.0.0.1:0', ...trackerWords(trackers), ...args],
    rest,
  );
  const entries = args.includes('--name') ? 1 : paths.length;
  const sharing = await process.until(() => {
    const events = process.all('sharing');
    return events.length === entries && events[0];
  }, `sharing of ${entries}`);
  return {
    process,
    name: String(sharing.name),
    infoHash: String(sharing.infoHash),
    magnet: String(sharing.magnet),
    port: Number(/(\d+)\W*$/.exec(String(sharing.listen))?.[1]),
  };
}

/** Starts `shoal get` with JSON events. */
export async function startGet(source: string, destination: string, options: JobOptions): Promise<ShoalProcess> {
  const { args = [], trackers, ...rest } = options;
  return await spawnShoal(
    ['get', source, '-o', destination, '--json', '--listen', '127.0.0.1:0', ...trackerWords(trackers), ...args],
    rest,
  );
}

/**
 * Seeds content that is there already under the torrent's own name, as somebody else than its publisher would: checked
 * first, never changed.
 */
export async function seed(source: string, path: string, options: JobOptions): Promise<ShoalProcess> {
  const process = await startGet(source, `${dirname(path)}/`, {
    ...options,
    args: ['--seed', ...(options.args ?? [])],
  });
  const done = await untilDone(process);
  assert.equal(done.downloaded, 0, 'a seed needs nothing');
  return process;
}

/** What `done` says, as far as tests look at it. */
export interface Done extends ShoalEvent {
  path: string;
  size: number;
  have: number;
  downloaded: number;
  reused: number;
  wasted: number;
  peers: { address: string; client: string; bytes: number }[];
}

/** Waits for `done`. */
export async function untilDone(process: ShoalProcess, patience?: number): Promise<Done> {
  return (await process.event('done', undefined, patience)) as Done;
}

/** Gets to the end: exit code 0 and what `done` said. */
export async function get(source: string, destination: string, options: JobOptions): Promise<Done> {
  const process = await startGet(source, destination, options);
  const done = await untilDone(process);
  assert.equal(await process.code(), 0);
  return done;
}

/** Bytes verified and written by the last progress line; 0 before the first. */
export function lastHave(process: ShoalProcess): number {
  return Number(process.all('progress').at(-1)?.have ?? 0);
}

/** The .torrent file of a catalog entry, as the tracker hands it out. */
export async function torrentFile(tracker: string, name: string): Promise<Uint8Array> {
  const reply = await fetch(`${tracker.replace(/\/$/, '')}/api/v1/files/${encodeURIComponent(name)}/torrent`);
  assert.equal(reply.status, 200, await reply.clone().text());
  return new Uint8Array(await reply.arrayBuffer());
}
