// One holder at a time for a folder, across processes. A holder is known by process id and start time, so that a lock
// whose process died, or whose id now belongs to another process, is nobody's. Never takes a lock away from the living.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ShoalError } from '../base/errors.ts';
import { errnoOf, toDiskError } from './disk/disk-error.ts';
import { ensurePrivateDirectory } from './paths.ts';

export interface Lock {
  release(): Promise<void>;
}

interface Holder {
  pid: number;
  /** What only this process with this id has; '' where the system does not tell. */
  start: string;
  description: string;
}

/*
 * Each process that wants the lock makes a file of its own, `lock.claim.UNIQUE`, and has the lock once it has looked and
 * seen no other. So of two that come at once at least one sees the other. The one with the smaller name then stays and
 * looks again, the other withdraws and comes back when nobody is there. A claim keeps its name as long as it is held,
 * because one that is being renamed can be missed by who reads the folder. Who has the lock adds `lock.held.UNIQUE`, which
 * only says that waiting is no use. Names are never used twice and only what belongs to the dead is removed by others, so
 * that removing is safe at any time.
 */
const CLAIM = 'lock.claim.';
const HELD = 'lock.held.';
/** What only this process with its id has: thousands of locks ask for it. */
let ownStart: string | undefined;
/** Milliseconds after which one that neither takes nor leaves the lock (it may be suspended) counts as its holder. */
const PATIENCE = 10_000;

interface Rival {
  unique: string;
  held: boolean;
  holder: Holder;
}

/**
 * Locks `folder`, which is made if need be. `description` tells others what holds it, such as "shoal get NAME". Throws
 * ERR_LOCKED naming the holder.
 */
export async function lock(folder: string, description: string): Promise<Lock> {
  try {
    ensurePrivateDirectory(folder);
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const taken =
        (await findRivals(folder, '')).length > 0 ? undefined : await compete(folder, description, deadline);
      if (taken !== undefined) return taken;
      const rivals = await findRivals(folder, '');
      const winner = rivals.find((rival) => rival.held) ?? (performance.now() > deadline ? rivals[0] : undefined);
      if (winner !== undefined) throw lockedError(folder, winner.holder);
      await delay(5 + Math.random() * 20);
    }
  } catch (error) {
    throw toDiskError(error, folder, 'lock');
  }
}

/** The living process that holds the lock of `folder`, and what it is; undefined: nobody. */
export async function findHolder(folder: string): Promise<{ pid: number; description: string } | undefined> {
  try {
    const rival = (await findRivals(folder, '')).find(({ held }) => held);
    return rival === undefined ? undefined : { pid: rival.holder.pid, description: rival.holder.description };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw toDiskError(error, folder, 'look for the lock in');
  }
}

/** Claims the lock and waits for those who claimed it at the same time to withdraw. undefined: withdrew ourselves. */
async function compete(folder: string, description: string, deadline: number): Promise<Lock | undefined> {
  const unique = `${process.pid}-${randomBytes(6).toString('hex')}`;
  const claim = join(folder, CLAIM + unique);
  const held = join(folder, HELD + unique);
  ownStart ??= processStart(process.pid) ?? '';
  const holder: Holder = { pid: process.pid, start: ownStart, description };
  // Written under another name first: a claim that can be seen can be read.
  const draft = join(folder, `lock.draft.${unique}`);
  await writeFile(draft, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
  await rename(draft, claim);
  for (;;) {
    const rivals = await findRivals(folder, unique);
    if (rivals.length === 0) {
      await writeFile(held, '', { mode: 0o600 });
      return { release: () => release(held, claim) };
    }
    if (rivals.some((rival) => rival.held || rival.unique < unique) || performance.now() > deadline) {
      await rm(claim, { force: true });
      return undefined;
    }
    await delay(2 + Math.random() * 5);
  }
}

async function release(held: string, claim: string): Promise<void> {
  await rm(held, { force: true });
  await rm(claim, { force: true });
}

function lockedError(folder: string, holder: Holder): ShoalError {
  const what = holder.description === '' ? '' : ` (${holder.description})`;
  return new ShoalError(
    'ERR_LOCKED',
    `${folder} is in use by process ${holder.pid}${what}; stop it or wait until it is done`,
  );
}

/** Other living processes that hold or want the lock; clears away what the dead left. */
async function findRivals(folder: string, own: string): Promise<Rival[]> {
  const rivals: Rival[] = [];
  const names = await readdir(folder);
  for (const name of names) {
    const unique = /^lock\.[a-z]+\.(.*)$/.exec(name)?.[1];
    if (unique === undefined || unique === own) continue;
    const holder = await readHolder(folder, unique);
    if (!isAlive(holder)) await rm(join(folder, name), { force: true });
    else if (name.startsWith(CLAIM)) rivals.push({ unique, held: names.includes(HELD + unique), holder });
  }
  return rivals;
}

/** What the claim says. One that is gone or cannot be understood belongs to the process its name tells. */
async function readHolder(folder: string, unique: string): Promise<Holder> {
  const pid = Number(/^(\d+)-[0-9a-f]+$/.exec(unique)?.[1] ?? 0);
  try {
    const value: unknown = JSON.parse(await readFile(join(folder, CLAIM + unique), 'utf8'));
    if (typeof value === 'object' && value !== null && 'start' in value && 'description' in value)
      return { pid, start: String(value.start), description: String(value.description) };
  } catch {
    // Taken away meanwhile, or damaged.
  }
  return { pid, start: '', description: '' };
}

function isAlive(holder: Holder): boolean {
  if (!Number.isSafeInteger(holder.pid) || holder.pid <= 0) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it is there and belongs to someone else.
    if (errnoOf(error) !== 'EPERM') return false;
  }
  if (holder.start === '') return true;
  const start = processStart(holder.pid);
  return start === undefined || start === holder.start;
}

/** On Linux: which boot, and the tick of that boot the process began in. Elsewhere undefined. */
function processStart(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program may hold blanks and brackets; field 22 is the 20th after its closing bracket.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return ticks === undefined ? undefined : `${boot}:${ticks}`;
  } catch {
    return undefined;
  }
}
