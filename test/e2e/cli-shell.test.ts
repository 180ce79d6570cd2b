// The shell without a person: one command a line from a pipe, several downloads at once, waiting for them at the end, and
// an exit code that tells of failures; and over an open pipe, sharing until told to leave.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { share } from '../harness/jobs.ts';
import {
  digest,
  eventually,
  randomFile,
  runShoal,
  spawnShoal,
  startTracker,
  temporaryDirectory,
} from '../harness/shoal.ts';

describe('shell', () => {
  let url: string;
  let env: Record<string, string>;

  before(async () => {
    url = (await startTracker()).url;
    env = { SHOAL_TRACKER: url, SHOAL_LISTEN: '127.0.0.1:0' };
  });

  it('fetches several at once, names with blanks included, and ends when they are here', async () => {
    const directory = await temporaryDirectory();
    const paths = ['my film.mkv', "don't.mp3", 'third.bin'].map((name) => join(directory, name));
    for (const path of paths) await randomFile(path, 2_000_000);
    await (await share(paths, { trackers: [url], args: ['--up', '4M'] })).process.event(
      'sharing',
      (event) => event.name === 'third.bin',
    );
    const into = join(directory, 'in to');
    await mkdir(into);
    const input = `GET "my film.mkv" '${into}'\n\n# a comment\ndownload don\\'t.mp3 "${into}/other name.mp3"\nGet third.bin "${into}/"\nprogress\nquit\n`;
    const shell = await runShoal(['shell', '--json'], { env, input });
    assert.equal(shell.ended.code, 0, shell.failure('failed').message);
    const first = shell.events.findIndex(({ event }) => event === 'done');
    assert.equal(shell.events.slice(0, first).filter(({ event }) => event === 'metadata').length, 3, 'all at once');
    assert.equal(await digest(join(into, 'my film.mkv')), await digest(paths[0]!));
    assert.equal(await digest(join(into, 'other name.mp3')), await digest(paths[1]!));
    assert.equal(await digest(join(into, 'third.bin')), await digest(paths[2]!));
  });

  it('goes on after a failure, says what was wrong, and ends with the code of the first', async () => {
    const input = 'frobnicate\nget "no such name"\nget\nlist\n';
    const shell = await runShoal(['shell'], { env, input });
    assert.equal(shell.ended.code, 2, shell.stderr);
    assert.match(shell.stderr, /there is no verb "frobnicate"/);
    assert.match(shell.stderr, /"no such name" in the catalog/);
    assert.match(shell.stderr, /it is written: get NAME \[DESTINATION\]/);
    const single = await runShoal(['shell', '--json'], { env, input: 'get "no such name"' });
    assert.equal(single.ended.code, 3);
    assert.equal(single.all('error')[0]?.code, 'ERR_NOT_IN_CATALOG');
  });

  it('shares while its input stays open, takes back what it is told to, and leaves with quit', async () => {
    const path = await randomFile(join(await temporaryDirectory(), 'song.mp3'), 300_000);
    const shell = await spawnShoal(['shell', '--json'], { env, stdin: 'open' });
    const { hostname, port } = new URL(url);
    shell.child.stdin!.write(`REGISTER "a song" ${path} ${hostname} ${port}\nREGISTER again ${path}\n`);
    await shell.event('sharing', (event) => event.name === 'again');
    const listed = async () => (await runShoal(['list', '--json'], { env })).all('entry').map(({ name }) => name);
    assert.ok((await listed()).includes('a song') && (await listed()).includes('again'));
    const holder = (await runShoal(['where', 'a song', '--json'], { env })).all('peer')[0];
    assert.equal(holder?.seed, true);

    shell.child.stdin!.write('UNREGISTER "a song"\n');
    await shell.event('unshared');
    assert.ok(!(await listed()).includes('a song') && (await listed()).includes('again'));
    assert.equal((await runShoal(['get', 'again', '-o', `${path}.copy`], { env })).ended.code, 0, 'still served');

    shell.child.stdin!.write('leave\n');
    await eventually(async () => !(await listed()).includes('again'), 'everything is taken back');
    shell.child.stdin!.write('quit\n');
    assert.equal(await shell.code(), 0);
  });

  it('ends with 143 when it is terminated, and keeps what has come', async () => {
    const path = await randomFile(join(await temporaryDirectory(), 'large.bin'), 8_000_000);
    await share(path, { trackers: [url], args: ['--up', '1M'] });
    const state = await temporaryDirectory('state');
    const shell = await spawnShoal(['shell', '--json'], { env, state, stdin: 'open' });
    shell.child.stdin!.write(`get large.bin ${path}.copy\n`);
    await shell.event('metadata');
    // asked again and again: progress in a shell is told when it is asked for
    await eventually(() => {
      shell.child.stdin!.write('progress\n');
      return shell.all('progress').some((event) => Number(event.have) > 0);
    }, 'some pieces');
    assert.deepEqual(await shell.kill('SIGTERM'), { code: 143, signal: null });
    const words = ['get', 'large.bin', '-o', `${path}.copy`, '--json', '--timeout', '30'];
    const again = await spawnShoal(words, { env, state });
    assert.ok(Number((await again.event('progress')).have) > 0);
  });
});
