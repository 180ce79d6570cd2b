// What is played after what, and how positions are said.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatPosition, kindOf } from './media-kind.ts';
import { albumOf } from './player.ts';

const file = (index: number, path: string) => ({
  index,
  path,
  size: 10,
  have: 0,
  offset: index * 10,
  priority: 'normal' as const,
});

const FILES = [
  file(0, 'cover.jpg'),
  file(1, 'CD 1/10 Ten.flac'),
  file(2, 'CD 1/2 Two.flac'),
  file(3, 'CD 1/1 One.flac'),
  file(4, 'CD 1/making of.mkv'),
  file(5, 'CD 2/1 One.flac'),
];

describe('what is played', () => {
  it('is an album in the order of its names, a film alone, and nothing of a picture', () => {
    const names = (of: number) => albumOf(FILES, FILES[of]!).map(({ index }) => index);
    assert.deepEqual(names(2), [3, 2, 1]);
    assert.deepEqual(names(5), [5]);
    assert.deepEqual(names(4), [4]);
    assert.deepEqual(names(0), []);
  });

  it('is told from its name', () => {
    assert.equal(kindOf('a/b.FLAC'), 'audio');
    assert.equal(kindOf('b.webm'), 'video');
    for (const path of ['mp3', 'b.webm.part', 'flac/readme.txt', '']) assert.equal(kindOf(path), undefined, path);
  });

  it('is at a position said as clocks do', () => {
    const said = [0, 5.9, 245, 3599, 3753, Number.NaN, Number.POSITIVE_INFINITY].map(formatPosition);
    assert.deepEqual(said, ['0:00', '0:05', '4:05', '59:59', '1:02:33', '–:––', '–:––']);
  });
});
