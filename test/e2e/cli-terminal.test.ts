// What a person sees on a terminal: bars and a piece map that take themselves away, a live table of takers, a prompt; and
// nothing of it without a terminal. `script` (util-linux) gives the terminal.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { encode } from 'uqr';
import { get, share } from '../harness/jobs.ts';
import { Program } from '../harness/program.ts';
import { digest, randomFile, runShoal, startTracker, temporaryDirectory } from '../harness/shoal.ts';

const LAUNCHER = new URL('../../bin/shoal.js', import.meta.url).pathname;

const TERMINAL = 'script';

function hasTerminal(): boolean {
  try {
    return execFileSync(TERMINAL, ['--version'], { encoding: 'utf8' }).includes('util-linux');
  } catch {
    return false;
  }
}

describe('on a terminal', { skip: hasTerminal() ? false : 'script of util-linux is not installed' }, () => {
  const size = 4_000_000;
  let url: string;
  let film: string;

  before(async () => {
    url = (await startTracker()).url;
    film = await randomFile(join(await temporaryDirectory(), 'film.mkv'), size);
    await share(film, { trackers: [url] });
  });

  /** Runs shoal in a terminal of so many columns; everything it shows, and its exit code as the last line. */
  async function onTerminal(words: readonly string[], columns: number, stdin?: 'pipe'): Promise<Program> {
    const state = await temporaryDirectory('state');
    const line = [process.execPath, LAUNCHER, ...words].map((word) => `'${word}'`).join(' ');
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      HOME: state,
      SHOAL_STATE: state,
      SHOAL_TRACKER: url,
      TERM: 'xterm',
      LANG: 'C.UTF-8',
    };
    for (const name of ['CI', 'NO_COLOR', 'LC_ALL', 'NODE_TEST_CONTEXT']) delete env[name];
    return new Program([TERMINAL, '-qefc', `stty cols ${columns} rows 40; ${line}`, '/dev/null'], {
      env,
      stdio: [stdin ?? 'ignore', 'pipe', 'pipe'],
    });
  }

  it('draws a line and a piece map while it fetches, and leaves only the summary', async () => {
    const copy = join(await temporaryDirectory(), 'copy.mkv');
    const program = await onTerminal(['get', 'film.mkv', '-o', copy, '--down', '2M', '--listen', '127.0.0.1:0'], 120);
    assert.equal(await program.code(), 0, program.stdout);
    const shown = program.lines.join('\n');
    assert.match(shown, /film\.mkv +\d+% {2}of 3\.8 MiB {2}↓ .*\/s .* left {2}1 peer, 1 seed/);
    assert.match(shown, /^[█▓▒░·]{118}\r?$/m, 'a piece map as wide as the terminal');
    const end = shown.slice(shown.lastIndexOf('\x1b[0J'));
    assert.match(end, /film\.mkv: 3\.8 MiB, fetched in/);
    assert.doesNotMatch(end, /left/, 'the line of progress is gone');
    assert.equal(await digest(copy), await digest(film));
  });

  it('has no room for a map on a narrow one, and wraps no line', async () => {
    const copy = join(await temporaryDirectory(), 'copy.mkv');
    const program = await onTerminal(['get', 'film.mkv', '-o', copy, '--down', '4M', '--listen', '127.0.0.1:0'], 72);
    assert.equal(await program.code(), 0, program.stdout);
    const drawn = program.lines.filter((each) => each.includes(' left '));
    assert.ok(drawn.length > 0, program.stdout);
    for (const line of drawn) assert.ok([...line.replace(/\x1b\[[0-9;]*[A-Za-z]|[\r\n]/g, '')].length < 72, line);
  });

  it('shows who takes what while it shares', async () => {
    const path = await randomFile(join(await temporaryDirectory(), 'shown.bin'), size);
    const program = await onTerminal(['share', path, '--listen', '127.0.0.1:0', '--up', '2M'], 100, 'pipe');
    await program.until(() => program.stdout.includes('Serving until'), 'sharing');
    await get('shown.bin', `${path}.copy`, { trackers: [url] });
    await program.until(
      () => /127\.0\.0\.1:\d+ +Shoal [\d.]+ +\d+% +[\d.]+ [KM]?i?B\/s/.test(program.stdout),
      'the taker',
    );
    program.child.stdin!.write('\x03');
    assert.equal(await program.code(), 130);
    assert.match(program.stdout, /stopped sharing, .* sent; run the same command again to go on/);
  });

  it('shows the magnet link as a QR code where it fits, once', async () => {
    const path = await randomFile(join(await temporaryDirectory(), 'coded.bin'), 1000);
    const program = await onTerminal(['share', path, '--listen', '127.0.0.1:0'], 100, 'pipe');
    await program.until(() => program.stdout.includes('Serving until'), 'sharing');
    const magnet = /^magnet:\S+/m.exec(program.stdout)![0];
    const { size, data } = encode(magnet, { ecc: 'L', border: 0 });
    const drawn = program.lines.flatMap(
      (line) => /^\x1b\[38;5;16;48;5;231m([ █▀▄]+)\x1b\[0m\r?$/.exec(line)?.[1] ?? [],
    );
    const modules = drawn.flatMap((line) => ['█▀', '█▄'].map((dark) => [...line].map((cell) => dark.includes(cell))));
    const margin = (modules[0]!.length - size) / 2;
    assert.ok(margin === 2 || margin === 4, `margin of ${margin}`);
    const code = modules.slice(margin, margin + size).map((row) => row.slice(margin, margin + size));
    assert.deepEqual(code, data);
    assert.equal(modules.flat().filter(Boolean).length, code.flat().filter(Boolean).length, 'a light margin');
    program.child.stdin!.write('\x03');
    assert.equal(await program.code(), 130);

    const small = await onTerminal(['share', path, '--name', 'small', '--listen', '127.0.0.1:0'], 40, 'pipe');
    await small.until(() => small.stdout.includes('Serving until'), 'sharing');
    assert.doesNotMatch(small.stdout, /48;5;231/);
    small.child.stdin!.write('\x03');
    await small.code();
    const json = await onTerminal(['share', path, '--name', 'json', '--listen', '127.0.0.1:0', '--json'], 100, 'pipe');
    await json.event('sharing');
    json.child.stdin!.write('\x03');
    await json.code();
    assert.doesNotMatch(json.stdout, /48;5;231|[█▀▄]/);
  });

  it('prompts in the shell, and Ctrl-C at the prompt leaves', async () => {
    const program = await onTerminal(['shell', '--listen', '127.0.0.1:0'], 100, 'pipe');
    program.child.stdin!.write('list\n');
    await program.until(() => /film\.mkv +3\.8 MiB/.test(program.stdout), 'the list');
    program.child.stdin!.write('\x03');
    assert.equal(await program.code(), 130, program.stdout);
    assert.match(program.stdout, /shoal> /);
  });
});

it('shows no bar and no escape without a terminal', async () => {
  const tracker = await startTracker();
  const film = await randomFile(join(await temporaryDirectory(), 'film.mkv'), 1_000_000);
  await share(film, { trackers: [tracker.url] });
  const plain = await runShoal([
    'get',
    'film.mkv',
    '-o',
    `${film}.copy`,
    '--tracker',
    tracker.url,
    '--listen',
    '127.0.0.1:0',
  ]);
  assert.equal(plain.ended.code, 0, plain.stderr);
  assert.doesNotMatch(plain.stdout + plain.stderr, /[\x1b█]/);
  assert.match(plain.stdout, /film\.mkv: 977 KiB, fetched in/);
});
