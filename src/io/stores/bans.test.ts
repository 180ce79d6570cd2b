import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { BanStore, type KeptBan } from './bans.ts';

function makePath(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shoal-bans-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, 'state', 'bans.json');
}

const ban = (address: string, until = 2_000): KeptBan => ({ address, since: 1_000, until, reason: 'lied' });
const addresses = (bans: readonly KeptBan[]): string[] => bans.map(({ address }) => address);

test('bans are there again until they run out', async (t) => {
  const file = makePath(t);
  const store = new BanStore(file);
  assert.deepEqual(await store.load(0), []);
  await store.change([ban('8.8.8.8'), ban('2a00::1', 3_000)], [], 1_500);
  assert.deepEqual(await new BanStore(file).load(1_500), [ban('8.8.8.8'), ban('2a00::1', 3_000)]);
  assert.deepEqual(addresses(await store.load(2_000)), ['2a00::1']);
  assert.deepEqual(fs.readdirSync(path.dirname(file)), ['bans.json'], 'nothing is left beside it');
});

test('each change is merged into what other processes have written', async (t) => {
  const file = makePath(t);
  const [one, two] = [new BanStore(file), new BanStore(file)];
  await one.change([ban('8.8.8.8')], [], 0);
  await two.change([ban('9.9.9.9')], [], 0);
  await one.change([ban('7.7.7.7')], ['9.9.9.9'], 0);
  assert.deepEqual(addresses(await two.load(0)), ['8.8.8.8', '7.7.7.7']);
  await two.change([ban('8.8.8.8', 9_000)], [], 0);
  assert.deepEqual(await one.load(5_000), [ban('8.8.8.8', 9_000)]);
});

test('a damaged file is as good as none and is written anew', async (t) => {
  const file = makePath(t);
  const store = new BanStore(file);
  await store.change([ban('8.8.8.8')], [], 0);
  for (const text of [
    '',
    '{',
    '[]',
    'null',
    '{"format":"shoal-bans-v1"}',
    '{"format":"shoal-bans-v1","bans":[1,{},null]}',
    `{"format":"shoal-bans-v1","bans":{"0":${JSON.stringify(ban('8.8.8.8'))}}}`,
    `{"format":"other","bans":[${JSON.stringify(ban('8.8.8.8'))}]}`,
    `{"bans":[${JSON.stringify(ban('8.8.8.8'))}]}`,
  ]) {
    fs.writeFileSync(file, text);
    assert.deepEqual(await store.load(0), [], text);
  }
  const large = (size: number) =>
    `{"format":"shoal-bans-v1","bans":[${JSON.stringify(ban('8.8.8.8'))}],"x":"${'x'.repeat(size)}"}`;
  fs.writeFileSync(file, large(4 << 20));
  assert.deepEqual(await store.load(0), [], 'what is too large is not ours');
  fs.writeFileSync(file, large((4 << 20) - 1_000));
  assert.deepEqual(addresses(await store.load(0)), ['8.8.8.8']);
  await store.change([ban('8.8.8.8')], [], 0);
  assert.deepEqual(addresses(await store.load(0)), ['8.8.8.8']);
});

test('the file of a newer Shoal is neither read nor replaced', async (t) => {
  const file = makePath(t);
  const store = new BanStore(file);
  await store.change([], [], 0);
  const newer = '{"format":"shoal-bans-v2","bans":{}}';
  fs.writeFileSync(file, newer);
  await assert.rejects(store.load(0), { code: 'ERR_STATE' });
  await assert.rejects(store.change([ban('8.8.8.8')], [], 0), { code: 'ERR_STATE' });
  assert.equal(fs.readFileSync(file, 'utf8'), newer);
});

test('of a damaged file those bans count that are whole', async (t) => {
  const file = makePath(t);
  const store = new BanStore(file);
  await store.change([], [], 0);
  const good = ban('8.8.8.8');
  const bans = [
    { ...good, address: 1 },
    { ...good, address: 'x'.repeat(46) },
    { ...good, since: '1' },
    { ...good, since: null },
    { ...good, until: '2000' },
    { ...good, reason: 5 },
    { ...good, reason: 'x'.repeat(201) },
    { address: '8.8.8.8' },
    { ...good, reason: 'x'.repeat(200) },
  ];
  fs.writeFileSync(file, JSON.stringify({ format: 'shoal-bans-v1', bans }));
  assert.deepEqual(await store.load(0), [bans.at(-1)]);
});

test('a ban that is made again counts as the newest', async (t) => {
  const store = new BanStore(makePath(t));
  await store.change([ban('8.8.8.8'), ban('9.9.9.9')], [], 0);
  await store.change([ban('8.8.8.8')], [], 0);
  assert.deepEqual(addresses(await store.load(0)), ['9.9.9.9', '8.8.8.8']);
});

test('a file that cannot be read or written is told of by its path, and none stays open', async (t) => {
  const folder = path.dirname(makePath(t));
  fs.mkdirSync(folder, { recursive: true });
  fs.mkdirSync(path.join(folder, 'bans.json'));
  const named = (error: { code: string; message: string }): boolean =>
    /^ERR_(DISK|DESTINATION)/.test(error.code) && error.message.includes(folder);
  await assert.rejects(new BanStore(path.join(folder, 'bans.json')).load(0), named);
  fs.writeFileSync(path.join(folder, 'file'), '');
  await assert.rejects(new BanStore(path.join(folder, 'file', 'bans.json')).load(0), named);
  const long = new BanStore(path.join(folder, 'x'.repeat(250)));
  assert.deepEqual(await long.load(0), []);
  await assert.rejects(
    long.change([ban('8.8.8.8')], [], 0),
    named,
    'the name of what is written first is longer still',
  );
  const store = new BanStore(path.join(folder, 'good.json'));
  await store.change([ban('8.8.8.8')], [], 0);
  const opened = (): number => fs.readdirSync('/proc/self/fd').length;
  if (!fs.existsSync('/proc/self/fd')) return;
  const before = opened();
  for (let i = 0; i < 20; i++) await store.load(0);
  assert.ok(opened() < before + 10);
});

test('the number of bans kept is bounded, the oldest go, and a long reason is cut', async (t) => {
  const file = makePath(t);
  const store = new BanStore(file);
  const many = Array.from({ length: 10_050 }, (_, i) => ban(`8.${i >> 16}.${(i >> 8) & 255}.${i & 255}`));
  await store.change([...many, { ...ban('9.9.9.9'), reason: 'x'.repeat(1_000) }], [], 0);
  const kept = await store.load(0);
  assert.equal(kept.length, 10_000);
  assert.equal(kept.at(-1)!.reason.length, 200);
  assert.equal(kept[0]!.address, '8.0.0.51');
  const written = JSON.parse(fs.readFileSync(file, 'utf8')) as { bans: KeptBan[] };
  assert.equal(written.bans.length, 10_000);
  written.bans.unshift(ban('7.7.7.7'));
  fs.writeFileSync(file, JSON.stringify(written));
  assert.deepEqual(addresses((await store.load(0)).slice(0, 1)), ['8.0.0.51']);
});
