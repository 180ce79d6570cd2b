// `shoal verify`: compares what is on disk with a .torrent file. Reads only.

import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ShoalError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import { formatPercent, formatSize } from '../../base/quantity.ts';
import { type CheckedFile, verify } from '../../io/disk/check.ts';
import { HashPool } from '../../io/disk/hash-pool.ts';
import type { COMMON, CommandRun } from '../command.ts';
import { drawBar } from '../render/strip.ts';
import { readTorrentFile } from '../torrent-source.ts';

const VERDICTS: Readonly<Record<CheckedFile['verdict'], string>> = {
  ok: 'ok',
  missing: 'missing',
  short: 'too short',
  long: 'longer than it should be',
  bad: 'differs',
  unreadable: 'cannot be read',
};

export const run: CommandRun<(typeof COMMON)[number]> = async ({ output, signal }, settings, [torrent, given]) => {
  const metainfo = await readTorrentFile(torrent!);
  const path = resolve(given!);
  await access(path).catch((cause) => {
    throw new ShoalError('ERR_DISK_MISSING', `${path} does not exist; name the file or folder to check`, { cause });
  });
  const pool = new HashPool();
  let checked = 0;
  let total = 0;
  const bar = () => `${formatPercent(checked, total)}  ${formatSize(checked)} of ${formatSize(total)}`;
  const stopProgress = output.progress({
    lines: (columns) => [
      `${drawBar(checked / Math.max(1, total), Math.min(40, columns - 40), output.unicode)} ${bar()}`,
    ],
    plain: () => `Checking: ${bar()}`,
    eventName: 'checking',
    events: () => (total === 0 ? [] : [{ checked, size: total }]),
  });
  try {
    const onProgress = (done: number, all: number) => {
      checked = done;
      total = all;
    };
    const result = await verify(metainfo, path, pool, { onProgress, signal });
    stopProgress();
    const bad = result.files.filter((file) => file.verdict !== 'ok');
    for (const file of settings.json || settings.verbose ? result.files : bad) {
      const { name, length, verdict, matched, errno } = file;
      output.event('file', { path: name, size: length, matched, verdict, ok: verdict === 'ok', errno });
      const detail = errno === undefined ? '' : ` (${errno})`;
      output.result(
        `${VERDICTS[verdict]}${detail}: ${printable(name)}, ${formatSize(matched)} of ${formatSize(length)} match`,
      );
    }
    const ok = bad.length === 0;
    const { name, infoHash, size, pieceCount } = metainfo;
    const pieces = result.have.count;
    output.event('result', { ok, name, infoHash, path, size, matched: result.matched, pieces, pieceCount });
    if (!ok)
      throw new ShoalError(
        'ERR_BAD_DATA',
        `${path} does not match ${torrent}: ${formatSize(result.matched)} of ${formatSize(size)} (${pieces} of ${pieceCount} pieces) do; shoal get ${torrent} -o ${path} --overwrite fetches the rest`,
      );
    output.result(`${printable(path)} matches: ${formatSize(size)}, ${pieceCount} pieces`);
  } finally {
    await pool.close();
  }
};
