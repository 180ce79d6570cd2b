// What hostile peers play on: a session that downloads or seeds, an honest seed beside it, and what became of each
// connection. Every hostile peer comes from an address of its own.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, beforeEach } from 'node:test';
import { Session } from '../../src/engine/session.ts';
import type { SessionOptions, Torrent, TorrentSource } from '../../src/engine/types.ts';
import { encodeKeepAlive } from '../../src/protocol/wire/messages.ts';
import { type Block, RawPeer, type RawPeerOptions, until } from './raw-peer.ts';

export const PIECE = 32_768;
export const PIECES = 12;
const SIZE = PIECES * PIECE - 5_000;
const LOOPBACK = { host: '127.0.0.1', port: 0 };

export const content = randomBytes(SIZE);
let nextHost = 2;

export function blockOf({ piece, begin, length }: Block): Uint8Array {
  return content.subarray(piece * PIECE + begin, piece * PIECE + begin + length);
}

export function spoiltBlockOf(request: Block): Uint8Array {
  const block = Uint8Array.from(blockOf(request));
  block[7]! ^= 0x55;
  return block;
}

/** A bitfield with these pieces, or with all. */
export function fieldOf(pieces: readonly number[] = Array.from({ length: PIECES }, (_, i) => i)): Uint8Array {
  const bits = new Uint8Array(Math.ceil(PIECES / 8));
  for (const piece of pieces) bits[piece >> 3]! |= 128 >> (piece & 7);
  return bits;
}

/** A session with the torrent, and how its connections ended, by the address of the other side. */
export class Target {
  readonly session: Session;
  readonly torrent: Torrent;
  readonly endings = new Map<string, string>();

  constructor(session: Session, torrent: Torrent) {
    this.session = session;
    this.torrent = torrent;
    void this.#watch();
  }

  async #watch(): Promise<void> {
    for await (const event of this.torrent.events())
      if (event.type === 'peerDisconnected') this.endings.set(event.address, event.reason);
  }

  join(options: RawPeerOptions = {}): Promise<RawPeer> {
    return RawPeer.join(this.session.port, this.torrent.infoHash, { from: nextAddress(), ...options });
  }

  /** `reason`: the short one in parentheses, or what the whole text is like. */
  async endedBy(raw: RawPeer, reason: string | RegExp): Promise<void> {
    await raw.ended();
    await until(() => this.endings.has(raw.address), 'the reason of the end');
    const ending = this.endings.get(raw.address)!;
    if (typeof reason === 'string') assert.ok(ending.includes(`(${reason})`), ending);
    else assert.match(ending, reason);
  }

  peer(raw: RawPeer): Torrent['peers'][number] | undefined {
    return this.torrent.peers.find(({ address }) => address === raw.address);
  }
}

/** A loopback address that no other peer of this process comes from. */
export function nextAddress(): string {
  nextHost++;
  return `127.0.${nextHost >> 8}.${nextHost & 255}`;
}

export class Stage {
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shoal-stage-'));
  readonly #sessions: Session[] = [];
  #count = 0;

  /** Has everything. */
  async seed(options: SessionOptions = {}): Promise<Target> {
    const file = path.join(this.folder, `seed-${this.#count++}`, 'file.bin');
    fs.mkdirSync(path.dirname(file));
    fs.writeFileSync(file, content);
    const session = await this.#open(options);
    return new Target(session, await session.seed(file, { pieceLength: PIECE }));
  }

  /** Wants everything of `source`. */
  async leecher(
    seed: Target,
    options: SessionOptions = {},
    source: TorrentSource = seed.torrent.metainfo!,
  ): Promise<Target> {
    const session = await this.#open(options);
    const got = path.join(this.folder, `got-${this.#count++}.bin`);
    return new Target(session, await session.add(source, { path: got }));
  }

  async #open(options: SessionOptions): Promise<Session> {
    const session = await Session.open({ listen: LOOPBACK, state: null, ...options });
    this.#sessions.push(session);
    return session;
  }

  /** Lets the honest seed come, and shows that the download ends with the right bytes. */
  async finish(leecher: Target, seed: Target): Promise<void> {
    const honest = { host: '127.0.0.1', port: seed.session.port };
    leecher.torrent.addPeer(honest);
    const { path: got } = await leecher.torrent.done;
    assert.equal(Buffer.compare(fs.readFileSync(got), content), 0, 'the bytes are wrong');
    const ending = leecher.endings.get(`${honest.host}:${honest.port}`) ?? '';
    assert.doesNotMatch(ending, /hash|should be|banned/, 'the honest seed was blamed');
  }

  /** In all of its sessions. */
  get torrents(): number {
    return this.#sessions.reduce((count, session) => count + session.torrents.length, 0);
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) await session.close();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/**
 * For every test of a file a stage and an honest seed, and after all of them no socket. To be called once, at the top.
 */
export function setStage(): { readonly stage: Stage; readonly seed: Target } {
  let stage: Stage;
  let seed: Target;
  const openAtFirst = openHandles();
  beforeEach(async () => {
    stage = new Stage();
    seed = await stage.seed({ handshakeTimeout: 1_000 });
  });
  afterEach(async () => {
    await stage.close();
  });
  after(async () => {
    await until(() => openHandles() <= openAtFirst, 'the end of all sockets');
  });
  return {
    get stage() {
      return stage;
    },
    get seed() {
      return seed;
    },
  };
}

function openHandles(): number {
  return process.getActiveResourcesInfo().filter((name) => /^(TCP|Pipe)/.test(name)).length;
}

/** Says that it is there, ten times a second, until it is gone. */
export function keepAlive(raw: RawPeer): void {
  const timer = setInterval(() => {
    if (raw.closed) clearInterval(timer);
    else raw.send(encodeKeepAlive());
  }, 100);
}
