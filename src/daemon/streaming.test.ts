// A file is played over HTTP while it is still fetched from a peer that sends slowly: from the beginning, from the end, and
// from the beginning again. And what players and caches are told.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openDaemon, seedFile, seedPath, untilRow } from '../../test/harness/daemon.ts';
import { rawRequest } from '../../test/harness/raw-http.ts';
import { randomFile, temporaryDirectory } from '../../test/harness/shoal.ts';

const SIZE = 6_000_000;
/** All of it would take a quarter of a minute. */
const RATE = 400_000;
const PART = 200_000;

/** A daemon that has begun to fetch a file from one slow peer, and the content. */
async function fetching(t: TestContext) {
  const directory = await temporaryDirectory('stream');
  const seeded = await seedFile(t, directory, 'film.webm', SIZE);
  seeded.session.setLimits({ up: RATE });
  const opened = await openDaemon(t, directory);
  const { torrent, peers, infoHash, path } = seeded;
  await opened.client.add({ body: { torrent, peers } });
  const params = { infoHash, index: 0 };
  const { url, path: place, expires } = await opened.client.openStream({ params });
  assert.equal(url, opened.daemon.url + place);
  assert.ok(expires > Date.now() + 3600_000);
  const have = async () => (await opened.client.torrent({ params: { infoHash } })).have;
  /** The rest comes at once. */
  const hurry = () => seeded.session.setLimits({ up: 0 });
  return { ...opened, url, infoHash, content: await readFile(path), have, hurry };
}

async function range(url: string, first: number, last: number): Promise<Buffer> {
  const reply = await fetch(url, { headers: { range: `bytes=${first}-${last}` } });
  assert.equal(reply.status, 206);
  assert.equal(reply.headers.get('content-range'), `bytes ${first}-${last}/${SIZE}`);
  assert.equal(reply.headers.get('content-length'), String(last - first + 1));
  return Buffer.from(await reply.arrayBuffer());
}

