import assert from 'node:assert/strict';
import test from 'node:test';
import { contentDisposition, mediaTypeOf } from './media-type.ts';

test('what plays has its type, and what could run has none', () => {
  assert.equal(mediaTypeOf('a film.WebM'), 'video/webm');
  assert.equal(mediaTypeOf('01.flac'), 'audio/flac');
  assert.equal(mediaTypeOf('notes.txt'), 'text/plain; charset=utf-8');
  for (const name of [
    'x.svg',
    'x.html',
    'x.HTM',
    'x.xhtml',
    'x.xml',
    'x.js',
    'x.pdf',
    'x.swf',
    'x',
    'webm',
    '.mp4.',
    'x.constructor',
  ])
    assert.equal(mediaTypeOf(name), undefined, name);
});

test('a name of any kind fits into its header', () => {
  assert.equal(contentDisposition('inline', 'a b.mp3'), `inline; filename="a b.mp3"; filename*=UTF-8''a%20b.mp3`);
  assert.equal(
    contentDisposition('attachment', 'ä"\\\r\n(1)*\ud800.svg'),
    `attachment; filename="_____(1)*_.svg"; filename*=UTF-8''%C3%A4%22%5C%0D%0A%281%29%2A%EF%BF%BD.svg`,
  );
});
