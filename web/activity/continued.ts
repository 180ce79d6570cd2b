// Lines of the log with those that were written after them. Pure.

import type { ActivityLine } from '../../src/api/history-schemas.ts';

/** `news`: the newest of all, some of which may be among `lines` already. `infoHash`: only those of one transfer. */
export function continued(
  lines: readonly ActivityLine[],
  news: readonly ActivityLine[],
  infoHash?: string,
): readonly ActivityLine[] {
  const last = lines.at(-1)?.id ?? 0;
  const fresh = news.filter((line) => line.id > last && (infoHash === undefined || line.infoHash === infoHash));
  return [...lines, ...fresh];
}
