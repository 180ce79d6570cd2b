import assert from 'node:assert/strict';
import test from 'node:test';
import { matchFiles, parseIndexRanges } from './file-selection.ts';

const FILES = ['01 one.flac', 'art/cover.jpg', 'art/back.jpg', 'cd 2/01.flac', 'cd 2/art/x.jpg', '7'].map(
  (path, i) => ({
    index: i * 2,
    path,
  }),
);
const chosen = (...terms: (number | string)[]) => matchFiles(terms, FILES).map(({ index }) => index / 2);

test('numbers and ranges mean the files with those numbers', () => {
  assert.deepEqual(chosen(0, 4), [0, 2]);
  assert.deepEqual(chosen('4-8,0'), [0, 2, 3, 4]);
  assert.deepEqual(chosen('1', '99', '8-4'), [], 'none has them');
  assert.deepEqual(chosen('0-999999999'), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(chosen('8-10,0-2,2-4,1-3'), [0, 1, 2, 4, 5]);
});

test('patterns mean names, paths and whole folders', () => {
  assert.deepEqual(chosen('*.jpg'), [1, 2, 4]);
  assert.deepEqual(chosen('art'), [1, 2]);
  assert.deepEqual(chosen('art/'), [1, 2]);
  assert.deepEqual(chosen('./cd 2'), [3, 4]);
  assert.deepEqual(chosen('*/art'), [4]);
  assert.deepEqual(chosen('?? one.*'), [0]);
  assert.deepEqual(chosen('art/*.jpg', '01.flac'), [1, 2, 3]);
  assert.deepEqual(chosen('*'), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(chosen('ar', 'cover', '*.JPG', ''), []);
  assert.deepEqual(chosen('./7', '7'), [5], 'a file that is called like a number');
});

test('what is no list of numbers is a pattern', () => {
  assert.deepEqual(parseIndexRanges('3'), [{ from: 3, to: 3 }]);
  for (const text of [
    '',
    ',',
    '1,',
    '-1',
    '1-',
    '1--2',
    '1-2-3',
    ' 1',
    '1e3',
    'a',
    '1'.repeat(10),
    `${'1,'.repeat(600)}1`,
  ])
    assert.equal(parseIndexRanges(text), undefined, text.slice(0, 20));
});

test('ranges made to take long do not', () => {
  const files = Array.from({ length: 200_000 }, (_each, index) => ({ index, path: 'x' }));
  const before = process.cpuUsage().user;
  assert.equal(matchFiles(Array(20).fill(Array(80).fill('0-999999999').join(',')), files).length, 200_000);
  assert.ok(process.cpuUsage().user - before < 2e6);
});

test('a pattern made to take long does not', () => {
  const path = 'a'.repeat(4000);
  const before = process.cpuUsage().user;
  assert.deepEqual(matchFiles([`${'*a'.repeat(500)}b`], [{ index: 0, path }]), []);
  assert.ok(process.cpuUsage().user - before < 2e6);
});
