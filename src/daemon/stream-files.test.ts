// How files are handed to players: no faster than they take it, not longer than they stay, and only so many at a time. The
// torrent here has no end, so that only the player can be what slows it down.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../../test/harness/shoal.ts';
import type { ReadOptions, Torrent } from '../engine/types.ts';
import { createHttpServer } from '../http/server.ts';
import type { ManagedTorrent } from './managed-torrent.ts';
import { FileStreams } from './stream-files.ts';
import type { StreamGrant } from './stream-grants.ts';

const CHUNK = 256 * 1024;
const SIZE = 2 ** 40;

/** Counts what is read of it, and who has begun and left. */
class EndlessFile {
  chunks = 0;
  readers = 0;
  left = 0;

  async *read(_index: number, { signal }: ReadOptions = {}): AsyncGenerator<Uint8Array, void> {
    this.readers++;
    try {
      for (;;) {
        signal?.throwIfAborted();
        this.chunks++;
        yield new Uint8Array(CHUNK);
      }
    } finally {
      this.left++;
    }
  }

  grant(): StreamGrant {
    const running = { status: { state: 'downloading' }, read: this.read.bind(this) } as unknown as Torrent;
    const torrent = { infoHash: 'a'.repeat(40), running } as unknown as ManagedTorrent;
    return { torrent, index: 0, name: 'film.mkv', size: SIZE, expires: Number.POSITIVE_INFINITY };
  }
}

/** A server that plays `grants[N]` at /N. */
async function serve(t: TestContext, grants: readonly StreamGrant[]) {
  const streams = new FileStreams();
  const server = createHttpServer({ bodyLimit: 1000 });
  server.get<{ Params: { number: number } }>('/:number', (request, reply) =>
    streams.answer(grants[request.params.number]!, request, reply),
  );
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as AddressInfo;
  const open: IncomingMessage[] = [];
  t.after(async () => {
    for (const reply of open) reply.destroy();
    await server.close();
  });
  return async (number: number): Promise<IncomingMessage> => {
    const [reply] = (await once(get({ port, path: `/${number}`, agent: false }), 'response')) as [IncomingMessage];
    reply.on('error', () => undefined);
    open.push(reply);
    return reply;
  };
}

describe('playing files', () => {
  it('reads no further than the player takes it', async (t) => {
    const file = new EndlessFile();
    const play = await serve(t, [file.grant()]);
    const reply = await play(0);
    let seen = -1;
    await eventually(() => {
      const settled = file.chunks > 0 && file.chunks === seen;
      seen = file.chunks;
      return settled;
    }, 'the reading to stand still');
    assert.ok(seen * CHUNK < 32 * 1024 * 1024, `${seen} chunks, with what the sockets hold`);
    let taken = 0;
    reply.on('data', (bytes) => {
      taken += bytes.length;
    });
    await eventually(() => taken > seen * CHUNK + 64 * CHUNK, 'it to go on');
  });

  it('stops when the player is gone', async (t) => {
    const file = new EndlessFile();
    const play = await serve(t, [file.grant()]);
    const replies = await Promise.all([play(0), play(0)]);
    await eventually(() => file.readers === 2, 'both');
    assert.equal(file.left, 0);
    replies[0]!.destroy();
    await eventually(() => file.left === 1, 'the one to end');
    replies[1]!.destroy();
    await eventually(() => file.left === 2, 'the other to end');
  });

  it('ends the oldest of an address that has too many, and refuses too many of all', async (t) => {
    const file = new EndlessFile();
    const play = await serve(
      t,
      Array.from({ length: 9 }, () => file.grant()),
    );
    const first = await play(0);
    for (let count = 1; count < 8; count++) await play(0);
    assert.equal(file.left, 0);
    assert.equal((await play(0)).statusCode, 200);
    await eventually(() => file.left === 1, 'the first to be ended');
    await eventually(() => first.destroyed || first.resume().readableEnded, 'its connection to be closed');
    for (let number = 1; number < 8; number++) for (let count = 0; count < 8; count++) await play(number);
    assert.equal(file.readers - file.left, 64);
    const refused = await play(8);
    assert.equal(refused.statusCode, 503);
    assert.equal(refused.headers['retry-after'], '1');
    const again = await play(3);
    assert.equal(again.statusCode, 200, 'who is in has a place still');
  });
});
