// What is told of one torrent beyond its row: files, pieces, trackers. Of one that does not run, what is kept of it.

import type { FilesReply, LiveReply, StripsReply, TorrentRow, TrackersReply } from '../api/daemon-schemas.ts';
import { cellsOf } from '../api/strip-cells.ts';
import { PIECE, type Torrent } from '../engine/types.ts';
import type { TorrentStore } from '../io/stores/torrent-store.ts';
import type { Metainfo } from '../protocol/metainfo.ts';
import { nameOfPriority } from './file-choice.ts';
import type { ManagedTorrent } from './managed-torrent.ts';

export interface Pieces {
  pieceLength: number;
  /** Per piece one of `PIECE`; empty while the metadata is not known. */
  states: Uint8Array;
}

export async function piecesOf(torrent: ManagedTorrent, store: TorrentStore): Promise<Pieces> {
  const metainfo = await torrent.metainfo();
  if (metainfo === undefined) return { pieceLength: 0, states: new Uint8Array(0) };
  const { pieceLength, pieceCount } = metainfo;
  const live = torrent.running?.pieceMap();
  if (live !== undefined) return { pieceLength, states: live };
  const states = new Uint8Array(pieceCount);
  const { record } = await store.load(torrent.infoHash);
  for (let piece = 0; piece < pieceCount; piece++)
    if (record?.have.size === pieceCount && record.have.has(piece)) states[piece] = PIECE.have;
  return { pieceLength, states };
}

/** Its piece map in at most `cells` cells. */
export async function stripOf(
  torrent: ManagedTorrent,
  store: TorrentStore,
  cells: number,
): Promise<StripsReply['strips'][number]> {
  const { states } = await piecesOf(torrent, store);
  const { pieces = 0, lastSeen = null } = torrent.running?.shortage ?? {};
  const drawn = Buffer.from(cellsOf(states, cells)).toString('base64');
  return { infoHash: torrent.infoHash, cells: drawn, nowhere: pieces, lastSeen };
}

export async function filesOf(torrent: ManagedTorrent, store: TorrentStore): Promise<FilesReply> {
  const metainfo = await torrent.metainfo();
  if (metainfo === undefined) return { files: [] };
  const { states } = await piecesOf(torrent, store);
  const { priorities } = torrent.entry;
  const files = describeFiles(metainfo, states);
  return { files: files.map((file) => ({ ...file, priority: nameOfPriority(priorities?.[file.index]) })) };
}

export type FileFacts = Omit<FilesReply['files'][number], 'priority'>;

/** Pads are no files. `have` counts the bytes of verified pieces. */
export function describeFiles({ files, pieceLength }: Metainfo, states: Uint8Array): FileFacts[] {
  const described: FileFacts[] = [];
  for (const [index, { path, length, offset, pad }] of files.entries()) {
    if (pad) continue;
    let have = 0;
    for (let at = offset; at < offset + length; ) {
      const piece = Math.floor(at / pieceLength);
      const end = Math.min(offset + length, (piece + 1) * pieceLength);
      if (states[piece] === PIECE.have) have += end - at;
      at = end;
    }
    described.push({ index, path: path.join('/'), size: length, offset, have });
  }
  return described;
}

export function trackersOf(torrent: Torrent | undefined): TrackersReply {
  const trackers = (torrent?.trackers ?? []).map(({ url, tier, lastAnswer, failure, seeds, peers }) => ({
    url,
    tier,
    lastAnswer,
    failure: failure ?? null,
    seeds: seeds ?? null,
    peers: peers ?? null,
  }));
  return { trackers };
}

/** What who watches it wants to know at once, but for its pieces. */
export function liveOf(torrent: ManagedTorrent, row: TorrentRow): Omit<LiveReply, 'pieces'> {
  const { running } = torrent;
  const { reused = 0, failedPieces = 0, downloaded = 0, uploaded = 0 } = running?.status ?? {};
  return {
    running: running !== undefined,
    // Of this run, as who follows it counts.
    status: { ...row, reused, failedPieces, downloaded, uploaded },
    peers: running?.peers ?? [],
    trackers: trackersOf(running).trackers,
  };
}
