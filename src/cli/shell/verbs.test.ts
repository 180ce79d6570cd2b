import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRequest } from './verbs.ts';

const nothing = () => false;
const parse = (line: string, isPath: (word: string) => boolean = nothing) => parseRequest(line, isPath);

test('every verb of the five systems, in any case', () => {
  const tracker = undefined;
  assert.deepEqual(parse('REGISTER song /music/song.mp3'), {
    tracker,
    verb: 'share',
    name: 'song',
    path: '/music/song.mp3',
  });
  assert.deepEqual(parse('VIEW_AVAILABLE'), { tracker, verb: 'list', query: undefined });
  assert.deepEqual(parse('GET song out.mp3'), { tracker, verb: 'get', name: 'song', destination: 'out.mp3' });
  assert.deepEqual(parse('upload film.mkv'), { tracker, verb: 'share', name: undefined, path: 'film.mkv' });
  assert.deepEqual(parse('Download film.mkv'), { tracker, verb: 'get', name: 'film.mkv', destination: undefined });
  assert.deepEqual(parse('share "my film.mkv"'), { tracker, verb: 'share', name: undefined, path: 'my film.mkv' });
  assert.deepEqual(parse('list'), { tracker, verb: 'list', query: undefined });
  assert.deepEqual(parse('file list'), { tracker, verb: 'list', query: undefined });
  assert.deepEqual(parse('File-Locations film'), { tracker, verb: 'where', name: 'film' });
  assert.deepEqual(parse('lookup film'), { tracker, verb: 'where', name: 'film' });
  assert.deepEqual(parse('leave'), { tracker, verb: 'leave', name: undefined });
  assert.deepEqual(parse('unregister film'), { tracker, verb: 'leave', name: 'film' });
  assert.deepEqual(parse('progress'), { tracker, verb: 'progress' });
  for (const line of ['quit', 'EXIT']) assert.deepEqual(parse(line), { tracker, verb: 'quit' });
  assert.deepEqual(parse('help'), { tracker, verb: 'help' });
});

test('a tracker at the end, as host and port, is taken off', () => {
  assert.deepEqual(parse('share film.mkv 10.0.0.5 7070'), {
    tracker: 'http://10.0.0.5:7070',
    verb: 'share',
    name: undefined,
    path: 'film.mkv',
  });
  assert.equal(parse('list localhost 7070')?.tracker, 'http://localhost:7070');
  assert.equal(parse('get song out.mp3 ::1 7070')?.tracker, 'http://[::1]:7070');
  assert.deepEqual(parse('REGISTER song song.mp3 127.0.0.1 9000'), {
    tracker: 'http://127.0.0.1:9000',
    verb: 'share',
    name: 'song',
    path: 'song.mp3',
  });
});

test('words that could be a tracker but are needed, or are files, stay', () => {
  assert.deepEqual(parse('register notes 8080'), { tracker: undefined, verb: 'share', name: 'notes', path: '8080' });
  assert.throws(() => parse('share a b.txt 8080', (word) => word === '8080'), { code: 'ERR_USAGE' });
  assert.deepEqual(parse('get 1 2'), { tracker: undefined, verb: 'get', name: '1', destination: '2' });
});

test('empty lines and comments ask for nothing; a wrong line says how it is written', () => {
  assert.equal(parse('   '), undefined);
  assert.equal(parse('# get film'), undefined);
  assert.throws(() => parse('fetch film'), /there is no verb "fetch"/);
  assert.throws(() => parse('get'), /it is written: get NAME \[DESTINATION\]/);
  assert.throws(() => parse('quit now'), /it is written: quit \(/);
});
