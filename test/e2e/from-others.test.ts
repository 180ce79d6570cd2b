// The lines of docs/FROM-OTHERS.md: what is promised to those who come from the five smaller systems is run as it stands,
// one section after the other, with a tracker, a peer A who has the files and a peer B who wants them.

import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '../harness/ports.ts';
import {
  digest,
  eventually,
  randomFile,
  runShoal,
  type ShoalProcess,
  spawnShoal,
  temporaryDirectory,
} from '../harness/shoal.ts';

const PAGE = fileURLToPath(new URL('../../docs/FROM-OTHERS.md', import.meta.url));

interface Row {
  who: string;
  line: string;
}

/** Each section with the rows of its table. */
function readSections(page: string): { title: string; rows: Row[] }[] {
  return page
    .split(/^## /m)
    .slice(1)
    .map((section) => ({
      title: section.split('\n')[0]!,
      rows: [...section.matchAll(/^\| (tracker|A|B) \| .* \| `([^`]+)` \|$/gm)].map(([, who, line]) => ({
        who: who!,
        line: line!,
      })),
    }));
}

/** Words of a line; double quotes hold blanks together. */
function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!);
}

/** What each file of the page is in the tests: A has them all. */
const FILES = ['music/song.mp3', 'climbing.jpg', 'notes.pdf', 'holiday pictures.zip', 'example.txt'];

class Peer {
  readonly cwd: string;
  readonly state: string;
  shell: ShoalProcess | undefined;

  constructor(cwd: string, state: string) {
    this.cwd = cwd;
    this.state = state;
  }

  get said(): string {
    return `${this.shell?.stdout ?? ''}\n${this.shell?.stderr ?? ''}`;
  }
}

const sections = readSections(await readFile(PAGE, 'utf8'));

describe('lines of the five systems', () => {
  it('has five sections, each with a table that is read whole', async () => {
    assert.equal(sections.length, 5);
    const written = [...(await readFile(PAGE, 'utf8')).matchAll(/^\| (tracker|A|B) \|/gm)].length;
    assert.equal(sections.flatMap((section) => section.rows).length, written);
  });

  for (const { title, rows } of sections) {
    it(title, async () => {
      const ports = new Map<string, number>();
      for (const { line } of rows)
        for (const [port] of line.matchAll(/\b(7070|8080|9001|9002)\b/g))
          if (!ports.has(port)) ports.set(port, await freePort());
      const replaced = (line: string) => line.replace(/\b(7070|8080|9001|9002)\b/g, (port) => String(ports.get(port)));
      const tracker = `http://127.0.0.1:${ports.get('7070') ?? ports.get('8080')}`;

      const peers = { A: await makePeer(), B: await makePeer() };
      for (const file of FILES) {
        await mkdir(join(peers.A.cwd, file, '..'), { recursive: true });
        await randomFile(join(peers.A.cwd, file), 700_000, file);
      }
      for (const row of rows) {
        const line = replaced(row.line);
        if (row.who === 'tracker') await startTracker(line);
        else await runLine(peers[row.who as 'A' | 'B'], line, peers.A, tracker);
      }
    });
  }
});

async function makePeer(): Promise<Peer> {
  return new Peer(await temporaryDirectory('cwd'), await temporaryDirectory('state'));
}

async function startTracker(line: string): Promise<void> {
  const tracker = await spawnShoal([...words(line).slice(1), '--data', await temporaryDirectory('tracker'), '--json']);
  await tracker.event('listening');
}

/** Runs one line as this peer and waits until what it is for has happened. */
async function runLine(peer: Peer, line: string, owner: Peer, tracker: string): Promise<void> {
  const [verb, ...rest] = words(line) as [string, ...string[]];
  const options = { cwd: peer.cwd, state: peer.state };
  const isListed = (name: string) =>
    eventually(async () => {
      const list = await runShoal(['list', '--json', '--tracker', tracker]);
      return list.all('entry').some((entry) => entry.name === name);
    }, `${line}: ${name} is in the catalog`);

  if (verb === 'shoal' && rest[0] === 'shell') {
    peer.shell = await spawnShoal(rest, { ...options, stdin: 'open' });
    return;
  }
  if (verb === 'shoal') {
    const run = await spawnShoal(rest, options);
    if (rest[0] === 'share') {
      await isListed(rest[1]!);
      return;
    }
    assert.equal(await run.code(), 0, run.stderr);
    if (rest[0] === 'get') await isSame(peer, rest[1]!, owner, rest[1]!);
    return;
  }

  const shell = peer.shell!;
  const from = peer.said.length;
  const answer = (pattern: RegExp) =>
    shell.until(() => pattern.test(peer.said.slice(from)), `${line}: an answer like ${pattern}`);
  shell.child.stdin!.write(`${line}\n`);
  switch (verb.toLowerCase()) {
    case 'register':
    case 'share':
    case 'upload':
      await isListed(rest[0]!);
      return;
    case 'get':
    case 'download': {
      const source = FILES.find((file) => file.endsWith(rest[0]!))!;
      return await isSame(peer, rest[1] ?? rest[0]!, owner, source);
    }
    case 'list':
    case 'view_available':
    case 'file':
    case 'lookup':
      await answer(/song\.mp3|climbing\.jpg|example\.txt|127\.0\.0\.1:\d+/);
      return;
    case 'help':
      await answer(/download/);
      return;
    case 'unregister':
      await eventually(async () => {
        const list = await runShoal(['list', '--json', '--tracker', tracker]);
        return list.all('entry').length === 0;
      }, `${line}: the entry is gone`);
      return;
    case 'leave':
      await answer(/\S/);
      return;
    case 'quit':
    case 'exit':
      assert.equal(await shell.code(), 0, shell.stderr);
      return;
    default:
      assert.fail(`the test knows nothing of ${line}`);
  }
}

async function isSame(peer: Peer, copy: string, owner: Peer, source: string): Promise<void> {
  const wanted = await digest(join(owner.cwd, source));
  await eventually(
    async () => (await digest(join(peer.cwd, copy)).catch(() => undefined)) === wanted,
    `${copy} is the same as ${source}`,
  );
}
