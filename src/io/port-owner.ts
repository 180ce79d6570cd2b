// Which process listens on a TCP port, so that an error can name it. Linux only, by /proc, and only for processes this
// user may look into; everywhere else the answer is that it is not known. Never fails.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { printable } from '../base/printable.ts';

export interface PortOwner {
  pid: number;
  /** How its command line begins; untrusted text. '' when unknown. */
  command: string;
}

/** State LISTEN in /proc/net/tcp. */
const LISTENING = '0A';
/** Characters of a command line that an error message shows. */
const MAX_COMMAND = 60;

/** Undefined when nobody listens there, or it cannot be found out. */
export function findPortOwner(port: number): PortOwner | undefined {
  const sockets = new Set([...listeningSockets('/proc/net/tcp', port), ...listeningSockets('/proc/net/tcp6', port)]);
  if (sockets.size === 0) return undefined;
  for (const pid of list('/proc')) {
    if (!/^[0-9]+$/.test(pid)) continue;
    for (const fd of list(`/proc/${pid}/fd`))
      if (sockets.has(linkTarget(`/proc/${pid}/fd/${fd}`))) return { pid: Number(pid), command: commandOf(pid) };
  }
  return undefined;
}

/** ` by process 4711 (node server.js)` or, when that is not known, nothing: to follow the words "port 7070 is taken". */
export function describePortOwner(port: number): string {
  const owner = findPortOwner(port);
  if (owner === undefined) return '';
  return owner.command === '' ? ` by process ${owner.pid}` : ` by process ${owner.pid} (${printable(owner.command)})`;
}

function commandOf(pid: string): string {
  const [program = '', ...rest] = readText(`/proc/${pid}/cmdline`).split('\0');
  const words = [basename(program), ...rest].join(' ').trim();
  return words.length > MAX_COMMAND ? `${words.slice(0, MAX_COMMAND)}…` : words;
}

/** Names of sockets as the links in /proc/PID/fd show them. */
function listeningSockets(table: string, port: number): string[] {
  const found: string[] = [];
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  for (const line of readText(table).split('\n').slice(1)) {
    // Number, local address:port, remote, state, queues, timer, retransmits, user, timeout, inode.
    const fields = line.trim().split(/\s+/);
    if (fields[3] === LISTENING && fields[1]?.split(':')[1] === wanted) found.push(`socket:[${fields[9]}]`);
  }
  return found;
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
