// Tab does what it should in the shells themselves: bash and zsh on a terminal (`script` of util-linux gives it), fish by
// its own `complete -C`; with commands, flags and values from the script, and names from a tracker and a daemon that run.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { COMMANDS } from '../../src/cli/commands.ts';
import { flagName } from '../../src/cli/settings.ts';
import { share } from '../harness/jobs.ts';
import { Program } from '../harness/program.ts';
import { needs } from '../harness/programs.ts';
import { eventually, randomFile, runShoal, spawnShoal, startTracker, temporaryDirectory } from '../harness/shoal.ts';

const LAUNCHER = new URL('../../bin/shoal.js', import.meta.url).pathname;

let work: string;
let tracker: string;
let state: string;

function environment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: `${join(work, 'bin')}:${process.env.PATH}`,
    HOME: join(work, 'home'),
    SHOAL_STATE: state,
    SHOAL_TRACKER: 'http://127.0.0.1:1',
    TERM: 'xterm',
    LANG: 'C.UTF-8',
  };
  for (const name of ['CI', 'LC_ALL', 'NODE_TEST_CONTEXT', 'XDG_CONFIG_HOME', 'ZDOTDIR']) delete env[name];
  return env;
}

before(async () => {
  work = await temporaryDirectory('completion');
  state = join(work, 'my state');
  for (const name of ['bin', 'home', 'my folder', 'my state']) await mkdir(join(work, name));
  await writeFile(join(work, 'bin', 'shoal'), `#!/bin/sh\nexec '${process.execPath}' '${LAUNCHER}' "$@"\n`);
  await chmod(join(work, 'bin', 'shoal'), 0o755);
  for (const name of ['a film.torrent', 'a film.mkv']) await writeFile(join(work, name), '');
  tracker = (await startTracker()).url;
  for (const name of ["it's: a=b (100%).bin", 'other.bin'])
    await share(await randomFile(join(work, 'shared', name), 1000), { trackers: [tracker] });
  const flags = ['--api', '127.0.0.1:0', '--listen', '127.0.0.1:0', '--downloads', join(work, 'downloads')];
  const daemon = await spawnShoal(['daemon', '--json', ...flags, '--tracker', tracker], { state });
  await daemon.event('ready');
  const owned = await randomFile(join(work, 'My film.mkv'), 1000);
  const { ended, stderr } = await runShoal(['create', owned, '-o', join(work, 'home', 'own.torrent')], { state });
  assert.equal(ended.code, 0, stderr);
  const add = await runShoal(['add', join(work, 'home', 'own.torrent'), '--paused', '--label', 'music'], { state });
  assert.equal(add.ended.code, 0, add.stderr);
  for (const shell of ['bash', 'zsh', 'fish']) {
    const made = await runShoal(['completion', shell], { state });
    assert.equal(made.ended.code, 0, made.stderr);
    await writeFile(join(work, `completion.${shell}`), `${made.stdout}\n`);
  }
});

/** What is typed, and what the line is after Tab. `TRACKER` and `ELSEWHERE` are filled in. */
const LINES: readonly (readonly [typed: string, completed: string])[] = [
  ['shoal sta', 'shoal status '],
  ['shoal comp', 'shoal completion '],
  ['shoal completion f', 'shoal completion fish '],
  ['shoal sug', 'shoal sug'],
  ['shoal daemon --active-d', 'shoal daemon --active-downloads '],
  ['shoal list --log-level wa', 'shoal list --log-level warn '],
  ['shoal list --log-level=wa', 'shoal list --log-level=warn '],
  ['shoal status My', 'shoal status My\\ film.mkv '],
  ["shoal status 'My", "shoal status 'My film.mkv' "],
  ['shoal status "My fi', 'shoal status "My film.mkv" '],
  ['shoal status --verbose My\\ f', 'shoal status --verbose My\\ film.mkv '],
  ['shoal status --state ELSEWHERE My', 'shoal status --state ELSEWHERE My'],
  ['shoal status --label mu', 'shoal status --label music '],
  ['shoal pause al', 'shoal pause all '],
  ['shoal files My\\ film.mkv My', 'shoal files My\\ film.mkv My'],
  ['shoal get --tracker TRACKER oth', 'shoal get --tracker TRACKER other.bin '],
  ['shoal get --tracker=TRACKER "it\'s: a', 'shoal get --tracker=TRACKER "it\'s: a=b (100%).bin" '],
  ["shoal get --tracker TRACKER it\\'s:\\ a=", "shoal get --tracker TRACKER it\\'s:\\ a=b\\ \\(100%\\).bin "],
  ['shoal get oth', 'shoal get oth'],
  ['shoal show a', 'shoal show a\\ film.torrent '],
  ['shoal verify x a\\ film.m', 'shoal verify x a\\ film.mkv '],
  ['shoal verify x y a', 'shoal verify x y a'],
  ['shoal list --state my\\ f', 'shoal list --state my\\ folder/'],
  ['shoal share -- --na', 'shoal share -- --na'],
];

