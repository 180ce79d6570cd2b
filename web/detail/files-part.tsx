// The files of a transfer, in folders, with how much of each is here and how much it is wanted.

import { useState } from 'preact/hooks';
import type { FilePriority, FilesReply } from '../../src/api/daemon-schemas.ts';
import { attempt } from '../app/notices.tsx';
import { api } from '../data/api.ts';
import { usePoll } from '../data/poll.ts';
import { play } from '../player/player.ts';
import { useDetailTorrent } from './detail-torrent.ts';
import { FileTree } from './file-tree.tsx';
import type { FileRow } from './folders.ts';
import { openFile } from './open-file.ts';

export function FilesPart() {
  const row = useDetailTorrent();
  const { infoHash, have, wanted, size } = row;
  const params = { infoHash };
  const quiet = have === wanted && size > 0;
  const { value, failure } = usePoll(infoHash, quiet ? 10_000 : 2_000, (signal) => api.files({ params, signal }));
  /** What a change came back with, until the next answer. */
  const [changed, setChanged] = useState<{ after: FilesReply | undefined; reply: FilesReply }>();
  const shown = changed !== undefined && changed.after === value ? changed.reply : value;
  if (shown === undefined) return failure === undefined ? null : <p class="detail-note">{failure.message}</p>;
  if (shown.files.length === 0) return <p class="detail-note">The files are known with the metadata.</p>;
  const onPriority = (files: readonly FileRow[], priority: FilePriority): void => {
    const body = { files: files.map(({ index }) => ({ index, priority })) };
    void attempt(api.changeFiles({ params, body }).then((reply) => setChanged({ after: value, reply })));
  };
  const onOpen = ({ index }: FileRow): void => void attempt(openFile(infoHash, index));
  const { files } = shown;
  const onPlay = (file: FileRow): void => play(row, files, file);
  return <FileTree files={files} onPriority={onPriority} onOpen={onOpen} onPlay={onPlay} />;
}
