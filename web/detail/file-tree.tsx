// Files in folders, each with what is here of it and how much it is wanted; a folder stands for all below it.

import { useState } from 'preact/hooks';
import type { FilePriority } from '../../src/api/daemon-schemas.ts';
import { FileTreeLine } from './file-tree-line.tsx';
import './file-tree.css';
import { type FileRow, foldersOf, linesOf } from './folders.ts';

export interface FileTreeProps {
  files: readonly FileRow[];
  onPriority: (files: readonly FileRow[], priority: FilePriority) => void;
  onOpen: (file: FileRow) => void;
  onPlay: (file: FileRow) => void;
}

/** From so many files on, folders are folded at first. */
const MANY = 300;
/** Lines that are drawn at most; who wants others folds folders. */
const MOST = 2_000;

export function FileTree({ files, onPriority, onOpen, onPlay }: FileTreeProps) {
  const [folded, setFolded] = useState<ReadonlySet<string>>(() => new Set(files.length > MANY ? foldersOf(files) : []));
  const toggle = (path: string): void => {
    const next = new Set(folded);
    if (!next.delete(path)) next.add(path);
    setFolded(next);
  };
  const lines = linesOf(files, folded);
  return (
    <>
      <table class="figures folding file-tree">
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col">Here</th>
            <th scope="col" class="number">
              Size
            </th>
            <th scope="col">Priority</th>
            <th scope="col">
              <span class="unseen">Open</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.slice(0, MOST).map((line) => (
            <FileTreeLine
              key={line.kind === 'folder' ? `/${line.path}` : line.file.index}
              line={line}
              folded={line.kind === 'folder' && folded.has(line.path)}
              onToggle={toggle}
              onPriority={onPriority}
              onOpen={onOpen}
              onPlay={onPlay}
            />
          ))}
        </tbody>
      </table>
      {lines.length > MOST && (
        <p class="detail-note">{lines.length - MOST} more lines are not shown; fold some folders.</p>
      )}
    </>
  );
}
