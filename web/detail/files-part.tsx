// The files of a transfer, in folders, with how much of each is here.

import { api } from '../data/api.ts';
import { usePoll } from '../data/poll.ts';
import { useDetailTorrent } from './detail-torrent.ts';
import { FileTree } from './file-tree.tsx';

export function FilesPart() {
  const { infoHash, have, size } = useDetailTorrent();
  const { value, failure } = usePoll(infoHash, have === size && size > 0 ? 10_000 : 2_000, (signal) =>
    api.files({ params: { infoHash }, signal }),
  );
  if (value === undefined) return failure === undefined ? null : <p class="detail-note">{failure.message}</p>;
  if (value.files.length === 0) return <p class="detail-note">The files are known with the metadata.</p>;
  return <FileTree files={value.files} />;
}
