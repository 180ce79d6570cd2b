// Listing and searching the catalog's names, a page at a time. Pages are cut by the last name seen and not by number,
// so that what is published meanwhile neither repeats nor hides an entry.

import { toHex } from '../base/bytes.ts';
import { ShoalError } from '../base/errors.ts';
import { confusableSkeleton } from '../protocol/names.ts';
import type { CatalogStore, Row } from './catalog-store.ts';
import type { CatalogFile, ListInput, ListResult } from './catalog-types.ts';

/** Below this many hits they are all sorted; above, hits are so dense that a walk in name order finds a page soon. */
const FEW = 1000;
const MAX_WORDS = 8;

export const SUMMARY = 'v.name, v.publisher, v.seq, v.size, v.info_hash, v.files, v.published';

export function readFile(row: Row): CatalogFile {
  return {
    name: row.name as string,
    publisher: toHex(row.publisher as Uint8Array),
    seq: row.seq as number,
    size: row.size as number,
    infoHash: toHex(row.info_hash as Uint8Array),
    files: row.files as number,
    published: row.published as number,
  };
}

/** What searches compare: case, compatibility forms and Latin accents make no difference. */
export function foldText(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .normalize('NFC');
}

export function listNames(store: CatalogStore, input: ListInput): ListResult {
  const words = [...new Set(foldText(input.query).split(/[\s\0]+/))].filter((word) => word !== '').slice(0, MAX_WORDS);
  const after = input.cursor === undefined ? { folded: '', id: 0 } : readCursor(input.cursor);
  const match = words
    .filter((word) => store.hasSearchIndex && [...word].length >= 3)
    .map((word) => `"${word.replaceAll('"', '""')}"`)
    .join(' AND ');
  const few =
    match !== '' &&
    store.all('SELECT rowid FROM names_search WHERE names_search MATCH ? LIMIT ?', match, FEW + 1).length <= FEW;
  const source = few
    ? 'names_search s CROSS JOIN names n ON n.id = s.rowid WHERE names_search MATCH ? AND'
    : 'names n INDEXED BY names_by_folded WHERE';
  const containsAll = words.map(() => 'AND instr(n.folded, ?) > 0').join(' ');
  const rows = store.all(
    `SELECT ${SUMMARY}, page.folded, page.id AS name_id
     FROM (
       SELECT n.id, n.folded FROM ${source} (n.folded, n.id) > (?, ?) ${containsAll}
       ORDER BY n.folded, n.id LIMIT ?
     ) page
     JOIN names n ON n.id = page.id
     JOIN versions v ON v.id = n.version
     ORDER BY page.folded, page.id`,
    ...(few ? [match] : []),
    after.folded,
    after.id,
    ...words,
    input.limit + 1,
  );
  const last = rows.length > input.limit ? rows[input.limit - 1] : undefined;
  return {
    files: rows.slice(0, input.limit).map(readFile),
    next: last === undefined ? undefined : writeCursor(last.folded as string, last.name_id as number),
    total: 0,
  };
}

/** Up to three names that someone who typed `name` may have meant, nearest first. */
export function nearNames(store: CatalogStore, name: string): string[] {
  const wanted = foldText(name);
  const candidates = new Set<string>();
  const collect = (rows: Row[]): void => {
    for (const row of rows) candidates.add(row.name as string);
  };
  collect(store.all('SELECT name FROM names WHERE skeleton = ? LIMIT 10', confusableSkeleton(name)));
  const start = [...wanted].slice(0, 3).join('');
  collect(
    store.all(
      'SELECT name FROM names WHERE folded >= ? AND folded < ? ORDER BY folded LIMIT 200',
      start,
      `${start}\u{10ffff}`,
    ),
  );
  if (store.hasSearchIndex)
    for (const word of wanted
      .split(/[\s\0._-]+/)
      .filter((each) => [...each].length >= 3)
      .slice(0, 4))
      collect(
        store.all(
          `SELECT n.name FROM names_search s CROSS JOIN names n ON n.id = s.rowid WHERE names_search MATCH ? LIMIT 100`,
          `"${word.replaceAll('"', '""')}"`,
        ),
      );
  return [...candidates]
    .filter((each) => each !== name)
    .map((each) => ({ each, likeness: likeness(wanted, foldText(each)) }))
    .filter(({ likeness: value }) => value >= 0.5)
    .sort((a, b) => b.likeness - a.likeness || (a.each < b.each ? -1 : 1))
    .slice(0, 3)
    .map(({ each }) => each);
}

/** Share of common pairs of letters, 0 to 1 (Dice). */
function likeness(a: string, b: string): number {
  if (a === b) return 1;
  const pairs = (text: string): string[] =>
    Array.from({ length: text.length + 1 }, (_, i) => ` ${text} `.slice(i, i + 2));
  const left = pairs(a);
  const right = pairs(b);
  const counts = new Map<string, number>();
  for (const pair of left) counts.set(pair, (counts.get(pair) ?? 0) + 1);
  let common = 0;
  for (const pair of right) {
    const count = counts.get(pair) ?? 0;
    if (count === 0) continue;
    counts.set(pair, count - 1);
    common++;
  }
  return (2 * common) / (left.length + right.length);
}

function writeCursor(folded: string, id: number): string {
  return Buffer.from(JSON.stringify([folded, id])).toString('base64url');
}

function readCursor(cursor: string): { folded: string; id: number } {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    value = undefined;
  }
  if (Array.isArray(value) && value.length === 2) {
    const [folded, id] = value;
    if (typeof folded === 'string' && Number.isSafeInteger(id)) return { folded, id };
  }
  throw new ShoalError('ERR_USAGE', 'the cursor is none that this catalog gave; begin again without it', {
    reason: 'bad_cursor',
  });
}
