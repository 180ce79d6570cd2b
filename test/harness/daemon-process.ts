// `shoal daemon` as a process of its own, and the commands that drive it.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, runShoal, type ShoalEvent, type ShoalProcess, spawnShoal } from './shoal.ts';

const LOOPBACK = '127.0.0.1:0';

export interface Running {
  process: ShoalProcess;
  state: string;
  downloads: string;
  ready: ShoalEvent;
}

/** In `directory`, which it may have been in before. */
export async function startDaemon(
  trackers: readonly string[],
  directory: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Running> {
  const state = join(directory, 'state');
  const downloads = join(directory, 'downloads');
  await mkdir(state, { recursive: true });
  const words = ['daemon', '--json', '--api', LOOPBACK, '--listen', LOOPBACK, '--downloads', downloads];
  const process = await spawnShoal([...words, ...trackers.flatMap((url) => ['--tracker', url]), ...args], {
    state,
    env,
  });
  return { process, state, downloads, ready: await process.event('ready') };
}

/** Events of one command on a daemon's state directory. */
export async function drive({ state }: { state: string }, ...words: string[]): Promise<ShoalEvent[]> {
  const command = await runShoal([...words, '--json'], { state });
  assert.equal(command.ended.code, 0, `${words.join(' ')}: ${command.stdout}${command.stderr}`);
  return command.events;
}

/** Until `status` says so of the torrent. */
export async function untilState(daemon: Running, name: string, wanted: string): Promise<ShoalEvent> {
  return eventually(async () => {
    const [torrent] = await drive(daemon, 'status', name);
    return torrent?.state === wanted && torrent;
  }, `${name} to be ${wanted}`);
}
