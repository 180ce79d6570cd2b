// The log of the daemon for as long as somebody looks: what there was is asked for, what happens since comes with the feed.

import type { ActivityLine } from '../../src/api/history-schemas.ts';
import type { ShoalError } from '../../src/base/errors.ts';
import { api } from '../data/api.ts';
import { useFeed } from '../data/feed.ts';
import { usePoll } from '../data/poll.ts';
import { continued } from './continued.ts';

export interface Activity {
  /** The oldest first; undefined until the daemon has told. */
  lines: readonly ActivityLine[] | undefined;
  failure: ShoalError | undefined;
}

/** For a question that failed, and for more than the feed keeps having happened while the daemon was out of reach. */
const EVERY = 60_000;

/** `limit`: lines at most. `infoHash`: of one transfer only. */
export function useActivity(limit: number, infoHash?: string): Activity {
  const { value, failure } = usePoll(`${limit} ${infoHash ?? ''}`, EVERY, (signal) =>
    api.activity({ query: { limit, ...(infoHash === undefined ? {} : { infoHash }) }, signal }),
  );
  const news = useFeed(({ activity }) => activity);
  return { lines: value && continued(value.lines, news, infoHash).slice(-limit), failure };
}
