import assert from 'node:assert/strict';
import { it } from 'node:test';
import { kindOf } from './file-kinds.ts';

it('tells the kind of an entry by the ending of its name, and folders by how many files they have', () => {
  const kinds: [string, number, string][] = [
    ['Film.MKV', 1, 'video'],
    ['song.opus', 1, 'audio'],
    ['backup.tar.zst', 1, 'archive'],
    ['debian-13.iso', 1, 'system'],
    ['album', 12, 'folder'],
    ['Holiday 2.5 days', 40, 'folder'],
    ['photos.zip', 2, 'archive'],
    ['README', 1, 'other'],
    ['.mkv', 1, 'video'],
  ];
  for (const [name, files, kind] of kinds) assert.equal(kindOf(name, files), kind, name);
});
