import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ShoalError } from '../../base/errors.ts';
import { FilePins, MemoryPins, type Pin } from './pins.ts';

const ALICE = 'aa'.repeat(32);
const BOB = 'bb'.repeat(32);

function makePin(seq: number, publisher = ALICE, name = 'name'): Pin {
  return { name, publisher, seq, infoHash: String(seq).padStart(40, '0'), hash: String(seq).padStart(64, '0') };
}

async function makeDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'shoal-pins-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

for (const kind of ['memory', 'file'] as const)
  test(`${kind}: a pin is raised, never lowered, and keeps its publisher`, async (t) => {
    const pins = kind === 'memory' ? new MemoryPins() : new FilePins(join(await makeDirectory(t), 'pins'));
    assert.equal(await pins.get('name'), undefined);
    assert.deepEqual(await pins.raise(makePin(2)), makePin(2));
    assert.deepEqual(await pins.raise(makePin(1)), makePin(2));
    assert.deepEqual(await pins.raise(makePin(5)), makePin(5));
    assert.deepEqual(await pins.raise(makePin(9, BOB)), makePin(5));
    assert.deepEqual(await pins.get('name'), makePin(5));
    assert.deepEqual(await pins.raise(makePin(1, BOB), { replacePublisher: true }), makePin(1, BOB));
    assert.deepEqual(await pins.raise(makePin(1, ALICE, 'name ')), makePin(1, ALICE, 'name '));
    assert.deepEqual(await pins.get('name'), makePin(1, BOB));
  });

test('names of any kind make folders of one kind', async (t) => {
  const directory = await makeDirectory(t);
  const pins = new FilePins(directory);
  for (const name of ['..', 'CON', 'a/b', '\u{1f4a9}'.repeat(60), 'x'.repeat(255)]) {
    await pins.raise(makePin(1, ALICE, name));
    assert.deepEqual(await new FilePins(directory).get(name), makePin(1, ALICE, name));
  }
  for (const entry of await readdir(directory)) assert.match(entry, /^[0-9a-f]{64}$/);
});

test('no raise is lost when processes raise at once', async (t) => {
  const directory = await makeDirectory(t);
  const script = `
    import { FilePins } from ${JSON.stringify(new URL('./pins.ts', import.meta.url).href)};
    const pins = new FilePins(process.argv[1]);
    const offset = Number(process.argv[2]);
    process.stdin.once('data', async () => {
      for (let i = 1; i <= 20; i++) {
        const pin = { name: 'name', publisher: 'aa'.repeat(32), seq: i * 3 + offset, infoHash: '', hash: '' };
        const kept = await pins.raise(pin);
        if (kept.seq < pin.seq) throw new Error('a raise was refused');
        if ((await pins.get('name')).seq < pin.seq) throw new Error('a raise was lost');
      }
      process.stdin.destroy();
    });
    process.stdout.write('ready');
  `;
  const children = [0, 1, 2].map((offset) =>
    spawn(process.execPath, ['--input-type=module', '-e', script, directory, String(offset)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  const exits = children.map((child) => new Promise<number | null>((resolve) => child.once('exit', resolve)));
  await Promise.all(children.map((child) => new Promise((resolve) => child.stdout.once('data', resolve))));
  for (const child of children) child.stdin.write('go');
  assert.deepEqual(await Promise.all(exits), [0, 0, 0]);
  const pins = new FilePins(directory);
  assert.equal((await pins.get('name'))?.seq, 62);
  await pins.raise({ ...makePin(63), infoHash: '', hash: '' });
  const [folder] = await readdir(directory);
  assert.equal((await readdir(join(directory, folder!))).length, 1, 'what was replaced is cleared away');
});

test('a damaged pin is an error that names the file, never a first contact', async (t) => {
  const directory = await makeDirectory(t);
  const pins = new FilePins(directory);
  await pins.raise(makePin(1));
  const [folder] = await readdir(directory);
  const path = join(directory, folder!, '1');
  await writeFile(path, '{"format":"shoal-pin-v1"');
  await assert.rejects(pins.get('name'), (error) => {
    assert.ok(error instanceof ShoalError);
    assert.equal(error.code, 'ERR_STATE');
    assert.ok(error.message.includes(path));
    return true;
  });
});
