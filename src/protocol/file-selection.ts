// Some files of a torrent as a user or a link names them (BEP 53): numbers, ranges of them, and patterns of paths. Pure; says
// which files are meant and nothing about what becomes of them.

/** Numbers as in `so=` of a magnet link, from 0 on; pads count. */
interface IndexRange {
  readonly from: number;
  readonly to: number;
}

/** What a pattern is matched against. */
export interface NamedFile {
  readonly index: number;
  /** Below the torrent's own name, joined by slashes. */
  readonly path: string;
}

/** Longest term, in characters. */
export const MAX_TERM = 1024;

/**
 * The files that the terms mean, in order. A term is the number of a file; a list of numbers and ranges, `0,2,4-6`; or a
 * pattern in which `*` stands for any text and `?` for one character: of a whole path, of the name of a file, or of a folder,
 * which means all that is in it.
 */
export function matchFiles<F extends NamedFile>(terms: readonly (number | string)[], files: readonly F[]): F[] {
  const numbers = new Set<number>();
  const ranges: IndexRange[] = [];
  const patterns: string[] = [];
  for (const term of terms) {
    if (typeof term === 'number') numbers.add(term);
    else {
      const found = parseIndexRanges(term);
      if (found === undefined) patterns.push(term.replace(/^\.\/|\/+$/g, ''));
      else ranges.push(...found);
    }
  }
  const last = files.reduce((highest, { index }) => Math.max(highest, index), -1);
  // In order and without overlaps, so that no number is added twice, however many ranges a link names.
  let next = 0;
  for (const { from, to } of ranges.toSorted((a, b) => a.from - b.from)) {
    for (let index = Math.max(from, next); index <= Math.min(to, last); index++) numbers.add(index);
    next = Math.max(next, to + 1);
  }
  return files.filter(
    ({ index, path }) => numbers.has(index) || patterns.some((pattern) => matchesPath(pattern, path)),
  );
}

/** `0,2,4-6`; undefined when it is anything else. */
export function parseIndexRanges(text: string): IndexRange[] | undefined {
  if (text.length > MAX_TERM || !/^\d{1,9}(-\d{1,9})?(,\d{1,9}(-\d{1,9})?)*$/.test(text)) return undefined;
  return text.split(',').map((part) => {
    const [from, to = from] = part.split('-');
    return { from: Number(from), to: Number(to) };
  });
}

function matchesPath(pattern: string, path: string): boolean {
  if (matches(pattern, path)) return true;
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1))
    if (matches(pattern, path.slice(0, slash))) return true;
  return matches(pattern, path.slice(path.lastIndexOf('/') + 1));
}

/** Takes at most pattern times text steps, whatever the pattern. */
function matches(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let from = 0;
  while (from < text.length) {
    if (pattern[at] === '*') {
      star = at++;
      resume = from;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[from])) {
      at++;
      from++;
    } else if (star >= 0) {
      at = star + 1;
      from = ++resume;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
