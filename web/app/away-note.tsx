// Says that what is shown is old, since when, and that the daemon is tried again.

import { useEffect, useState } from 'preact/hooks';
import { useFeed } from '../data/feed.ts';
import { formatAgo, formatClock } from '../format/time.ts';
import './away-note.css';

export function AwayNote() {
  const link = useFeed(({ link }) => link);
  const [, tick] = useState(0);
  const away = link.state === 'away';
  useEffect(() => {
    if (!away) return undefined;
    const timer = setInterval(() => tick((count) => count + 1), 1000);
    return () => clearInterval(timer);
  }, [away]);
  if (!away) return null;
  return (
    <div class="away-note" role="status">
      <strong>The daemon does not answer.</strong> Shown is what was known at {formatClock(link.since)} (
      {formatAgo(link.since, Date.now())}); it is tried again every few seconds.
    </div>
  );
}
