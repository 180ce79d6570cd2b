// What lies where the daemon can read it: folders to go into, and anything to share in place.

import { useState } from 'preact/hooks';
import { formatSize } from '../../src/base/quantity.ts';
import { Icon } from '../app/icons.tsx';
import { api } from '../data/api.ts';
import { usePoll } from '../data/poll.ts';
import './directory-list.css';
import { draft } from './draft.ts';

const REFRESH = 10_000;

export function DirectoryList() {
  const [path, setPath] = useState<string>();
  const { value, failure } = usePoll(path ?? '', REFRESH, (signal) =>
    api.directories({ query: path === undefined ? {} : { path }, signal }),
  );
  return (
    <section class="directories" aria-label="On the daemon's machine">
      <p class="directories-path">
        {path !== undefined && (
          <button
            type="button"
            class="button plain"
            aria-label="Up"
            onClick={() => setPath(value?.parent ?? undefined)}
          >
            <Icon name="back" />
          </button>
        )}
        <span class="mono clip">{path ?? 'Directories this daemon may share from'}</span>
      </p>
      {failure !== undefined && (
        <p class="danger" role="alert">
          {failure.message}
        </p>
      )}
      {value?.entries.length === 0 && <p class="quiet">Nothing is in it.</p>}
      <ul>
        {value?.entries.map((entry) => (
          <li key={entry.path}>
            {entry.kind === 'folder' ? (
              <button type="button" class="directories-folder clip" onClick={() => setPath(entry.path)}>
                <bdi>{entry.name}</bdi>/
              </button>
            ) : (
              <span class="clip">
                <bdi>{entry.name}</bdi>
              </span>
            )}
            <span class="number quiet">{entry.size === null ? '' : formatSize(entry.size)}</span>
            <button
              type="button"
              class="button"
              aria-label={`Share ${entry.name}`}
              onClick={() => draft.set({ kind: 'path', path: entry.path, name: lastOf(entry.name) })}
            >
              Share
            </button>
          </li>
        ))}
      </ul>
      {value?.truncated === true && <p class="quiet">There is more; these are the first of it.</p>}
    </section>
  );
}

/** The allowed directories are named by their whole paths. */
function lastOf(name: string): string {
  return name.split(/[\\/]/).findLast((part) => part !== '') ?? name;
}
