// The strips of the transfers that are on the screen. What is complete or empty needs no question; the others are asked for
// together, once a second and only while somebody looks.

import type { StripsReply, TorrentRow } from '../../src/api/daemon-schemas.ts';
import { FULL } from '../../src/api/strip-cells.ts';
import { api } from './api.ts';
import { bytesOf } from './base64.ts';
import { createStore } from './store.ts';

export type LastSeen = StripsReply['strips'][number]['lastSeen'];

export interface KnownStrip {
  cells: Uint8Array;
  /** Pieces that are wanted and that nobody connected has. */
  nowhere: number;
  lastSeen: LastSeen;
}

/** As many as a row can show. */
const CELLS = 256;
const EVERY = 1_000;
/** Long enough for a scroll to bring more of them. */
const SOON = 40;
const MOST = 64;
/** Kept of those that have left the screen: in a list that is sorted by what moves they come and go. */
const KEPT = 256;
const COMPLETE: KnownStrip = { cells: Uint8Array.of(FULL << 2), nowhere: 0, lastSeen: null };
const EMPTY: KnownStrip = { cells: Uint8Array.of(0), nowhere: 0, lastSeen: null };

const strips = createStore<ReadonlyMap<string, KnownStrip>>(new Map());
/** What each was asked for as, so that what has not moved is not asked for again. */
const asked = new Map<string, string>();
/** What the daemon said of each. */
const heard = new Map<string, string>();
let shown: readonly TorrentRow[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;
let asking = false;

/** The rows that are on the screen now. */
export function showStrips(rows: readonly TorrentRow[]): void {
  shown = rows;
  // Those that are seen for the first time are not to wait.
  const fresh = rows.some((row) => !isPlain(row) && !asked.has(row.infoHash));
  if (asking || (timer !== undefined && !fresh)) return;
  clearTimeout(timer);
  timer = setTimeout(() => void look(), fresh ? SOON : EVERY);
}

/** Within a component. */
export function useStrip(row: TorrentRow): KnownStrip | undefined {
  const known = strips.use((all) => all.get(row.infoHash));
  return isPlain(row) ? (row.have > 0 ? COMPLETE : EMPTY) : known;
}

/** Its strip follows from its figures. */
function isPlain({ size, have, state }: TorrentRow): boolean {
  return size === 0 || have === size || (have === 0 && state !== 'downloading');
}

async function look(): Promise<void> {
  asking = true;
  const wanted = shown.filter((row) => !isPlain(row) && (asked.get(row.infoHash) !== stamp(row) || moves(row)));
  try {
    if (wanted.length > 0 && !document.hidden) await fetchStrips(wanted.slice(0, MOST));
  } catch {
    // The feed says when the daemon is away; strips stay as they were.
  }
  asking = false;
  timer = setTimeout(() => void look(), EVERY);
}

async function fetchStrips(rows: readonly TorrentRow[]): Promise<void> {
  const query = { torrents: rows.map(({ infoHash }) => infoHash).join(','), cells: CELLS };
  const reply = await api.strips({ query });
  for (const row of rows) asked.set(row.infoHash, stamp(row));
  const next = new Map(strips.get());
  for (const strip of reply.strips) {
    // Most are as they were a second ago: the same object, so that nothing is drawn for them.
    const said = JSON.stringify(strip);
    const { infoHash, cells, nowhere, lastSeen } = strip;
    if (heard.get(infoHash) === said) continue;
    heard.set(infoHash, said);
    next.set(infoHash, { cells: bytesOf(cells), nowhere, lastSeen });
  }
  const on = new Set(shown.map(({ infoHash }) => infoHash));
  for (const infoHash of asked.keys()) {
    if (asked.size <= KEPT) break;
    if (on.has(infoHash)) continue;
    for (const known of [asked, heard, next]) known.delete(infoHash);
  }
  strips.set(next);
}

function stamp({ piecesHave, state }: TorrentRow): string {
  return `${state} ${piecesHave}`;
}

/** Pieces may arrive, or peers with them come and go, without one more being complete. */
function moves({ state }: TorrentRow): boolean {
  return state === 'downloading' || state === 'checking';
}
