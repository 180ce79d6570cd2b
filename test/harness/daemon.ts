// A daemon inside the test's own process, with a client that holds its token, and a peer that has something to fetch.

import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createDaemonClient, type DaemonClient } from '../../src/api/daemon-client.ts';
import type { TorrentRow } from '../../src/api/daemon-schemas.ts';
import { type Daemon, type DaemonOptions, startDaemon } from '../../src/daemon/daemon.ts';
import { Session } from '../../src/engine/session.ts';
import { readTokenFile } from '../../src/http/bearer-token.ts';
import { encodeMetainfo } from '../../src/protocol/metainfo-build.ts';
import { randomFile } from './shoal.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const PATIENCE = 30_000;

export interface TestDaemon {
  daemon: Daemon;
  client: DaemonClient;
  state: string;
  downloads: string;
}

/** In `directory`; started there once more it finds what the one before left. Stops with the test. */
export async function openDaemon(
  t: TestContext,
  directory: string,
  options: Partial<DaemonOptions> = {},
): Promise<TestDaemon> {
  const state = join(directory, 'state');
  const downloads = join(directory, 'downloads');
  const daemon = await startDaemon({
    state,
    downloads,
    api: LOOPBACK,
    apiOrigin: 'test',
    version: '1.2.3',
    ...options,
    session: { listen: LOOPBACK, ...options.session },
  });
  t.after(() => daemon.close());
  return { daemon, client: createDaemonClient(daemon.url, { token: daemon.token }), state, downloads };
}

/** As the command line: may name any path. */
export async function ownerOf({ daemon, state }: TestDaemon): Promise<DaemonClient> {
  const token = await readTokenFile(join(state, 'daemon', 'owner.token'));
  return createDaemonClient(daemon.url, { token });
}

export interface Seeded {
  session: Session;
  /** Of the one file. */
  path: string;
  infoHash: string;
  /** For the body of an `add`. */
  torrent: string;
  peers: string[];
}

/** A peer that seeds one file of random bytes. */
export async function seedFile(t: TestContext, directory: string, name: string, size: number): Promise<Seeded> {
  const path = join(directory, name);
  await randomFile(path, size, name);
  return seedPath(t, path);
}

export async function seedPath(t: TestContext, path: string): Promise<Seeded> {
  const session = await Session.open({ listen: LOOPBACK, state: null });
  t.after(() => session.close());
  const { infoHash, metainfo } = await session.seed(path, { pieceLength: 16_384 });
  const torrent = Buffer.from(encodeMetainfo(metainfo!)).toString('base64');
  return { session, path, infoHash, torrent, peers: [`127.0.0.1:${session.port}`] };
}

/** Waits until a torrent's row is as wanted. */
export async function untilRow(
  client: DaemonClient,
  infoHash: string,
  wanted: (row: TorrentRow) => boolean,
): Promise<TorrentRow> {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const row = await client.torrent({ params: { infoHash } });
    if (wanted(row)) return row;
    if (performance.now() > deadline) throw new Error(`waited in vain; it is ${JSON.stringify(row)}`);
    await delay(20);
  }
}
