import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commonPriority, type FileRow, foldersOf, linesOf } from './folders.ts';

const file = (index: number, path: string, priority: FileRow['priority'] = 'normal'): FileRow => ({
  index,
  path,
  size: 100,
  offset: index * 100,
  have: index,
  priority,
});
const FILES = [file(0, 'cover.jpg'), file(1, 'cd 1/a.ogg'), file(2, 'cd 1/extra/b.ogg', 'skip'), file(3, 'cd 2/c.ogg')];

const told = (folded: string[] = []): string[] =>
  linesOf(FILES, new Set(folded)).map((line) =>
    line.kind === 'folder'
      ? `${' '.repeat(line.depth)}${line.name}/ ${line.have} of ${line.size}`
      : `${' '.repeat(line.depth)}${line.name}`,
  );

test('files stand in their folders, and a folder counts all below it', () => {
  assert.deepEqual(told(), [
    'cd 1/ 3 of 200',
    ' extra/ 2 of 100',
    '  b.ogg',
    ' a.ogg',
    'cd 2/ 3 of 100',
    ' c.ogg',
    'cover.jpg',
  ]);
});

test('what is below a folded folder is left out', () => {
  assert.deepEqual(told(['cd 1']), ['cd 1/ 3 of 200', 'cd 2/ 3 of 100', ' c.ogg', 'cover.jpg']);
  assert.deepEqual(foldersOf(FILES).sort(), ['cd 1', 'cd 1/extra', 'cd 2']);
  assert.equal(told(foldersOf(FILES)).length, 3);
});

test('a priority is told where all files have the same', () => {
  assert.equal(commonPriority(FILES), undefined);
  assert.equal(commonPriority([FILES[2]!]), 'skip');
  assert.equal(commonPriority([FILES[0]!, FILES[1]!]), 'normal');
});
