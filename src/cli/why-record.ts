// Judges what was read from a why.json: another process wrote it, perhaps one of another version, perhaps half of it.
// Reads no file.

import { isCount, isText, listOf, maybe, shape } from '../api/reply-guards.ts';
import type { WhyRecord } from '../engine/why.ts';
import { DOWN_STATES, TORRENT_STATES, UP_STATES } from '../swarm/state-times.ts';

const MAX_LENGTH = 1 << 20;
const VERSION = 1;

const isTime = (value: unknown): value is number => Number.isFinite(value) && (value as number) >= 0;

/** Times of known states; a state that is unknown is of another version. */
function timesOf<S extends string>(states: readonly S[]) {
  const known: ReadonlySet<string> = new Set(states);
  return (value: unknown): value is Partial<Record<S, number>> =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(value).every(([state, time]) => known.has(state) && isTime(time));
}

/** What is shown. Whatever else the file says is for programs. */
const isRecord = shape<Omit<WhyRecord, 'storage'>>({
  version: (value): value is number => value === VERSION,
  pid: isCount,
  at: isTime,
  ended: (value): value is 'done' =>
    value === undefined || value === 'done' || value === 'stopped' || value === 'failed',
  infoHash: isText,
  name: isText,
  size: isCount,
  have: isCount,
  wanted: isCount,
  limits: shape({ down: isTime, up: isTime }),
  times: timesOf(TORRENT_STATES),
  connected: isCount,
  piecesNowhere: isCount,
  lastSeen: maybe(shape({ address: isText, at: isTime })),
  peers: listOf(
    shape({
      address: isText,
      client: isText,
      downloaded: isCount,
      uploaded: isCount,
      down: timesOf(DOWN_STATES),
      up: timesOf(UP_STATES),
    }),
  ),
});

/** Undefined when the text is damaged or of another version: that is as good as none. */
export function parseWhyRecord(text: string): WhyRecord | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? (value as WhyRecord) : undefined;
  } catch {
    return undefined;
  }
}
