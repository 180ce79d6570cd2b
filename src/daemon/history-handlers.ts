// What the daemon remembers and what a swarm looks like, for its callers.

import type { DaemonRoutes } from '../api/daemon-routes.ts';
import type { HandlersFor } from '../http/route-table.ts';
import type { Access } from './access.ts';
import type { ActivityLog } from './activity-log.ts';
import type { RateHistory } from './rate-history.ts';

export interface HistoryContext {
  readonly history: RateHistory;
  readonly activity: ActivityLog;
}

export function historyHandlers({
  history,
  activity,
}: HistoryContext): HandlersFor<Pick<DaemonRoutes, 'history' | 'activity'>, Access> {
  return {
    history: ({ query }) => history.read(query.infoHash, query.range ?? '1m'),
    activity: ({ query: { after = 0, limit = 200, infoHash } }) => ({ lines: activity.since(after, limit, infoHash) }),
  };
}
