import assert from 'node:assert/strict';
import test from 'node:test';
import type { Metainfo } from '../protocol/metainfo.ts';
import { checkFilePriorities, piecePriorities } from './file-priorities.ts';

function torrent(...lengths: readonly (number | 'pad')[]): Metainfo {
  let offset = 0;
  const files = lengths.map((entry) => {
    const length = entry === 'pad' ? 10 - (offset % 10) : entry;
    const file = { path: ['x'], length, offset, pad: entry === 'pad' };
    offset += length;
    return file;
  });
  return { files, pieceLength: 10, pieceCount: Math.ceil(offset / 10) } as unknown as Metainfo;
}

test('a piece is worth what the dearest of its files is', () => {
  assert.deepEqual([...piecePriorities(torrent(15, 10, 15), [1, 7, 0])], [1, 7, 7, 0]);
  assert.deepEqual([...piecePriorities(torrent(20, 20), [0])], [0, 0, 4, 4]);
  assert.deepEqual([...piecePriorities(torrent(20, 20), [7])], [7, 7, 4, 4]);
});

test('pads and empty files want nothing', () => {
  assert.deepEqual([...piecePriorities(torrent(15, 'pad', 10, 0), [0, 7, 2, 7])], [0, 0, 2]);
});

test('what is no priority is refused', () => {
  for (const bad of [-1, 8, 1.5, Number.NaN]) assert.throws(() => checkFilePriorities([4, bad]), { code: 'ERR_USAGE' });
  checkFilePriorities([0, 7]);
});
