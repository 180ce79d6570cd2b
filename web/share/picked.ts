// Files and folders that somebody dropped on the page or chose: what they are called, and where each lies below the folder.
// Reads names and sizes only; bytes stay on disk until they are sent.

import { MAX_UPLOAD_FILES } from '../../src/api/share-endpoints.ts';
import type { UploadReply } from '../../src/api/share-schemas.ts';

export interface PickedFile {
  /** Below the folder; empty for one file alone. */
  path: readonly string[];
  file: File;
}

export interface Picked {
  /** Of the file or folder. */
  name: string;
  files: readonly PickedFile[];
  size: number;
}

/** Of an `<input type="file">`, with or without `webkitdirectory`. Undefined when it is empty. */
export function pickedOfInput(list: FileList | null): Picked | undefined {
  const files = [...(list ?? [])];
  return pickedOf(
    files.map((file) => ({
      path: file.webkitRelativePath === '' ? [file.name] : file.webkitRelativePath.split('/'),
      file,
    })),
  );
}

/** Of a drop. To be called within the event: afterwards a browser gives out nothing. Throws when there is too much. */
export async function pickedOfDrop(transfer: DataTransfer): Promise<Picked | undefined> {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file');
  const found = items.map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  const files: PickedFile[] = [];
  for (const each of found) {
    if (each instanceof File) files.push({ path: [each.name], file: each });
    else if (each !== null) await walk(each, [], files);
  }
  return pickedOf(files);
}

/** The files of `picked` in the order in which an upload wants them; undefined when they are not what it was begun with. */
export function filesFor(
  picked: Picked,
  { plan, started }: Pick<UploadReply, 'plan' | 'started'>,
): PickedFile[] | undefined {
  const keyOf = (path: readonly string[], length: number): string => `${length} ${path.join('/')}`;
  const known = new Map(picked.files.map((each) => [keyOf(each.path, each.file.size), each]));
  const files = plan.map(({ path, length }) => known.get(keyOf(path, length)));
  // One that was changed since is another one, however long it is.
  const same = files.length === picked.files.length && files.every((each) => each && each.file.lastModified < started);
  return same ? (files as PickedFile[]) : undefined;
}

/** Paths as found, their first component the thing that was dropped. */
function pickedOf(found: readonly PickedFile[]): Picked | undefined {
  const first = found[0];
  if (first === undefined) return undefined;
  const size = found.reduce((sum, { file }) => sum + file.size, 0);
  if (found.length === 1 && first.path.length === 1)
    return { name: first.file.name, files: [{ path: [], file: first.file }], size };
  const tops = new Set(found.map(({ path }) => path[0]!));
  if (tops.size > 1) return { name: stemOf(first.path[0]!), files: found, size };
  return { name: first.path[0]!, files: found.map(({ path, file }) => ({ path: path.slice(1), file })), size };
}

function stemOf(name: string): string {
  return name.replace(/(.)\.[^.]*$/, '$1');
}

async function walk(entry: FileSystemEntry, above: readonly string[], files: PickedFile[]): Promise<void> {
  if (files.length >= MAX_UPLOAD_FILES)
    throw new Error(`These are more than ${MAX_UPLOAD_FILES} files; share a folder of them at a time.`);
  const path = [...above, entry.name];
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    files.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A hundred at a time, until there are none.
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return;
    for (const each of entries) await walk(each, path, files);
  }
}
