// Each exit code of the command line is met in the way a user would meet it, with the error in words and as JSON.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { share } from '../harness/jobs.ts';
import { freePort } from '../harness/ports.ts';
import { Program } from '../harness/program.ts';
import {
  randomFile,
  runShoal,
  type SpawnOptions,
  startTracker,
  type TestTracker,
  temporaryDirectory,
} from '../harness/shoal.ts';

const LAUNCHER = new URL('../../bin/shoal.js', import.meta.url).pathname;
/** An info-hash nobody has. */
const NOBODY = `magnet:?xt=urn:btih:${'7'.repeat(40)}`;

describe('exit codes', { concurrency: 2 }, () => {
  let tracker: TestTracker;

  before(async () => {
    tracker = await startTracker();
  });

  /** Runs it plainly and with --json: the same code, a sentence that begins with shoal:, and an error event. */
  async function failsWith(exitCode: number, code: string, words: readonly string[], options: SpawnOptions = {}) {
    const plain = await runShoal(words, options);
    assert.equal(plain.ended.code, exitCode, plain.failure('wrong exit code').message);
    assert.match(plain.stderr, /^shoal: /m);
    assert.equal(plain.stdout, '', 'errors are no results');
    const json = await runShoal([...words, '--json'], options);
    assert.equal(json.ended.code, exitCode, json.stderr);
    assert.equal(json.stderr, '');
    const error = json.events.at(-1);
    assert.deepEqual([error?.event, error?.code], ['error', code]);
    return String(error?.message);
  }

  it('2 for words that mean nothing, naming what was meant and the help', async () => {
    assert.match(
      await failsWith(2, 'ERR_USAGE', ['lst']),
      /there is no command "lst"; did you mean list\?.*shoal --help/,
    );
    assert.match(
      await failsWith(2, 'ERR_USAGE', ['get', 'x', '--trackr', 'y']),
      /no flag --trackr; did you mean --tracker/,
    );
    assert.match(await failsWith(2, 'ERR_USAGE', ['get']), /is missing; see shoal get --help/);
    assert.match(await failsWith(2, 'ERR_USAGE', ['get', 'x', '--down', 'fast']), /--down: "fast" is not a rate/);
    assert.match(
      await failsWith(2, 'ERR_USAGE', ['share', '.', '--piece-length', '17K']),
      /--piece-length: "17K" .*power of two/,
    );
  });

  it('2 for a config file or variable that cannot be understood, naming the place', async () => {
    const directory = await temporaryDirectory('config');
    await mkdir(join(directory, 'shoal'));
    const file = join(directory, 'shoal', 'config.toml');
    await writeFile(file, '# mine\ntrakcer = "http://127.0.0.1:1"\n');
    const message = await failsWith(2, 'ERR_CONFIG', ['list'], { env: { XDG_CONFIG_HOME: directory } });
    assert.ok(message.startsWith(`${file}:2: unknown setting "trakcer"`), message);
    await writeFile(file, `tracker = ${JSON.stringify(tracker.url)}\n`);
    const good = await runShoal(['list'], { env: { XDG_CONFIG_HOME: directory } });
    assert.equal(good.ended.code, 0, good.stderr);
    await failsWith(2, 'ERR_CONFIG', ['list'], { env: { SHOAL_TRACKER: 'nonsense' } });
  });

  it('3 for what is not in the catalog, with names that are near', async () => {
    const path = await randomFile(join(await temporaryDirectory(), 'holiday.zip'), 20_000);
    await share(path, { trackers: [tracker.url] });
    const message = await failsWith(3, 'ERR_NOT_IN_CATALOG', ['get', 'hoilday.zip', '--tracker', tracker.url]);
    assert.match(message, /"hoilday\.zip".*did you mean "holiday\.zip"\?/);
    await failsWith(3, 'ERR_NOT_IN_CATALOG', ['where', 'nothing like it', '--tracker', tracker.url]);
    await failsWith(3, 'ERR_NOT_IN_CATALOG', ['unshare', 'nothing like it', '--tracker', tracker.url]);
  });

  it('4 when no peer has the data, saying why', async () => {
    const message = await failsWith(4, 'ERR_NO_PEER', ['get', NOBODY, '--timeout', '1', '--listen', '127.0.0.1:0']);
    assert.match(message, /nothing arrived .* in 1 seconds: .*; try again later/);
  });

  it('5 when data fails its hash', async () => {
    const directory = await temporaryDirectory();
    const path = await randomFile(join(directory, 'data.bin'), 100_000);
    const torrent = join(directory, 'data.torrent');
    assert.equal((await runShoal(['create', path, '-o', torrent])).ended.code, 0);
    assert.equal((await runShoal(['verify', torrent, path])).ended.code, 0);
    await randomFile(path, 100_000, 'other bytes');
    const verified = await runShoal(['verify', torrent, path, '--json']);
    assert.equal(verified.ended.code, 5);
    assert.deepEqual([verified.all('file')[0]?.verdict, verified.all('result')[0]?.ok], ['bad', false]);
    assert.equal(verified.events.at(-1)?.code, 'ERR_BAD_DATA');
  });

  it('6 for a disk that does not do what it must', async () => {
    const directory = await temporaryDirectory();
    assert.match(
      await failsWith(6, 'ERR_SOURCE', ['share', join(directory, 'absent'), '--tracker', tracker.url]),
      /absent/,
    );
    const path = await randomFile(join(directory, 'data.bin'), 1000);
    const torrent = join(directory, 'data.torrent');
    await runShoal(['create', path, '-o', torrent]);
    await failsWith(6, 'ERR_DISK_MISSING', ['verify', torrent, join(directory, 'absent')]);
    await failsWith(6, 'ERR_SOURCE', ['show', join(directory, 'absent.torrent')]);
  });

  // waits out the 15 seconds for which an unreachable tracker is tried
  it('7 when the tracker cannot be reached', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const began = performance.now();
    const list = await runShoal(['list', '--json', '--tracker', url]);
    const seconds = (performance.now() - began) / 1000;
    assert.equal(list.ended.code, 7, list.stderr);
    assert.equal(list.events.at(-1)?.code, 'ERR_TRACKER_UNREACHABLE');
    assert.match(String(list.events.at(-1)?.message), new RegExp(url));
    assert.ok(seconds > 10 && seconds < 25, `gave up after ${seconds} s`);
  });

  it('1 for a port that is taken, naming the flag and the process that has it', async () => {
    const { port } = new URL(tracker.url);
    const data = await temporaryDirectory('tracker');
    const message = await failsWith(1, 'ERR_LISTEN', ['tracker', '--listen', `127.0.0.1:${port}`, '--data', data]);
    assert.match(message, new RegExp(`port ${port}, given by --listen, is taken by process ${tracker.process.pid}\\b`));
    assert.match(await failsWith(1, 'ERR_LISTEN', ['get', NOBODY, '--listen', `127.0.0.1:${port}`]), /--listen/);
  });

  it('143 for a tracker that was terminated, 130 for one that was interrupted', async () => {
    for (const [signal, code] of [
      ['SIGTERM', 143],
      ['SIGHUP', 143],
      ['SIGINT', 130],
    ] as const) {
      const { process } = await startTracker();
      process.child.kill(signal);
      assert.equal(await process.code(), code);
    }
  });

  it('0 and silence when the reader of the output has gone', async () => {
    const script = `'${process.execPath}' '${LAUNCHER}' --help | true; echo "\${PIPESTATUS[0]}"`;
    const run = new Program(['bash', '-c', script]);
    assert.equal(await run.code(), 0);
    assert.equal(run.stdout, '0');
    assert.equal(run.stderr, '');
  });

  it('0 and a polite end of what was running when the reader of the output has gone', async () => {
    const path = await randomFile(join(await temporaryDirectory(), 'read.bin'), 100_000);
    const words = ['share', path, '--json', '--listen', '127.0.0.1:0', '--tracker', tracker.url];
    const line = [process.execPath, LAUNCHER, ...words].map((word) => `'${word}'`).join(' ');
    const state = await temporaryDirectory('state');
    const env = { ...process.env, HOME: state, SHOAL_STATE: state };
    // head goes after the first line; if the second was in time, somebody who takes the file makes a third
    const script = `${line} | head -n 1; echo "{\\"event\\":\\"ended\\",\\"code\\":\${PIPESTATUS[0]}}"`;
    const run = new Program(['bash', '-c', script], { env });
    await run.event('sharing');
    const taker = ['get', 'read.bin', '-o', `${path}.copy`, '--timeout', '2'];
    await runShoal([...taker, '--tracker', tracker.url, '--listen', '127.0.0.1:0']);
    assert.equal((await run.event('ended')).code, 0);
    assert.equal(run.stderr, '');
    const holders = await runShoal(['where', 'read.bin', '--json', '--tracker', tracker.url]);
    assert.deepEqual(holders.all('peer'), [], 'it has left');
  });

  it('0 for help and version, which load nothing else', async () => {
    const help = await runShoal(['--help']);
    assert.equal(help.ended.code, 0);
    for (const name of [
      'tracker',
      'share',
      'list',
      'get',
      'where',
      'create',
      'show',
      'verify',
      'unshare',
      'identity',
      'shell',
      'demo',
    ]) {
      assert.match(help.stdout, new RegExp(`^ {2}shoal ${name}\\b`, 'm'));
      const own = await runShoal([name, '--help']);
      assert.equal(own.ended.code, 0);
      assert.match(own.stdout, new RegExp(`^shoal ${name}\\b[^]*^Flags:[^]*^Examples:`, 'm'));
    }
    assert.match((await runShoal(['--version'])).stdout, /^\d+\.\d+\.\d+/);
  });
});
