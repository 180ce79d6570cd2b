// What happened, the newest first: what was added, what is complete, what failed. The search field and the choice above narrow
// it down.

import { useState } from 'preact/hooks';
import type { ActivityLine } from '../../src/api/history-schemas.ts';
import { searchText } from '../app/search.ts';
import './activity.css';
import { ActivityLines } from './activity-lines.tsx';
import { useActivity } from './use-activity.ts';

const FEW = 200;
/** As many as the daemon tells. */
const MOST = 2_000;

const KINDS = {
  all: ['Everything', () => true],
  trouble: ['Warnings and failures', ({ level }: ActivityLine) => level !== 'info'],
  done: ['What is complete', ({ kind }: ActivityLine) => kind === 'complete' || kind === 'finished'],
  shared: ['What was added and shared', ({ kind }: ActivityLine) => kind === 'added' || kind === 'shared'],
} as const;
type Kind = keyof typeof KINDS;

export default function ActivityView() {
  const [limit, setLimit] = useState(FEW);
  const [kind, setKind] = useState<Kind>('all');
  const words = searchText.use().toLowerCase().split(/\s+/).filter(Boolean);
  const { lines, failure } = useActivity(limit);
  const shown = lines?.filter((line) => KINDS[kind][1](line) && matches(line, words));
  return (
    <div class="activity">
      <div class="activity-head">
        <h1 class="unseen">Activity</h1>
        <label>
          <span class="unseen">Show</span>
          <select class="field" value={kind} onChange={(event) => setKind(event.currentTarget.value as Kind)}>
            {Object.entries(KINDS).map(([name, [title]]) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        </label>
        {shown !== undefined && shown.length > 0 && (
          <span class="quiet small">
            {shown.length} {shown.length === 1 ? 'line' : 'lines'}
          </span>
        )}
      </div>
      {failure !== undefined && lines === undefined && <p class="activity-none danger">{failure.message}</p>}
      {shown?.length === 0 && <p class="activity-none quiet">{emptyText(lines!.length > 0)}</p>}
      {shown !== undefined && <ActivityLines lines={shown} />}
      {lines !== undefined && lines.length >= limit && limit < MOST && (
        <button type="button" class="button" onClick={() => setLimit(MOST)}>
          Show older ones
        </button>
      )}
    </div>
  );
}

function emptyText(narrowed: boolean): string {
  return narrowed
    ? 'Nothing of what happened is like that.'
    : 'Nothing has happened yet. What is added, completed, shared or goes wrong is kept here.';
}

function matches({ name, text }: ActivityLine, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const all = `${name ?? ''}\n${text}`.toLowerCase();
  return words.every((word) => all.includes(word));
}
