// What of the found is shown: kinds of files and publishers, each with how many there are. One of each can be chosen.

import type { CatalogRow } from '../../src/api/daemon-catalog-schemas.ts';
import './facets.css';
import { KIND_TITLES, KINDS, type Kind, kindOf } from './file-kinds.ts';
import { Stripes } from './publisher.tsx';

export interface Choice {
  kind: Kind | undefined;
  publisher: string | undefined;
}

export const ALL: Choice = { kind: undefined, publisher: undefined };
/** Publishers that are offered: those of most names. */
const MOST_PUBLISHERS = 8;

export function matches({ kind, publisher }: Choice, row: CatalogRow): boolean {
  if (publisher !== undefined && row.publisher !== publisher) return false;
  return kind === undefined || kindOf(row.name, row.files) === kind;
}

interface FacetsProps {
  files: readonly CatalogRow[];
  /** There are names that have not been looked at: a count is of those that have. */
  more: boolean;
  choice: Choice;
  onChoose: (choice: Choice) => void;
}

export function Facets({ files, more, choice, onChoose }: FacetsProps) {
  const kinds = new Map<Kind, number>();
  const publishers = new Map<string, number>();
  for (const row of files) {
    const kind = kindOf(row.name, row.files);
    if (matches({ ...choice, kind }, row)) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    if (matches({ ...choice, publisher: row.publisher }, row))
      publishers.set(row.publisher, (publishers.get(row.publisher) ?? 0) + 1);
  }
  const largest = [...publishers].toSorted((a, b) => b[1] - a[1]).slice(0, MOST_PUBLISHERS);
  if (choice.publisher !== undefined && !largest.some(([key]) => key === choice.publisher))
    largest.push([choice.publisher, 0]);
  const offered = KINDS.filter((kind) => kinds.has(kind) || kind === choice.kind);
  if (offered.length < 2 && largest.length < 2) return null;
  const figure = (count = 0): string => (more ? `${count}+` : `${count}`);
  return (
    <div class="facets" title={more ? `Counted among the first ${files.length} names; there are more` : undefined}>
      <div role="group" aria-label="Kind">
        {offered.map((kind) => (
          <button
            key={kind}
            type="button"
            class="facet"
            aria-pressed={kind === choice.kind}
            onClick={() => onChoose({ ...choice, kind: kind === choice.kind ? undefined : kind })}
          >
            {KIND_TITLES[kind]} <span class="quiet">{figure(kinds.get(kind))}</span>
          </button>
        ))}
      </div>
      <div role="group" aria-label="Publisher">
        {largest.map(([key, count]) => (
          <button
            key={key}
            type="button"
            class="facet"
            title={`Publisher ${key}`}
            aria-pressed={key === choice.publisher}
            onClick={() => onChoose({ ...choice, publisher: key === choice.publisher ? undefined : key })}
          >
            <Stripes publisher={key} /> <span class="mono">{key.slice(0, 8)}</span>{' '}
            <span class="quiet">{figure(count)}</span>
          </button>
        ))}
      </div>
    </div>
  );
}