function filledIn(line: string): string {
  return line.replace('TRACKER', tracker).replace('ELSEWHERE', join(work, 'home'));
}

/**
 * A shell on a terminal that writes what its line has become into `shown`, and takes it away, when Ctrl-X p is typed. Into
 * a file, because a shell that writes to its terminal changes its modes, and what is typed meanwhile may be lost.
 */
class Shell {
  readonly #program: Program;
  readonly #shown: string;
  #asked = 0;

  constructor(command: string, shown: string) {
    this.#shown = shown;
    this.#program = new Program(['script', '-qefc', `stty cols 1000 rows 50; exec ${command}`, '/dev/null'], {
      env: environment(),
      cwd: work,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }

  /** Sets the shell up. `setup` is typed as it stands. */
  async start(setup: readonly string[]): Promise<void> {
    for (const line of [...setup, 'echo up-$((1 + 1))']) this.type(`${line}\n`);
    await this.#program.until(() => /^.*up-2/m.test(this.#program.stdout), 'prompt');
  }

  type(keys: string): void {
    this.#program.child.stdin!.write(keys);
  }

  /** The line after each of these, which is then taken away. */
  async linesAfter(typed: readonly string[]): Promise<string[]> {
    const from = this.#asked;
    this.#asked += typed.length;
    this.type(typed.map((keys) => `${keys}\x18p`).join(''));
    return eventually(async () => {
      if (this.#program.ended !== undefined) throw this.#program.failure(`no line after ${typed}`);
      const lines = (await readFile(this.#shown, 'utf8').catch(() => '')).split('\n');
      return lines.length > this.#asked && lines.slice(from, this.#asked).map((line) => line.slice(1));
    }, `the line after ${typed}`);
  }

  async end(): Promise<void> {
    await this.#program.kill('SIGKILL');
  }
}

function describeTerminalShell(name: string, command: string, setup: readonly string[], afterFlag: string): void {
  describe(`in ${name}`, needs(name as 'bash' | 'zsh', 'script'), () => {
    let shell: Shell;

    before(async () => {
      const shown = join(work, `${name}.shown`);
      shell = new Shell(command, shown);
      await shell.start([`shown='${shown}'`, ...setup, `. ./completion.${name}`]);
    });

    after(() => shell.end());

    for (const [typed, completed] of LINES)
      it(`completes ${typed}`, async () => {
        const expected = completed.replace(/(?<=--[a-z-]+) $/, afterFlag);
        assert.deepEqual(await shell.linesAfter([`${filledIn(typed)}\t`]), [filledIn(expected)]);
      });

    it('knows every command and its flags', async () => {
      for (const { name: command, hidden, settings } of COMMANDS) {
        if (hidden === true) continue;
        const typed = [command, ...settings.map((setting) => `${command} --${flagName(setting)}`)];
        const lines = await shell.linesAfter(typed.map((line) => `shoal ${line}\t`));
        for (const [index, line] of typed.entries()) {
          // a flag that begins the name of another one (--api, --api-name) may mean both
          const accepted = ['', ' ', index === 0 ? ' ' : afterFlag].map((end) => `shoal ${line}${end}`);
          assert.ok(accepted.includes(lines[index]!), `${line}: ${lines[index]}`);
        }
      }
    });
  });
}

describeTerminalShell(
  'bash',
  'bash --norc --noprofile -i',
  [
    'bind "set bell-style none"; bind "set completion-query-items 0"; bind "set enable-bracketed-paste off"',
    'show() { echo ":$READLINE_LINE" >> "$shown"; READLINE_LINE= READLINE_POINT=0; }; bind -x \'"\\C-xp": show\'',
  ],
  ' ',
);
describeTerminalShell(
  'zsh',
  'zsh -f -i',
  [
    'autoload -Uz compinit; compinit -u -D; unsetopt zle_bracketed_paste beep; LISTMAX=10000; bindkey -e',
    'show() { print -r -- ":$BUFFER" >> $shown; BUFFER= }; zle -N show; bindkey \'^Xp\' show',
  ],
  '=',
);

describe('in fish', needs('fish'), () => {
  /** What fish offers for the line, without descriptions. */
  function offers(line: string): string[] {
    const script = 'source ./completion.fish; complete -C $argv[1]';
    const options = { env: environment(), cwd: work, encoding: 'utf8' } as const;
    const lines = execFileSync('fish', ['--no-config', '-c', script, '--', line], options).split('\n');
    return lines.filter((each) => each !== '').map((each) => each.split('\t')[0]!);
  }

  /** fish tells the last word as it will be, without the quotes it puts in. */
  const expected: Readonly<Record<string, string[]>> = {
    'shoal sta': ['status'],
    'shoal completion ': ['bash', 'fish', 'zsh'],
    'shoal daemon --active-d': ['--active-downloads'],
    'shoal list --log-level wa': ['warn'],
    'shoal list --log-level=wa': ['--log-level=warn'],
    'shoal status My': ['My film.mkv'],
    "shoal status 'My": ['My film.mkv'],
    'shoal status --verbose My\\ f': ['My film.mkv'],
    'shoal status --state ELSEWHERE My': [],
    'shoal status --label mu': ['music'],
    'shoal pause al': ['all'],
    'shoal files My\\ film.mkv My': [],
    'shoal get --tracker TRACKER oth': ['other.bin'],
    "shoal get --tracker=TRACKER it\\'s:\\ a=": ["it's: a=b (100%).bin"],
    'shoal get oth': [],
    'shoal show a': ['a film.torrent'],
    'shoal verify x a\\ film.m': ['a film.mkv'],
    'shoal verify x y a': [],
    'shoal list --state my\\ f': ['my folder/'],
    'shoal share -- --na': [],
  };

  for (const [line, words] of Object.entries(expected))
    it(`completes ${line}`, () => {
      assert.deepEqual(offers(filledIn(line)).sort(), words);
    });

  it('knows every command and its flags', () => {
    const shown = COMMANDS.filter(({ hidden }) => hidden !== true);
    assert.deepEqual(offers('shoal ').sort(), shown.map(({ name }) => name).sort());
    for (const { name, settings } of shown)
      assert.deepEqual(
        offers(`shoal ${name} --`).sort(),
        [...settings.map((setting) => `--${flagName(setting)}`), '--help'].sort(),
      );
  });
});

it('offers nothing, soon and without a word, when nobody answers', async () => {
  const silent = createServer((socket) => socket.unref().on('error', () => {})).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  after(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  const asked = Date.now();
  const run = await runShoal(['suggest', 'entry', '--tracker', `http://127.0.0.1:${port}`, '--', 'a']);
  const took = Date.now() - asked;
  assert.deepEqual([run.ended.code, run.stdout, run.stderr], [0, '', '']);
  assert.ok(took < 12_000, `${took} ms; a tracker that is called in earnest gets 15 s`);
});

it('offers no name that would do something to the terminal', async () => {
  const hostile = createHttpServer((_request, response) => {
    const files = ['ok', 'a\x1b[31m', 'a\nb'].map((name) => ({ ...SUMMARY, name }));
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ files, total: files.length }));
  }).listen(0, '127.0.0.1');
  await once(hostile, 'listening');
  after(() => hostile.close());
  const { port } = hostile.address() as AddressInfo;
  const offered = await eventually(async () => {
    const run = await runShoal(['suggest', 'entry', '--tracker', `http://127.0.0.1:${port}`]);
    return run.lines.length > 0 && run.lines;
  }, 'names'); // a machine that is slow at this moment offers nothing
  assert.deepEqual(offered, ['ok']);
});

const SUMMARY = {
  publisher: 'a'.repeat(64),
  seq: 1,
  size: 1,
  infoHash: 'b'.repeat(40),
  files: 1,
  published: 1,
  seeds: 0,
  peers: 0,
};
