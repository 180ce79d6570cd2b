// The command that does in a shell what the page is about to do. Pure.

import type { TorrentRow } from '../../src/api/daemon-schemas.ts';

/** `shoal pause NAME`; more than three transfers are not written out. */
export function commandFor(
  command: string,
  rows: readonly Pick<TorrentRow, 'name' | 'infoHash'>[],
  flags = '',
): string {
  const words = rows.slice(0, 3).map(wordFor);
  if (rows.length > 3) words.push('…');
  return `shoal ${command} ${words.join(' ')}${flags === '' ? '' : ` ${flags}`}`;
}

/** A name that a shell and the command line take as it stands, quoted where needed; else the info-hash. */
export function wordFor({ name, infoHash }: Pick<TorrentRow, 'name' | 'infoHash'>): string {
  if (!/^[\p{L}\p{N}_ .,:+@%()[\]&!'-]{1,60}$/u.test(name) || name.startsWith('-') || name === 'all') return infoHash;
  return /^[\w.,:+@%-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}
