import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ShoalError } from '../base/errors.ts';
import { parseConfig, readConfigFile } from './config-file.ts';
import { environmentName, flagName, resolveSettings, SETTINGS, type SettingName } from './settings.ts';

const COMMANDS = ['get', 'share', 'tracker'];

function fails(code: string, pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.equal((error as ShoalError).code, code);
    assert.match((error as ShoalError).message, pattern);
    return true;
  };
}

test('flag goes before environment, environment before file, and nothing gives undefined', async () => {
  const file = await parseConfig('down = "1K"\ntracker = ["http://file:1"]\n', '/c.toml', COMMANDS);
  const environment = { SHOAL_DOWN: '2K', SHOAL_TRACKER: 'http://a:1, http://b:2' };
  const read = (flags: object, env: Record<string, string>, config?: typeof file) =>
    resolveSettings('get', ['down', 'tracker', 'json'], flags, env, config);
  assert.deepEqual(read({ down: '3K', tracker: ['http://flag:1'], json: true }, environment, file), {
    down: 3072,
    tracker: ['http://flag:1'],
    json: true,
  });
  assert.deepEqual(read({}, environment, file), { down: 2048, tracker: ['http://a:1', 'http://b:2'], json: false });
  assert.deepEqual(read({}, { SHOAL_DOWN: '' }, file), { down: 1024, tracker: ['http://file:1'], json: false });
  assert.deepEqual(read({}, {}), { down: undefined, tracker: undefined, json: false });
});

test("a command's own section goes before the general part of the file", async () => {
  const file = await parseConfig(
    'listen = ":6881"\nup = 4096\n[command.tracker]\nlisten = "127.0.0.1:7070"\n',
    '/c.toml',
    COMMANDS,
  );
  assert.deepEqual(resolveSettings('tracker', ['listen', 'up'], {}, {}, file), {
    listen: { host: '127.0.0.1', port: 7070 },
    up: 4096,
  });
  assert.deepEqual(resolveSettings('get', ['listen'], {}, {}, file), { listen: { host: '', port: 6881 } });
});

test('an unknown key, a wrong value, a wrong command and bad TOML are named with file and line', async () => {
  const config = (text: string) => parseConfig(text, '/etc/c.toml', COMMANDS);
  await assert.rejects(
    config('# hello\n\ndwon = "1K"\n'),
    fails('ERR_CONFIG', /^\/etc\/c\.toml:3: unknown setting "dwon"/),
  );
  await assert.rejects(config('up = 1\n[command.gte]\nup = 1\n'), fails('ERR_CONFIG', /^\/etc\/c\.toml:2: .*"gte"/));
  await assert.rejects(config('[command.get]\n\nspeed = 1\n'), fails('ERR_CONFIG', /^\/etc\/c\.toml:3: .*"speed"/));
  await assert.rejects(
    config('up = 1\nname = "x"\n'),
    fails('ERR_CONFIG', /^\/etc\/c\.toml:2: name belongs to one call/),
  );
  await assert.rejects(config('a = 1\nb = \n'), fails('ERR_CONFIG', /^\/etc\/c\.toml:2: not TOML: /));
  await assert.rejects(config('down = [1, 2]\n'), fails('ERR_CONFIG', /^\/etc\/c\.toml:1: down takes one value/));
  await assert.rejects(config('command = 3\n'), fails('ERR_CONFIG', /^\/etc\/c\.toml:1: "command" is a table/));
  const file = await config('\ndown = "fast"\n');
  assert.throws(
    () => resolveSettings('get', ['down'], {}, {}, file),
    fails('ERR_CONFIG', /^\/etc\/c\.toml:2: down: "fast" is not a rate such as 500K/),
  );
});

test('a bad flag and a bad variable are told apart', () => {
  const read = (flags: object, env: Record<string, string>) =>
    resolveSettings('get', ['down', 'listen', 'tracker', 'pieceLength', 'json', 'peer'], flags, env, undefined);
  assert.throws(() => read({ down: 'x' }, {}), fails('ERR_USAGE', /^--down: "x" is not a rate/));
  assert.throws(() => read({ pieceLength: '20000' }, {}), fails('ERR_USAGE', /^--piece-length: .* power of two/));
  assert.throws(() => read({ pieceLength: '128M' }, {}), fails('ERR_USAGE', /^--piece-length/));
  assert.throws(() => read({ tracker: ['ftp://x'] }, {}), fails('ERR_USAGE', /^--tracker: "ftp:\/\/x" is not an http/));
  assert.throws(() => read({ peer: ['host:0'] }, {}), fails('ERR_USAGE', /^--peer/));
  assert.throws(() => read({}, { SHOAL_LISTEN: 'nowhere' }), fails('ERR_CONFIG', /^SHOAL_LISTEN: "nowhere"/));
  assert.throws(
    () => read({}, { SHOAL_JSON: 'perhaps' }),
    fails('ERR_CONFIG', /^SHOAL_JSON: "perhaps" is not true or false/),
  );
  assert.throws(() => read({ down: '\x1b[2J' }, {}), fails('ERR_USAGE', /"\\x1b\[2J"/));
});

test('what belongs to one call is not taken from the environment', () => {
  assert.deepEqual(resolveSettings('share', ['name'], {}, { SHOAL_NAME: 'x' }, undefined), { name: undefined });
});

test('names of flags and variables follow from the keys', () => {
  assert.equal(flagName('pieceLength'), 'piece-length');
  assert.equal(environmentName('pieceLength'), 'SHOAL_PIECE_LENGTH');
  const variables = (Object.keys(SETTINGS) as SettingName[]).map(environmentName);
  assert.equal(new Set(variables).size, variables.length);
});

test('no file is no settings; a directory in its place is an error', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'shoal-config-'));
  try {
    assert.equal(await readConfigFile(join(directory, 'config.toml'), COMMANDS), undefined);
    await assert.rejects(readConfigFile(directory, COMMANDS), fails('ERR_CONFIG', /cannot read/));
    await writeFile(join(directory, 'config.toml'), 'json = true\n');
    const file = await readConfigFile(join(directory, 'config.toml'), COMMANDS);
    assert.deepEqual(resolveSettings('get', ['json'], {}, {}, file), { json: true });
  } finally {
    await rm(directory, { recursive: true });
  }
});
