// Names inside the state directory that the daemon and the commands that drive it agree on.

import { join } from 'node:path';

/** The daemon's own folder. Its lock is held as long as the daemon runs. */
export function daemonFolder(state: string): string {
  return join(state, 'daemon');
}

/** A record that says where a running daemon is to be reached. */
export const RUNNING_FILE = 'running';
/** The token that programs, the page and other machines use. */
export const API_TOKEN_FILE = 'api.token';
/** The token of the user the daemon runs as: its holder may name any path. */
export const OWNER_TOKEN_FILE = 'owner.token';

export interface RunningDaemon {
  /** Base URL of the API. */
  url: string;
  pid: number;
}
