// A moment, said relative to now and exactly when pointed at.

import { formatAgo, formatMoment } from './time.ts';

export function When({ at }: { at: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={formatMoment(at)}>
      {formatAgo(at, Date.now())}
    </time>
  );
}
