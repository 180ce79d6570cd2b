import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ShoalError } from '../base/errors.ts';
import { asShoalError, exitCodeOfParser } from './errors.ts';
import { Output } from './output.ts';

/** An output whose streams are texts. */
function capture(options: { json?: boolean; tty?: boolean; environment?: Record<string, string> } = {}) {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) => ({
    isTTY: options.tty ?? false,
    columns: 80,
    write: (text: string) => {
      written[name] += text;
    },
  });
  const output = new Output(
    { stdout: stream('stdout'), stderr: stream('stderr'), environment: options.environment ?? {} },
    { json: options.json ?? false },
  );
  return { output, written };
}

test('results go to standard output, messages and errors to standard error', () => {
  const { output, written } = capture();
  output.result('a result');
  output.say('a message');
  output.event('entry', { name: 'x' });
  output.warn('odd\x1b[2J');
  output.fail(new ShoalError('ERR_NAME_TAKEN', 'the name is taken\nreally \x9b31m'));
  assert.equal(written.stdout, 'a result\n');
  assert.equal(written.stderr, 'a message\nshoal: warning: odd\\x1b[2J\nshoal: the name is taken\nreally \\x9b31m\n');
});

test('with --json there are events and nothing else, errors included', () => {
  const { output, written } = capture({ json: true });
  output.result('a result');
  output.say('a message');
  output.event('entry', { name: 'x', size: 1 });
  output.warn('odd');
  output.fail(new ShoalError('ERR_METAINFO', 'bad', { reason: 'missing_info' }));
  assert.equal(written.stderr, '');
  assert.deepEqual(
    written.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      { event: 'entry', name: 'x', size: 1 },
      { event: 'warning', message: 'odd' },
      { event: 'error', code: 'ERR_METAINFO', message: 'bad', reason: 'missing_info' },
    ],
  );
});

test('no control character of others reaches a terminal, and a program gets it all the same', () => {
  const { output, written } = capture({ json: true });
  const name = 'a\x1b[2J\x9b31m\x7f\x00';
  output.event('entry', { name });
  assert.match(written.stdout, /^[\x20-\x7e]+\n$/);
  assert.deepEqual(JSON.parse(written.stdout), { event: 'entry', name });
});

test('progress is drawn only for who watches: on a terminal, not in CI; colours not with NO_COLOR', () => {
  const view = { lines: () => ['drawn'], plain: () => 'plain' };
  const watched = capture({ tty: true });
  watched.output.progress(view)();
  assert.match(watched.written.stderr, /drawn/);
  assert.match(watched.output.paint('x', 'red'), /\x1b/);
  for (const unwatched of [capture(), capture({ tty: true, environment: { CI: 'true' } })]) {
    unwatched.output.progress(view)();
    assert.equal(unwatched.written.stderr, '');
  }
  const plain = capture({ tty: true, environment: { NO_COLOR: '1' } });
  assert.equal(plain.output.paint('x', 'red'), 'x');
});

test('progress events begin at once and carry what the view says', () => {
  const { output, written } = capture({ json: true });
  const stop = output.progress({ lines: () => [], plain: () => '', events: () => [{ have: 1 }, { have: 2 }] });
  stop();
  assert.equal(written.stdout, '{"event":"progress","have":1}\n{"event":"progress","have":2}\n');
});

test('a log takes everything, whatever is shown', () => {
  const { output } = capture();
  const lines: [string, object, string][] = [];
  const at = (level: string) => (fields: object, message: string) => void lines.push([level, fields, message]);
  output.log = { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  output.event('done', { name: 'x' });
  output.event('piece', { index: 1 });
  output.detail('a peer came');
  output.warn('odd');
  output.fail(new ShoalError('ERR_DISK', 'broken'));
  assert.deepEqual(lines, [
    ['info', { name: 'x' }, 'done'],
    ['trace', { index: 1 }, 'piece'],
    ['debug', {}, 'a peer came'],
    ['warn', {}, 'odd'],
    ['error', { code: 'ERR_DISK', reason: undefined }, 'broken'],
  ]);
});

test('whatever is thrown becomes an error with a code that leads to the right exit code', () => {
  const system = (code: string, syscall: string, path?: string) =>
    Object.assign(new Error(`${code}: it failed`), { code, syscall, ...(path === undefined ? {} : { path }) });
  const own = new ShoalError('ERR_NO_PEER', 'x');
  assert.equal(asShoalError(own), own);
  assert.deepEqual(
    [
      system('ENOSPC', 'write', '/a'),
      system('EROFS', 'open', '/a'),
      system('ENOENT', 'open', '/a'),
      system('EADDRINUSE', 'listen'),
      new TypeError('oops'),
      'a string',
    ].map((thrown) => [asShoalError(thrown).code, asShoalError(thrown).exitCode]),
    [
      ['ERR_DISK_FULL', 6],
      ['ERR_DISK_READ_ONLY', 6],
      ['ERR_DISK_MISSING', 6],
      ['ERR_LISTEN', 1],
      ['ERR_INTERNAL', 1],
      ['ERR_INTERNAL', 1],
    ],
  );
  assert.match(asShoalError(new TypeError('oops')).message, /oops[\s\S]*--verbose and report/);
});

test("the parser's own codes become wrong usage or failure", () => {
  assert.deepEqual([-5, -4, -3, -1, 0, 1].map(exitCodeOfParser), [2, 2, 1, 1, 0, 1]);
});
