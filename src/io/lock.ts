// One holder at a time for a folder, across processes. A holder is known by process id and start time, so that a lock
// whose process died, or whose id now belongs to another process, is nobody's. Never takes a lock away from the living.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ShoalError } from '../base/errors.ts';
import { errnoOf, toDiskError } from './disk/disk-error.ts';

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
 * Each process that wants the lock makes a file of its own, `lock.claim.UNIQUE`, and only then looks for others. So of two
 * that come at once at least one sees the other; both may withdraw and try again. Nobody else's file is removed unless its
 * process is dead, and names are never used twice, so that removing is safe at any time. A claim that met nobody is renamed
 * to `lock.held.UNIQUE`.
 */
const CLAIM = 'lock.claim.';
const HELD = 'lock.held.';
const TRIES = 40;

/**
 * Locks `folder`, which is made if need be. `description` tells others what holds it, such as "shoal get NAME". Throws
 * ERR_LOCKED naming the holder.
 */
export async function lock(folder: string, description: string): Promise<Lock> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (let attempt = 1; ; attempt++) {
      const unique = `${process.pid}-${randomBytes(6).toString('hex')}`;
      const claim = join(folder, CLAIM + unique);
      const held = join(folder, HELD + unique);
      const holder: Holder = { pid: process.pid, start: processStart(process.pid) ?? '', description };
      // Written under another name first: a claim that can be seen can be read.
      const draft = join(folder, `lock.draft.${unique}`);
      await writeFile(draft, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
      await rename(draft, claim);
      const rival = await findRival(folder, unique);
      if (rival === undefined) {
        await rename(claim, held);
        return { release: () => rm(held, { force: true }) };
      }
      await rm(claim, { force: true });
      if (rival.held || attempt === TRIES) throw lockedError(folder, rival.holder);
      await delay(5 + Math.random() * 20 * attempt);
    }
  } catch (error) {
    throw toDiskError(error, folder, 'lock');
  }
}

function lockedError(folder: string, holder: Holder): ShoalError {
  const what = holder.description === '' ? '' : ` (${holder.description})`;
  return new ShoalError(
    'ERR_LOCKED',
    `${folder} is in use by process ${holder.pid}${what}; stop it or wait until it is done`,
  );
}

/** Another living process that holds or wants the lock; clears away what the dead left. */
async function findRival(folder: string, own: string): Promise<{ held: boolean; holder: Holder } | undefined> {
  let rival: { held: boolean; holder: Holder } | undefined;
  for (const name of await readdir(folder)) {
    if (!name.startsWith('lock.') || name.endsWith(own)) continue;
    const path = join(folder, name);
    const isDraft = !name.startsWith(CLAIM) && !name.startsWith(HELD);
    const holder = await readHolder(path, name);
    if (holder === undefined) continue;
    if (!isAlive(holder)) await rm(path, { force: true });
    else if (!isDraft && rival?.held !== true) rival = { held: name.startsWith(HELD), holder };
  }
  return rival;
}

/** undefined: gone meanwhile. A file that cannot be understood belongs to the process its name tells. */
async function readHolder(path: string, name: string): Promise<Holder | undefined> {
  const pid = Number(/\.(\d+)-[0-9a-f]+$/.exec(name)?.[1] ?? 0);
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof value === 'object' && value !== null && 'start' in value && 'description' in value)
      return { pid, start: String(value.start), description: String(value.description) };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
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
