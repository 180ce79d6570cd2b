// Makes the paths of one torrent differ from each other on every file system: no two files in one place, no file where
// a folder must be, also where case, composition or Windows' rules make two names one. The first keeps its name.

import { ShoalError } from '../base/errors.ts';
import { encodeUtf8 } from '../base/utf8.ts';
import { cutName, foldComponent, MAX_NAME_BYTES, splitExtension } from './names.ts';

/** More repeated paths than this are an attack on whoever resolves them. */
const MAX_DUPLICATES = 500;
/** Bytes of UTF-8 a path may have inside the torrent: what Linux takes, less room for where the user puts it. */
const MAX_PATH_BYTES = 3500;

export interface UniquePaths {
  /** One for each input path, in order. */
  paths: string[][];
  /** Some file got a number because another has its path. */
  renamedFiles: boolean;
  /** Some folder got a number because a file has its path. */
  renamedFolders: boolean;
  /** Some path was too long as a whole. */
  shortened: boolean;
}

/** `paths` are sanitised and not empty. Throws ERR_METAINFO too_many_duplicates. */
export function makeUnique(paths: readonly (readonly string[])[]): UniquePaths {
  const result: UniquePaths = { paths: [], renamedFiles: false, renamedFolders: false, shortened: false };
  const wanted = paths.map((path) => {
    const fitting = fitPath(path);
    if (fitting !== path) result.shortened = true;
    return fitting;
  });
  const files = new Set<string>();
  const folders = new Set<string>();
  for (const path of wanted) {
    let key = '';
    for (let i = 0; i < path.length - 1; i++) {
      key += `/${foldComponent(path[i]!)}`;
      folders.add(key);
    }
    files.add(`${key}/${foldComponent(path[path.length - 1]!)}`);
  }
  const used = new Set<string>();
  const free = (key: string): boolean => !files.has(key) && !folders.has(key) && !used.has(key);
  // Below a folder that got a number everything is still wanted under the folder's own name.
  const freeIn = (folder: string, wantedIn: string) => (name: string) =>
    free(`${folder}/${name}`) && (folder === wantedIn || free(`${wantedIn}/${name}`));
  const folderNames = new Map<string, string>();
  const lastNumber = new Map<string, number>();
  let duplicates = 0;
  for (const path of wanted) {
    const unique: string[] = [];
    let before = '';
    let after = '';
    for (let i = 0; i < path.length - 1; i++) {
      const component = path[i]!;
      const parent = before;
      before += `/${foldComponent(component)}`;
      let name = component;
      if (files.has(before)) {
        name = folderNames.get(before) ?? numbered(component, before, lastNumber, freeIn(after, parent));
        folderNames.set(before, name);
        result.renamedFolders = true;
      }
      unique.push(name);
      after += `/${foldComponent(name)}`;
      if (name !== component) used.add(after);
    }
    let name = path[path.length - 1]!;
    let key = `${after}/${foldComponent(name)}`;
    if (used.has(key)) {
      if (++duplicates > MAX_DUPLICATES)
        throw new ShoalError(
          'ERR_METAINFO',
          `Over ${MAX_DUPLICATES} files of this torrent share their path with another; it cannot be stored.`,
          { reason: 'too_many_duplicates' },
        );
      name = numbered(name, key, lastNumber, freeIn(after, before));
      key = `${after}/${foldComponent(name)}`;
      result.renamedFiles = true;
    }
    used.add(key);
    unique.push(name);
    result.paths.push(unique);
  }
  return result;
}

/** `name.1.ext`, or the first number whose name nobody has or wants. */
function numbered(
  name: string,
  key: string,
  lastNumber: Map<string, number>,
  free: (folded: string) => boolean,
): string {
  const [stem, extension] = splitExtension(name);
  for (let number = (lastNumber.get(key) ?? 0) + 1; ; number++) {
    const suffix = `.${number}${extension}`;
    const room = MAX_NAME_BYTES - encodeUtf8(suffix).length;
    const candidate = cutName(stem, room, room) + suffix;
    if (!free(foldComponent(candidate))) continue;
    lastNumber.set(key, number);
    return candidate;
  }
}

/** The path itself when it is short enough, else with its long components cut. */
function fitPath(path: readonly string[]): readonly string[] {
  let length = 0;
  for (const component of path) length += component.length + 1;
  // A UTF-16 unit is at most three bytes.
  if (length * 3 <= MAX_PATH_BYTES) return path;
  length = 0;
  for (const component of path) length += encodeUtf8(component).length + 1;
  if (length <= MAX_PATH_BYTES) return path;
  const room = Math.floor(MAX_PATH_BYTES / path.length) - 1;
  return path.map((component) => cutName(component, room, room));
}
