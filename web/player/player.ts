// What is played: one file, or the audio files of a folder one after the other. Outlives the views; what plays is drawn by
// player-box.tsx.

import type { FilesReply, TorrentRow } from '../../src/api/daemon-schemas.ts';
import { createStore } from '../data/store.ts';
import { kindOf, type MediaKind } from './media-kind.ts';

type FileRow = FilesReply['files'][number];

export interface Track {
  infoHash: string;
  /** Name of the transfer. */
  torrent: string;
  kind: MediaKind;
  /** In the transfer. */
  index: number;
  name: string;
  size: number;
  /** Of its first byte in the transfer. */
  offset: number;
}

export interface Playing {
  tracks: readonly Track[];
  at: number;
}

const playing = createStore<Playing | undefined>(undefined);

export const usePlaying = playing.use;

/** Plays a file and, when it is audio, what follows it in its folder. */
export function play({ infoHash, name }: TorrentRow, files: readonly FileRow[], file: FileRow): void {
  const tracks = albumOf(files, file).map(({ index, path, size, offset }) => ({
    infoHash,
    torrent: name,
    kind: kindOf(path)!,
    index,
    name: path.split('/').at(-1)!,
    size,
    offset,
  }));
  const at = tracks.findIndex(({ index }) => index === file.index);
  if (at >= 0) playing.set({ tracks, at });
}

/** The audio files of its folder in the order of their names; of a video itself alone; nothing of what is neither. */
export function albumOf(files: readonly FileRow[], file: FileRow): readonly FileRow[] {
  const kind = kindOf(file.path);
  if (kind !== 'audio') return kind === undefined ? [] : [file];
  const folder = folderOf(file.path);
  return files
    .filter(({ path }) => kindOf(path) === 'audio' && folderOf(path) === folder)
    .sort((a, b) => byName.compare(a.path, b.path));
}

const byName = new Intl.Collator(undefined, { numeric: true });

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** To the next of the tracks or one before; false: there is none. */
export function step(by: number): boolean {
  const now = playing.get();
  if (now === undefined || now.tracks[now.at + by] === undefined) return false;
  playing.set({ ...now, at: now.at + by });
  return true;
}

export function stopPlaying(): void {
  playing.set(undefined);
}
