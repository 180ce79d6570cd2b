// What a running process has cost so far, from Linux' /proc: CPU seconds of all its threads and its peak memory.

import { readFile } from 'node:fs/promises';

export interface ProcessCost {
  /** User and system time, seconds. */
  cpu: number;
  /** Largest resident size so far, bytes; mapped files count. */
  peak: number;
}

/** Clock ticks a second in /proc; 100 on every Linux that Node runs on. */
const TICKS = 100;

export async function readCost(pid: number): Promise<ProcessCost> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // the name in parentheses may hold spaces; utime and stime are fields 14 and 15 of the whole line
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return {
    cpu: (Number(fields[11]) + Number(fields[12])) / TICKS,
    peak: Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024,
  };
}
