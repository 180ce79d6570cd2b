// What happened to one transfer, the newest first.

import { ActivityLines } from '../activity/activity-lines.tsx';
import { useActivity } from '../activity/use-activity.ts';
import { useDetailTorrent } from './detail-torrent.ts';

const LINES = 200;

export function LogPart() {
  const { infoHash } = useDetailTorrent();
  const { lines, failure } = useActivity(LINES, infoHash);
  if (lines === undefined) return failure === undefined ? null : <p class="detail-note">{failure.message}</p>;
  if (lines.length === 0) return <p class="detail-note">Nothing has happened to it yet.</p>;
  return (
    <div class="activity-alone">
      <ActivityLines lines={lines} nameless />
    </div>
  );
}
