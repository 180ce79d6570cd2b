// A moment, said relative to now; exactly when pointed at, and only then made into words: a list has many of them.

import { formatAgo, formatMoment } from './time.ts';

export function When({ at }: { at: number }) {
  return (
    <time
      dateTime={new Date(at).toISOString()}
      onPointerEnter={(event) => {
        event.currentTarget.title = formatMoment(at);
      }}
    >
      {formatAgo(at, Date.now())}
    </time>
  );
}
