// The log a user asks for with --log-level: lines of JSON on standard error. The library is loaded only then.

import type { Logger } from 'pino';
import type { Settings } from './settings.ts';

/** Undefined when no log is wanted. Written at once, so that the last lines of a process that ends are not lost. */
export async function openLog(level: Settings['logLevel']): Promise<Logger | undefined> {
  if (level === undefined) return undefined;
  const { pino } = await import('pino');
  return pino({ level, name: 'shoal' }, pino.destination({ dest: 2, sync: true }));
}
