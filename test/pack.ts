// The package as users get it: packed, installed in an empty folder, it shares and gets a file; the examples compile
// against its types with nothing skipped, and run. `npm run test:pack`; not part of `npm test`, because it builds.

import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Program } from './harness/program.ts';
import { digest, randomFile, type ShoalProcess, spawnShoal, temporaryDirectory } from './harness/shoal.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

describe('the packed package', () => {
  let folder: string;
  let launcher: string;
  let files: string[];
  // the project's own Node first on the path, as users with a new enough Node have it
  const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` };

  async function run(words: string[], cwd: string, more: Record<string, string> = {}): Promise<Program> {
    const program = new Program(words, { cwd, env: { ...env, ...more } });
    if ((await program.code(240_000)) !== 0) throw program.failure('failed');
    return program;
  }

  before(async () => {
    const packed = await temporaryDirectory('packed');
    const pack = await run(['npm', 'pack', '--json', '--pack-destination', packed], ROOT);
    const [report] = JSON.parse(pack.stdout.slice(pack.stdout.indexOf('['))) as [
      { filename: string; files: { path: string }[] },
    ];
    files = report.files.map((file) => file.path);
    folder = await temporaryDirectory('installed');
    const { devDependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'user', type: 'module', private: true }));
    const wanted = [join(packed, report.filename), `@types/node@${devDependencies['@types/node']}`];
    await run(['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', ...wanted], folder);
    launcher = join(folder, 'node_modules', 'shoal', 'bin', 'shoal.js');
  });

  it('holds what runs and what types it, and nothing else', () => {
    for (const file of [
      'bin/shoal.js',
      'dist/cli/main.js',
      'dist/engine/index.d.ts',
      'dist/web/index.html',
      'dist/web/api.html',
      'dist/web/tracker.html',
      'LICENSE',
      'README.md',
    ])
      assert.ok(files.includes(file), file);
    for (const file of files)
      assert.match(
        file,
        /^(bin\/|dist\/.*\.(js|d\.ts)$|dist\/web\/(index|api|tracker|assets\/[\w.-]+)\.(html|js|css|svg)(\.br|\.gz)?$|package\.json$|[A-Z]+(\.md)?$)/,
        `${file} has no place there`,
      );
    assert.deepEqual(
      files.filter((file) => file.includes('.test.')),
      [],
    );
  });

  it('installs without scripts', async () => {
    for (const name of await readdir(join(folder, 'node_modules'), { recursive: true })) {
      if (!/(^|\/)package\.json$/.test(name)) continue;
      const { scripts } = JSON.parse(await readFile(join(folder, 'node_modules', name), 'utf8')) as {
        scripts?: Record<string, string>;
      };
      const found = ['preinstall', 'install', 'postinstall'].filter((script) => scripts?.[script] !== undefined);
      assert.deepEqual(found, [], name);
    }
  });

  it('shares and gets a file by its installed command', async () => {
    const shoal = (args: string[]): Promise<ShoalProcess> => spawnShoal(args, { launcher, cwd: folder });
    const file = await randomFile(join(await temporaryDirectory(), 'film.mkv'), 5_000_000);
    const data = await temporaryDirectory('tracker');
    const tracker = await shoal(['tracker', '--json', '--listen', '127.0.0.1:0', '--data', data]);
    const url = String((await tracker.event('listening')).url);
    const share = await shoal(['share', file, '--json', '--listen', '127.0.0.1:0', '--tracker', url]);
    await share.event('sharing');
    const copy = join(await temporaryDirectory(), 'copy.mkv');
    const get = await shoal(['get', 'film.mkv', '-o', copy, '--json', '--listen', '127.0.0.1:0', '--tracker', url]);
    assert.equal(await get.code(), 0, get.stderr);
    assert.equal(await digest(copy), await digest(file));

    const version = await run([join(folder, 'node_modules', '.bin', 'shoal'), '--version'], folder);
    const { version: wanted } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    assert.match(version.stdout, new RegExp(wanted.replaceAll('.', '\\.')));

    await compileExamples();
    const into = await temporaryDirectory('example');
    const state = await temporaryDirectory('state');
    const example = (name: string, ...args: string[]) =>
      run([process.execPath, join(folder, 'built', `${name}.js`), ...args], folder, { XDG_STATE_HOME: state });
    assert.match((await example('list-catalog', url, 'film')).stdout, /^film\.mkv\t5000000\t1 seeds\t[0-9a-f]{40}$/m);
    await example('get-by-name', 'film.mkv', url, into);
    assert.equal(await digest(join(into, 'film.mkv')), await digest(file));
    const song = await randomFile(join(await temporaryDirectory(), 'song.ogg'), 300_000);
    const words = [process.execPath, join(folder, 'built', 'publish.js'), song, url];
    const publisher = new Program(words, {
      cwd: folder,
      env: { ...env, XDG_STATE_HOME: await temporaryDirectory('state') },
    });
    await publisher.until(() => publisher.stdout.includes('song.ogg can be fetched'), 'publication');
    await example('get-by-name', 'song.ogg', url, into);
    assert.equal(await digest(join(into, 'song.ogg')), await digest(song));
    publisher.signal('SIGINT');
    assert.equal(await publisher.code(), 0, 'the session is closed and nothing keeps the process');

    assert.match((await example('seed-and-fetch', file)).stdout, /5000000 bytes from 1 peer/);
    const torrent = join(into, 'film.torrent');
    assert.equal(await (await shoal(['create', file, '-o', torrent])).code(), 0);
    assert.match((await example('read-torrent', torrent)).stdout, /magnet:\?xt=urn:btih:[0-9a-f]{40}/);
  });

  /** With the strictest settings a user may have: a declaration file with an error in it is an error of ours. */
  async function compileExamples(): Promise<void> {
    await cp(join(ROOT, 'examples'), join(folder, 'examples'), { recursive: true });
    await mkdir(join(folder, 'built'), { recursive: true });
    const compilerOptions = {
      target: 'es2024',
      lib: ['es2024', 'esnext.disposable'],
      module: 'nodenext',
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      rootDir: 'examples',
      outDir: 'built',
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['examples'] }));
    await run([join(ROOT, 'node_modules', '.bin', 'tsc'), '-p', folder], folder);
  }
});
