// The files of a v1 info dictionary: lengths checked, paths made safe and different from each other, pad files and
// symbolic links (BEP 47) told apart. Only reads; nothing here touches a disk.

import { ShoalError } from '../base/errors.ts';
import { decodeUtf8, isUtf8 } from '../base/utf8.ts';
import { asBytes, asDict, asInt, asList, type BDict, type BValue } from './bencode.ts';
import { sanitizeComponent, windowsName } from './names.ts';
import { makeUnique } from './unique-paths.ts';

export interface MetainfoFile {
  /** Safe components below the torrent's own name; a torrent of a single file has [name]. */
  path: string[];
  /** The components as the torrent has them. */
  rawPath: Uint8Array[];
  /** Bytes. */
  length: number;
  /** Where it begins in the stream that the pieces cut. */
  offset: number;
  /** All zeros, never written and never shown. */
  pad: boolean;
}

export interface MetainfoSymlink {
  path: string[];
  /** Components from the torrent's root. */
  target: string[];
}

export interface FileList {
  files: MetainfoFile[];
  symlinks: MetainfoSymlink[];
  singleFile: boolean;
  /** Bytes of all files. Over 2^53 it is inexact, which is far beyond what the number of pieces allows. */
  length: number;
  /** Bytes without pad files. */
  size: number;
}

const MAX_DEPTH = 100;
const MAX_FILE_LENGTH = 2 ** 45;

function defect(reason: string, what: string): ShoalError {
  return new ShoalError('ERR_METAINFO', `Not a usable torrent: ${what} (${reason}).`, { reason });
}

/** `name` is the sanitised name of the torrent. Adds to `warnings` what was altered. */
export function readFiles(info: BDict, name: string, warnings: Set<string>): FileList {
  const list = info.get('files');
  if (list !== undefined && info.has('length')) throw defect('ambiguous', 'it has both a length and a list of files');
  if (list === undefined) {
    const length = readLength(info);
    const rawName = asBytes(info.get('name.utf-8')) ?? asBytes(info.get('name'))!;
    const file: MetainfoFile = { path: [name], rawPath: [rawName], length, offset: 0, pad: false };
    return { files: [file], symlinks: [], singleFile: true, length, size: length };
  }
  const entries = asList(list);
  if (entries === undefined || entries.length === 0) throw defect('no_files', 'its list of files is empty');
  const files: MetainfoFile[] = [];
  const symlinks: MetainfoSymlink[] = [];
  let length = 0;
  let size = 0;
  for (const value of entries) {
    const entry = asDict(value);
    if (entry === undefined) throw defect('bad_file_entry', 'an entry of its list of files is no dictionary');
    const attributes = asBytes(entry.get('attr'));
    if (hasAttribute(attributes, 'l')) {
      const { path } = readPath(entry, warnings);
      symlinks.push({ path, target: readTarget(entry) });
      continue;
    }
    const pad = hasAttribute(attributes, 'p');
    const fileLength = readLength(entry);
    const { path, rawPath } = pad ? padPath(entry, fileLength) : readPath(entry, warnings);
    files.push({ path, rawPath, length: fileLength, offset: length, pad });
    length += fileLength;
    if (!pad) size += fileLength;
  }
  checkTargets(files, symlinks);
  if (symlinks.length > 0) warnings.add('symlink_left_out');
  renameDuplicates(files, warnings);
  return { files, symlinks, singleFile: false, length, size };
}

function hasAttribute(attributes: Uint8Array | undefined, letter: string): boolean {
  return attributes?.includes(letter.charCodeAt(0)) === true;
}

function readLength(entry: BDict): number {
  const length = asInt(entry.get('length'));
  if (length === undefined || length < 0 || length > MAX_FILE_LENGTH)
    throw defect('bad_length', 'the length of a file is missing or not a number from 0 to 2^45');
  return length;
}

interface FilePath {
  path: string[];
  rawPath: Uint8Array[];
}

function readPath(entry: BDict, warnings: Set<string>): FilePath {
  const list = asList(entry.get('path.utf-8')) ?? asList(entry.get('path'));
  if (list === undefined) throw defect('missing_path', 'a file has no path');
  const rawPath = rawComponents(list);
  const path = safeComponents(rawPath, warnings);
  if (path.length === 0) throw defect('bad_path', 'the path of a file is empty');
  return { path, rawPath };
}

/** A pad file is never written: its path is only for the curious and may be missing. */
function padPath(entry: BDict, length: number): FilePath {
  const rawPath = rawComponents(asList(entry.get('path')) ?? []);
  const path = safeComponents(rawPath, new Set());
  return { path: path.length > 0 ? path : ['.pad', String(length)], rawPath };
}

function rawComponents(list: readonly BValue[]): Uint8Array[] {
  if (list.length > MAX_DEPTH) throw defect('too_deep', `a path has over ${MAX_DEPTH} components`);
  return list.map((part) => {
    const bytes = asBytes(part);
    if (bytes === undefined) throw defect('bad_path', 'a component of a path is not a string');
    return bytes;
  });
}

function safeComponents(rawPath: readonly Uint8Array[], warnings: Set<string>): string[] {
  const path: string[] = [];
  for (const bytes of rawPath) {
    const text = decodeUtf8(bytes);
    const component = sanitizeComponent(text);
    if (component !== text || !isUtf8(bytes)) warnings.add('path_sanitised');
    if (component === '') continue;
    if (windowsName(component) !== component) warnings.add('not_on_windows');
    path.push(component);
  }
  return path;
}

function readTarget(entry: BDict): string[] {
  const list = asList(entry.get('symlink path'));
  const target = list === undefined ? [] : rawComponents(list).map((bytes) => decodeUtf8(bytes));
  if (target.includes('..')) throw defect('bad_symlink', 'a symbolic link leads out of it');
  const safe = target.map(sanitizeComponent).filter((component) => component !== '');
  if (safe.length === 0) throw defect('bad_symlink', 'a symbolic link has no target');
  return safe;
}

/** A link must lead to something in the torrent. Links through links are taken as they are: none is ever created. */
function checkTargets(files: readonly MetainfoFile[], symlinks: readonly MetainfoSymlink[]): void {
  if (symlinks.length === 0) return;
  const links = new Set(symlinks.map((link) => link.path.join('/')));
  const places = new Set<string>();
  for (const { path } of [...files, ...symlinks])
    for (let depth = 1; depth <= path.length; depth++) places.add(path.slice(0, depth).join('/'));
  for (const { target } of symlinks) {
    const throughLink = target.some((_, index) => links.has(target.slice(0, index).join('/')));
    if (!throughLink && !places.has(target.join('/')))
      throw defect('bad_symlink', 'a symbolic link leads to nothing in it');
  }
}

function renameDuplicates(files: readonly MetainfoFile[], warnings: Set<string>): void {
  const written = files.filter((file) => !file.pad);
  const unique = makeUnique(written.map((file) => file.path));
  for (const [index, file] of written.entries()) file.path = unique.paths[index]!;
  if (unique.renamedFiles) warnings.add('duplicate_path');
  if (unique.renamedFolders) warnings.add('folder_renamed');
  if (unique.shortened) warnings.add('path_shortened');
}
