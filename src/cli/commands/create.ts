// `shoal create`: hashes files and writes a .torrent file. Publishes nothing.

import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ShoalError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import { formatSize } from '../../base/quantity.ts';
import { formatMagnet } from '../../protocol/magnet.ts';
import { announceUrlOf } from '../../protocol/tracker/http.ts';
import type { COMMON, CommandRun } from '../command.ts';
import { hashPaths } from '../hashing.ts';

type Taken = 'output' | 'name' | 'exclude' | 'pieceLength' | 'tracker' | (typeof COMMON)[number];

export const run: CommandRun<Taken> = async ({ output, signal }, settings, paths) => {
  const { name, exclude, pieceLength, tracker = [] } = settings;
  const announce = tracker.map((url) => [announceUrlOf(url)]);
  const { metainfo, torrent } = await hashPaths(output, {
    paths,
    announce,
    signal,
    ...(name === undefined ? {} : { name }),
    ...(exclude === undefined ? {} : { exclude }),
    ...(pieceLength === undefined ? {} : { pieceLength }),
  });
  const destination = resolve(settings.output ?? `${metainfo.name}.torrent`);
  await writeNew(destination, torrent);
  const { infoHash, size, pieceCount } = metainfo;
  const magnet = formatMagnet({ infoHash, name: metainfo.name, trackers: announce.flat() });
  output.event('created', {
    name: metainfo.name,
    infoHash,
    size,
    pieces: pieceCount,
    pieceLength: metainfo.pieceLength,
    path: destination,
    magnet,
  });
  output.result(printable(destination));
  output.result(
    `${printable(metainfo.name)}  ${formatSize(size)}  ${pieceCount} pieces of ${formatSize(metainfo.pieceLength)}`,
  );
  output.result(printable(magnet));
};

/** Replaces only what is a .torrent file already: -o naming the data by mistake must not cost it. */
async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return open(path, 'wx+');
    throw error;
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, 0);
    if (bytesRead > 0 && buffer.toString('latin1') !== 'd')
      throw new ShoalError('ERR_DESTINATION', `${path} is there already and is no .torrent file; name another with -o`);
    await file.truncate(0);
    await file.write(bytes, 0, bytes.length, 0);
  } finally {
    await file.close();
  }
}
