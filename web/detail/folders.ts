// The files of a torrent as folders: what each holds together, and the lines that are seen. Pure.

import type { FilesReply } from '../../src/api/daemon-schemas.ts';

export type FileRow = FilesReply['files'][number];

export interface FolderLine {
  kind: 'folder';
  path: string;
  name: string;
  depth: number;
  size: number;
  have: number;
  files: readonly FileRow[];
}

export interface FileLine {
  kind: 'file';
  name: string;
  depth: number;
  file: FileRow;
}

export type TreeLine = FolderLine | FileLine;

interface Folder {
  folders: Map<string, Folder>;
  files: { name: string; file: FileRow }[];
}

/** Folders before files, both in the order of the torrent; what is below a folder of `folded` is left out. */
export function linesOf(files: readonly FileRow[], folded: ReadonlySet<string>): TreeLine[] {
  const root: Folder = { folders: new Map(), files: [] };
  for (const file of files) {
    const names = file.path.split('/');
    let folder = root;
    for (const name of names.slice(0, -1)) {
      let inner = folder.folders.get(name);
      if (inner === undefined) {
        inner = { folders: new Map(), files: [] };
        folder.folders.set(name, inner);
      }
      folder = inner;
    }
    folder.files.push({ name: names.at(-1)!, file });
  }
  const lines: TreeLine[] = [];
  walk(root, '', 0, folded, lines);
  return lines;
}

function walk(folder: Folder, base: string, depth: number, folded: ReadonlySet<string>, lines: TreeLine[]): void {
  for (const [name, inner] of folder.folders) {
    const path = base === '' ? name : `${base}/${name}`;
    const files = filesIn(inner);
    const sum = (take: (file: FileRow) => number): number => files.reduce((total, file) => total + take(file), 0);
    lines.push({ kind: 'folder', path, name, depth, size: sum((f) => f.size), have: sum((f) => f.have), files });
    if (!folded.has(path)) walk(inner, path, depth + 1, folded, lines);
  }
  for (const { name, file } of folder.files) lines.push({ kind: 'file', name, depth, file });
}

function filesIn(folder: Folder): FileRow[] {
  return [...[...folder.folders.values()].flatMap(filesIn), ...folder.files.map(({ file }) => file)];
}

/** Paths of all folders. */
export function foldersOf(files: readonly FileRow[]): string[] {
  const found = new Set<string>();
  for (const { path } of files)
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) found.add(path.slice(0, end));
  return [...found];
}

/** The priority all of them have; undefined when they differ. */
export function commonPriority(files: readonly FileRow[]): FileRow['priority'] | undefined {
  const first = files[0]?.priority;
  return files.every(({ priority }) => priority === first) ? first : undefined;
}
