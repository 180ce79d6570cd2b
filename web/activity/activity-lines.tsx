// Lines of the log, day by day. Warnings and failures say that they are, not by their colour alone.

import type { ActivityLine } from '../../src/api/history-schemas.ts';
import { hrefOf } from '../app/route.ts';
import { formatClock, formatMoment } from '../format/time.ts';
import './activity.css';
import { daysOf, nameOfDay } from './days.ts';

const LEVELS = { info: undefined, warning: 'Warning', error: 'Failed' } as const;

export interface ActivityLinesProps {
  /** The oldest first; the newest is shown first. */
  lines: readonly ActivityLine[];
  /** They are all of one transfer, and which one is clear. */
  nameless?: boolean;
}

export function ActivityLines({ lines, nameless = false }: ActivityLinesProps) {
  return (
    <>
      {daysOf(lines).map((day) => (
        <section key={day.start} class="activity-day">
          <h2>{nameOfDay(day.start, Date.now())}</h2>
          <ul>
            {day.lines.map((line) => (
              <Line key={line.id} line={line} nameless={nameless} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function Line({ line, nameless }: { line: ActivityLine; nameless: boolean }) {
  const { at, level, kind, infoHash, name, text } = line;
  const word = LEVELS[level];
  return (
    <li class="activity-line">
      <time class="number quiet small" dateTime={new Date(at).toISOString()} title={formatMoment(at)}>
        {formatClock(at)}
      </time>
      {!nameless && (
        <span class="activity-name">
          {infoHash === null || kind === 'removed' ? (
            <bdi>{name}</bdi>
          ) : (
            <a href={hrefOf(['transfers', infoHash])}>
              <bdi>{name}</bdi>
            </a>
          )}
        </span>
      )}
      <span class={`activity-text ${level}`}>
        {word !== undefined && <strong>{word}: </strong>}
        {text}
      </span>
    </li>
  );
}
