// Where the tracker says what its operator should know. Any logger with these methods will do; none: silence.

import type { FastifyBaseLogger } from 'fastify';

export type TrackerLog = Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>;

export const silentLog: TrackerLog = {
  info: () => {},
  warn: () => {},
  error: () => {},
};
