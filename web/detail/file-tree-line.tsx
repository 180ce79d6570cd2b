// One file or folder of a transfer.

import type { FilePriority } from '../../src/api/daemon-schemas.ts';
import { formatPercent, formatSize } from '../../src/base/quantity.ts';
import { Icon } from '../app/icons.tsx';
import { kindOf } from '../player/media-kind.ts';
import type { FileTreeProps } from './file-tree.tsx';
import { commonPriority, type TreeLine } from './folders.ts';

export interface FileTreeLineProps extends Pick<FileTreeProps, 'onPriority' | 'onOpen' | 'onPlay'> {
  line: TreeLine;
  folded: boolean;
  onToggle: (path: string) => void;
}

const PRIORITIES: readonly FilePriority[] = ['high', 'normal', 'low', 'skip'];

export function FileTreeLine({ line, folded, onToggle, onPriority, onOpen, onPlay }: FileTreeLineProps) {
  const { size, have } = line.kind === 'folder' ? line : line.file;
  const files = line.kind === 'folder' ? line.files : [line.file];
  const priority = commonPriority(files);
  return (
    <tr class={priority === 'skip' ? 'file-skipped' : undefined}>
      <td class="wide" style={{ '--depth': line.depth }}>
        {line.kind === 'folder' ? (
          <button type="button" class="tree-folder" aria-expanded={!folded} onClick={() => onToggle(line.path)}>
            <Icon name="fold" />
            <bdi>{line.name}</bdi>
          </button>
        ) : (
          <>
            {kindOf(line.file.path) !== undefined && (
              <button
                type="button"
                class="file-play"
                aria-label={`Play ${line.name}`}
                title="Play"
                onClick={() => onPlay(line.file)}
              >
                <Icon name="play" />
              </button>
            )}
            <bdi title={line.file.path}>{line.name}</bdi>
          </>
        )}
      </td>
      <td>
        <span class="share-bar">
          <progress max={Math.max(1, size)} value={have} aria-label={`${formatPercent(have, size)} here`} />
          <span class="number">{formatPercent(have, size)}</span>
        </span>
      </td>
      <td class="number">{formatSize(size)}</td>
      <td>
        <select
          class="file-priority"
          aria-label={`Priority of ${line.name}`}
          value={priority ?? ''}
          onChange={(event) => onPriority(files, event.currentTarget.value as FilePriority)}
        >
          {priority === undefined && <option value="">mixed</option>}
          {PRIORITIES.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      </td>
      <td>
        {line.kind === 'file' && (
          <button
            type="button"
            class="file-open"
            aria-label={`Open ${line.name}`}
            title="Open it, also while it is still arriving"
            onClick={() => onOpen(line.file)}
          >
            <Icon name="open" />
          </button>
        )}
      </td>
    </tr>
  );
}
