// The log of the daemon for as long as somebody looks: the newest lines once, then only what is newer.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { ActivityLine } from '../../src/api/history-schemas.ts';
import type { ShoalError } from '../../src/base/errors.ts';
import { api } from '../data/api.ts';
import { usePoll } from '../data/poll.ts';

export interface Activity {
  /** The oldest first; undefined until the daemon has told. */
  lines: readonly ActivityLine[] | undefined;
  failure: ShoalError | undefined;
}

const EVERY = 2_000;

/** `limit`: lines at most. `infoHash`: of one transfer only. */
export function useActivity(limit: number, infoHash?: string): Activity {
  const key = `${limit} ${infoHash ?? ''}`;
  const [known, setKnown] = useState<{ key: string; lines: readonly ActivityLine[] }>();
  const latest = useRef(known);
  latest.current = known;
  const { value, failure } = usePoll(key, EVERY, (signal) => {
    const last = latest.current?.key === key ? (latest.current.lines.at(-1)?.id ?? 0) : 0;
    const query = { after: last, limit, ...(infoHash === undefined ? {} : { infoHash }) };
    return api.activity({ query, signal });
  });
  useEffect(() => {
    if (value === undefined) return;
    setKnown((before) => {
      if (before?.key !== key) return { key, lines: value.lines };
      const last = before.lines.at(-1)?.id ?? 0;
      const fresh = value.lines.filter(({ id }) => id > last);
      return fresh.length === 0 ? before : { key, lines: [...before.lines, ...fresh].slice(-limit) };
    });
  }, [value, key, limit]);
  return { lines: known?.lines, failure };
}
