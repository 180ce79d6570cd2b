import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { BearerToken, openTokenFile, readTokenFile } from './bearer-token.ts';

async function makeDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'shoal-token-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test('a header matches only with the very token', () => {
  const token = new BearerToken('secret-token');
  assert.equal(token.matches('Bearer secret-token'), true);
  assert.equal(token.matches('bearer  secret-token'), true);
  for (const header of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'secret-token',
    'Basic secret-token',
    'Bearer secret-toke',
    'Bearer secret-token2',
    'Bearer secret-token x',
  ])
    assert.equal(token.matches(header), false, header);
});

test('is made once, long, private, and the same for all who come at once', async (t) => {
  const path = join(await makeDirectory(t), 'admin.token');
  const tokens = await Promise.all(Array.from({ length: 5 }, () => openTokenFile(path)));
  const text = await readTokenFile(path);
  assert.match(text, /^[A-Za-z0-9_-]{43}$/);
  for (const token of tokens) assert.equal(token.matches(`Bearer ${text}`), true);
  if (process.platform !== 'win32') assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal((await openTokenFile(path)).matches(`Bearer ${text}`), true);
});

test('a file that holds something else is neither used nor overwritten', async (t) => {
  const directory = await makeDirectory(t);
  const path = join(directory, 'admin.token');
  await writeFile(path, 'hello');
  await assert.rejects(openTokenFile(path), { code: 'ERR_STATE' });
  assert.equal(await readFile(path, 'utf8'), 'hello');
  await assert.rejects(openTokenFile(join(directory, 'missing', 'admin.token')), { code: 'ERR_STATE' });
});
