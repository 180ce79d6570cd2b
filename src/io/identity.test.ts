import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fromHex } from '../base/bytes.ts';
import { ShoalError } from '../base/errors.ts';
import {
  createIdentity,
  Identity,
  importIdentity,
  openIdentity,
  parseIdentity,
  readIdentity,
  verifySignature,
} from './identity.ts';

async function makeDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'shoal-identity-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test('signs as RFC 8032 says', () => {
  // RFC 8032, 7.1, TEST 2.
  const identity = new Identity(fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb')!);
  assert.equal(identity.publicKey, '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c');
  const signature = identity.sign(new Uint8Array([0x72]));
  assert.equal(
    Buffer.from(signature).toString('hex'),
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  );
});

test('a signature holds for exactly its bytes and its key', () => {
  const identity = createIdentity();
  const bytes = new TextEncoder().encode('a record');
  const signature = identity.sign(bytes);
  assert.equal(verifySignature(identity.publicKey, bytes, signature), true);
  assert.equal(verifySignature(createIdentity().publicKey, bytes, signature), false);
  assert.equal(verifySignature(identity.publicKey, bytes.slice(1), signature), false);
  for (let i = 0; i < signature.length; i += 7) {
    const broken = signature.slice();
    broken[i]! ^= 1;
    assert.equal(verifySignature(identity.publicKey, bytes, broken), false);
  }
  for (const key of ['', 'zz', identity.publicKey.slice(2), 'ff'.repeat(32)])
    assert.equal(verifySignature(key, bytes, signature), false);
  assert.equal(verifySignature(identity.publicKey, bytes, signature.slice(1)), false);
});

test('is made once, private, and found again', async (t) => {
  const directory = join(await makeDirectory(t), 'state');
  assert.equal(await readIdentity(directory), undefined);
  const made = await openIdentity(directory);
  assert.equal((await openIdentity(directory)).publicKey, made.publicKey);
  assert.deepEqual(await readdir(directory), ['identity.key']);
  if (process.platform !== 'win32') assert.equal((await stat(join(directory, 'identity.key'))).mode & 0o777, 0o600);
});

test('processes that race get the same one', async (t) => {
  const directory = join(await makeDirectory(t), 'state');
  const script = `
    import { openIdentity } from ${JSON.stringify(new URL('./identity.ts', import.meta.url).href)};
    process.stdin.once('data', async () => {
      process.stdout.write((await openIdentity(process.argv[1])).publicKey);
      process.stdin.destroy();
    });
    process.stderr.write('ready');
  `;
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script, directory], { stdio: ['pipe', 'pipe', 'pipe'] }),
  );
  await Promise.all(children.map((child) => new Promise((resolve) => child.stderr.once('data', resolve))));
  const keys = Promise.all(
    children.map(async (child) => {
      let text = '';
      for await (const chunk of child.stdout) text += chunk;
      return text;
    }),
  );
  for (const child of children) child.stdin.write('go');
  const distinct = new Set(await keys);
  assert.equal(distinct.size, 1);
  assert.match([...distinct][0]!, /^[0-9a-f]{64}$/);
  assert.deepEqual(await readdir(directory), ['identity.key']);
});

test('goes through its text and back', async (t) => {
  const directory = await makeDirectory(t);
  const identity = createIdentity();
  const text = identity.exportText();
  assert.equal(parseIdentity(text, 'x').publicKey, identity.publicKey);
  assert.equal(parseIdentity(text.replaceAll('\n', '\r\n'), 'x').publicKey, identity.publicKey);
  const seed = /v1 ([0-9a-f]{64})/.exec(text)![1]!;
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.from(seed, 'hex')]);
  assert.equal(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).asymmetricKeyType, 'ed25519');
  for (const bad of [
    '',
    'hello',
    text.replace(
      seed,
      seed.replace(/^./, (c) => (c === '0' ? '1' : '0')),
    ),
  ])
    assert.throws(() => parseIdentity(bad, 'key.txt'), /key\.txt/);

  await importIdentity(directory, identity);
  assert.equal((await openIdentity(directory)).publicKey, identity.publicKey);
  assert.deepEqual(await importIdentity(directory, identity), { keptOld: undefined });
  const other = createIdentity();
  await assert.rejects(importIdentity(directory, other), (error) => {
    assert.ok(error instanceof ShoalError);
    return error.reason === 'identity_exists';
  });
  const { keptOld } = await importIdentity(directory, other, { replace: true });
  assert.equal((await openIdentity(directory)).publicKey, other.publicKey);
  assert.equal(parseIdentity(await readFile(keptOld!, 'utf8'), keptOld!).publicKey, identity.publicKey);
});

test('a damaged file is never replaced by a new identity', async (t) => {
  const directory = await makeDirectory(t);
  const path = join(directory, 'identity.key');
  await writeFile(path, 'shoal-identity-v1 half');
  await chmod(path, 0o600);
  await assert.rejects(openIdentity(directory), (error) => {
    assert.ok(error instanceof ShoalError);
    assert.equal(error.code, 'ERR_STATE');
    assert.ok(error.message.includes(path));
    return true;
  });
  assert.equal(await readFile(path, 'utf8'), 'shoal-identity-v1 half');
});
