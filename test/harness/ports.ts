// Free ports for programs that cannot choose one themselves and say which.

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Ports that no system hands out by itself (32,768 and more on Linux, 49,152 and more elsewhere): what a program of a
 * parallel test gets for an outgoing connection, or for port 0, cannot be one of these before ours listens there.
 */
const FIRST = 20_000;
const LAST = 32_767;
const TRIES = 100;

const given = new Set<number>();

/** A port that was free a moment ago, never the same twice, and that nobody gets unless it is asked for by number. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let i = 0; i < TRIES; i++) {
    const port = randomInt(FIRST, LAST + 1);
    if (given.has(port) || !(await isFree(port, host))) continue;
    given.add(port);
    return port;
  }
  throw new Error('no port');
}

/** Whether a program could listen there now. */
export async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
