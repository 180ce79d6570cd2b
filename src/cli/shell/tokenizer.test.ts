import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { splitWords } from './tokenizer.ts';

test('words, blanks and quotes', () => {
  assert.deepEqual(splitWords('  GET  name   dst '), ['GET', 'name', 'dst']);
  assert.deepEqual(splitWords('get "my film.mkv" \'out dir/\''), ['get', 'my film.mkv', 'out dir/']);
  assert.deepEqual(splitWords('share a" b"c\td'), ['share', 'a bc', 'd']);
  assert.deepEqual(splitWords('get "" x'), ['get', '', 'x']);
  assert.deepEqual(splitWords(''), []);
  assert.deepEqual(splitWords('get 音楽\u3000名'), ['get', '音楽', '名']);
});

test('a backslash escapes what would otherwise split, and is itself elsewhere', () => {
  assert.deepEqual(splitWords('get my\\ film'), ['get', 'my film']);
  assert.deepEqual(splitWords('share C:\\films\\new'), ['share', 'C:\\films\\new']);
  assert.deepEqual(splitWords('share "C:\\my films\\\\"'), ['share', 'C:\\my films\\']);
  assert.deepEqual(splitWords(`get don\\'t`), ['get', "don't"]);
  assert.deepEqual(splitWords('x\\'), ['x\\']);
});

test('an open quote is an error that says which', () => {
  assert.throws(() => splitWords('get "my film'), { code: 'ERR_USAGE', message: 'the quote " is never closed' });
});

test('any words come back when they are quoted', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (words) => {
      const line = words.map((word) => `"${word.replace(/["\\]/g, '\\$&')}"`).join(' ');
      assert.deepEqual(splitWords(line), words);
    }),
  );
});
