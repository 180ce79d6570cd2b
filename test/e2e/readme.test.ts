// Every command of the README does what it says: its shell blocks run as they stand, in order, in an empty directory where
// `npx shoal` is this checkout. The quick start runs in a copy of what git knows, as after a clone.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createDaemonClient } from '../../src/api/daemon-client.ts';
import { freePort } from '../harness/ports.ts';
import { Program } from '../harness/program.ts';
import { shellBlocks } from '../harness/shell-blocks.ts';
import { eventually, temporaryDirectory } from '../harness/shoal.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const blocks = shellBlocks(await readFile(join(ROOT, 'README.md'), 'utf8'));

/** The caller's environment without what would change the commands' meaning. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(SHOAL_|XDG_|NODE_TEST_CONTEXT$)/.test(name));
  return Object.fromEntries(kept);
}

/** An empty directory with `npx shoal`. */
async function sandbox(): Promise<string> {
  const directory = await temporaryDirectory('readme');
  const bin = join(directory, 'node_modules', '.bin', 'shoal');
  await mkdir(dirname(bin), { recursive: true });
  await writeFile(bin, `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'bin/shoal.js')}' "$@"\n`);
  await chmod(bin, 0o755);
  return directory;
}

describe('README', () => {
  it('has a quick start of exactly two commands', () => {
    assert.deepEqual(
      blocks.filter((block) => block.section === 'Quick start').map((block) => block.script),
      ['npm ci && npm start', 'npm ci && npm test'],
    );
  });

  it('starts after a clone, with a page, a tracker and a line to try', async () => {
    const clone = await temporaryDirectory('clone');
    const known = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: ROOT });
    // a linked node_modules would be emptied by the `npm ci` of the copy
    const names = known.toString().split('\0');
    for (const name of names.filter((name) => name !== '' && name !== 'node_modules'))
      await cp(join(ROOT, name), join(clone, name));
    const env = { ...cleanEnvironment(), HOME: await temporaryDirectory('home'), npm_config_prefer_offline: 'true' };
    const shell = (script: string): Program => new Program(['sh', '-c', script], { cwd: clone, env, detached: true });
    const printed = async (program: Program, end = /Ctrl-C stops/): Promise<{ page: URL; line: string }> => {
      await program.until(() => end.test(program.stdout), 'greeting', 240_000);
      const page = new URL(/^ +(http:\S+#token=\S+)$/m.exec(program.stdout)![1]!);
      return { page, line: /^ +(npx shoal .*)$/m.exec(program.stdout)![1]! };
    };
    // as a terminal does: to all of it
    const pressCtrlC = async (program: Program): Promise<void> => {
      program.signal('SIGINT');
      await program.code();
      assert.match(program.stderr, /^Stopped\.$/m);
      assert.doesNotMatch(program.stderr, /npm error/);
    };
    const first = shell(blocks[0]!.script);
    const { page, line } = await printed(first);
    assert.doesNotMatch(first.stderr, /warn|deprecated|vulnerab|unsupported/i, 'no frightening words on the way');
    const html = await (await fetch(page)).text();
    const script = /<script type="module"[^>]* src="([^"]+)"/.exec(html)?.[1];
    assert.equal((await fetch(new URL(script!, page))).status, 200, html);

    const second = shell(line);
    await second.until(() => /Serving until/.test(second.stderr), 'sharing');
    const token = page.hash.slice('#token='.length);
    const client = createDaemonClient(page.origin, { token });
    const { files } = await client.catalog({ query: {} });
    assert.deepEqual(
      files.map(({ name }) => name),
      ['README.md'],
    );
    await client.add({ body: { name: 'README.md' } });
    const fetched = join(clone, '.shoal/downloads/README.md');
    const original = await readFile(join(clone, 'README.md'), 'utf8');
    await eventually(async () => (await readFile(fetched, 'utf8').catch(() => '')) === original, 'README.md to arrive');
    second.signal('SIGINT');
    await second.code();
    assert.match(second.stderr, /stopped sharing/);

    await pressCtrlC(first);
    await assert.rejects(fetch(page.origin), 'nothing is left behind');

    const again = new Program(['npm', 'start'], { cwd: clone, env });
    const kept = await printed(again);
    assert.deepEqual([kept.page.hash, kept.line], [page.hash, line], 'goes on with the same token and tracker');
    const there = await createDaemonClient(kept.page.origin, { token }).torrents({});
    assert.deepEqual(
      there.torrents.map(({ name }) => name),
      ['README.md'],
    );

    const more = shell('npm start');
    const told = await printed(more, /runs already, as process \d+/);
    assert.equal(await more.code(), 0, more.stderr);
    assert.deepEqual([told.page.href, told.line], [kept.page.href, kept.line], 'where the running one is');
    const status = /^ +npx shoal (status --state \S+)$/m.exec(more.stdout)![1]!;
    const asked = shell(`npx shoal ${status}`);
    assert.equal(await asked.code(), 0, asked.stderr);
    assert.match(asked.stdout, /^README\.md +seeding/m);

    // to npm alone, as a supervisor does: npm ends the shell it runs scripts in and nothing else
    again.signal('SIGTERM');
    await again.exit;
    assert.match(again.stderr, /^Stopped\.$/m);
    await assert.rejects(fetch(kept.page.origin), 'nothing is left behind');
  });

  it('takes a tour in which every command works', async () => {
    const cwd = await sandbox();
    const port = await freePort();
    const home = await temporaryDirectory('home');
    const env = { ...cleanEnvironment(), HOME: home, SHOAL_TRACKER: `http://127.0.0.1:${port}` };
    const tour = blocks.filter((block) => block.section === 'A tour');
    assert.ok(tour.length >= 12);
    for (const { script, background, line } of tour) {
      const title = `README.md:${line}: ${script}`;
      if (!background) {
        const run = new Program(['sh', '-ec', script], { cwd, env, detached: true });
        assert.equal(await run.code(), 0, `${title}\n${run.stdout}\n${run.stderr}`);
        continue;
      }
      // the documented ports may be taken on this machine, so tracker and daemon of the tour stand on free ones
      const free = script.includes('shoal tracker')
        ? { SHOAL_LISTEN: `127.0.0.1:${port}` }
        : { SHOAL_API: '127.0.0.1:0' };
      const run = new Program(['sh', '-ec', script], {
        cwd,
        detached: true,
        env: { ...env, ...free },
      });
      await eventually(() => {
        if (run.ended !== undefined) throw run.failure(title);
        return /listening|sharing|seeding|daemon at/i.test(run.stdout + run.stderr);
      }, `${title}: says that it is there`);
    }
  });
});