describe('streaming', () => {
  it('plays what is still fetched: on, from the end, from the beginning again, and all of it', async (t) => {
    const { url, content, have, client, infoHash, hurry } = await fetching(t);
    const whole = await fetch(url);
    assert.equal(whole.status, 200);
    const reader = whole.body!.getReader();
    const begun: Uint8Array[] = [];
    for (let length = 0; length < PART; ) {
      const { value } = await reader.read();
      begun.push(value!);
      length += value!.length;
    }
    const start = Buffer.concat(begun);
    assert.ok(start.equals(content.subarray(0, start.length)), 'in order from the beginning');
    const before = await have();
    assert.ok(before < SIZE / 2, `${before} bytes are here`);
    const end = await range(url, SIZE - PART, SIZE - 1);
    assert.ok(end.equals(content.subarray(SIZE - PART)), 'the end');
    const after = await have();
    assert.ok(after < SIZE - PART, `the end came before the middle: ${after} bytes are here`);
    const again = await range(url, 0, PART - 1);
    assert.ok(again.equals(content.subarray(0, PART)), 'the beginning again');
    assert.equal(
      (await client.torrent({ params: { infoHash } })).state,
      'downloading',
      'all that while it was fetched',
    );
    hurry();
    const rest: Uint8Array[] = [];
    for (let next = await reader.read(); next.value !== undefined; next = await reader.read()) rest.push(next.value);
    assert.ok(Buffer.concat([start, ...rest]).equals(content), 'all of it, in order');
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    assert.ok((await range(url, 5, 5)).equals(content.subarray(5, 6)), 'what is complete is played as well');
  });

  it('tells players what RFC 9110 says', async (t) => {
    const { url, infoHash, client, hurry } = await fetching(t);
    hurry();
    await untilRow(client, infoHash, ({ state }) => state === 'seeding');
    const head = await rawRequest(url, { method: 'HEAD', headers: { range: 'bytes=0-5' } });
    assert.equal(head.status, 200, 'a range is for GET only');
    assert.equal(head.text, '');
    const tag = String(head.headers.etag);
    for (const [name, value] of Object.entries({
      'accept-ranges': 'bytes',
      'content-length': String(SIZE),
      'content-type': 'video/webm',
      'content-disposition': `inline; filename="film.webm"; filename*=UTF-8''film.webm`,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'cross-origin-resource-policy': 'same-origin',
    }))
      assert.equal(head.headers[name], value, name);
    assert.match(
      String(head.headers['content-security-policy']),
      /^default-src 'none'; media-src 'self'; img-src 'self';/,
    );
    for (const [asked, status, length] of [
      [{ range: 'bytes=10-19' }, 206, 10],
      [{ range: 'bytes=-7' }, 206, 7],
      [{ range: `bytes=${SIZE - 3}-` }, 206, 3],
      [{ range: 'bytes=10-19', 'if-range': tag }, 206, 10],
      [{ range: 'bytes=10-19', 'if-range': '"other"' }, 200, SIZE],
      [{ range: 'bytes=10-19', 'if-range': `W/${tag}` }, 200, SIZE],
      [{ range: 'lines=1-2' }, 200, SIZE],
      [{ range: 'bytes=nonsense' }, 200, SIZE],
      [{}, 200, SIZE],
    ] as [Record<string, string>, number, number][]) {
      const reply = await fetch(url, { headers: asked });
      assert.equal(reply.status, status, JSON.stringify(asked));
      assert.equal((await reply.arrayBuffer()).byteLength, length, JSON.stringify(asked));
    }
    for (const wrong of [`bytes=${SIZE}-`, 'bytes=-0', 'bytes=0-1,3-4']) {
      const reply = await rawRequest(url, { headers: { range: wrong } });
      assert.equal(reply.status, 416, wrong);
      assert.equal(reply.headers['content-range'], `bytes */${SIZE}`);
      assert.equal(reply.headers['content-type'], 'application/problem+json; charset=utf-8');
    }
  });

  it('plays one file of several, wants it when nobody did, and shows nothing that could run', async (t) => {
    const directory = await temporaryDirectory('stream');
    const folder = join(directory, 'site');
    for (const name of ['a.svg', 'b.html', 'c ü.mp3']) await randomFile(join(folder, name), 50_000, name);
    const { torrent, peers, infoHash } = await seedPath(t, folder);
    const { client } = await openDaemon(t, directory);
    await client.add({ body: { torrent, peers, files: [0] } });
    for (const [index, name, type] of [
      [0, 'a.svg', 'application/octet-stream'],
      [1, 'b.html', 'application/octet-stream'],
      [2, 'c ü.mp3', 'audio/mpeg'],
    ] as const) {
      const { url } = await client.openStream({ params: { infoHash, index } });
      const reply = await fetch(url);
      assert.equal(reply.headers.get('content-type'), type, name);
      assert.match(
        reply.headers.get('content-security-policy')!,
        type === 'audio/mpeg' ? /^default-src 'none'; media-src/ : /^default-src 'none'; sandbox/,
      );
      assert.match(reply.headers.get('content-disposition')!, type === 'audio/mpeg' ? /^inline;/ : /^attachment;/);
      const content = await readFile(join(folder, name));
      assert.ok(Buffer.from(await reply.arrayBuffer()).equals(content), name);
    }
    for (const index of [3, 1_000_000])
      await assert.rejects(client.openStream({ params: { infoHash, index } }), { status: 404, reason: 'no_such_file' });
    const magnet = `magnet:?xt=urn:btih:${'b'.repeat(40)}`;
    await client.add({ body: { magnet, paused: true } });
    await assert.rejects(client.openStream({ params: { infoHash: 'b'.repeat(40), index: 0 } }), {
      status: 409,
      reason: 'no_metadata',
    });
  });

  it('ends with its torrent, in the middle of playing too', async (t) => {
    const { url, client, infoHash } = await fetching(t);
    const playing = await fetch(url);
    const reader = playing.body!.getReader();
    await reader.read();
    await client.pause({ params: { infoHash } });
    await assert.rejects(async () => {
      while (!(await reader.read()).done);
    });
    assert.equal((await rawRequest(url)).status, 503, 'it does not run');
    await client.resume({ params: { infoHash } });
    assert.equal((await rawRequest(url, { headers: { range: 'bytes=0-9' } })).status, 206, 'it does again');
    await client.remove({ params: { infoHash } });
    assert.equal((await rawRequest(url)).status, 404);
  });
});
