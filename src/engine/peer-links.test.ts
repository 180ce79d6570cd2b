import assert from 'node:assert/strict';
import test from 'node:test';
import type { Command } from '../swarm/commands.ts';
import { Swarm } from '../swarm/swarm.ts';
import { FramePool } from './frame-pool.ts';
import { type LinkContext, PeerLinks } from './peer-links.ts';
import { RateLimits } from './rate-limits.ts';
import { sha1 } from './torrent-source.ts';

const clock = (): number => performance.now();

function make(overrides: Partial<LinkContext>): { swarm: Swarm; links: PeerLinks } {
  const infoHash = 'aa'.repeat(20);
  const peerId = new Uint8Array(20);
  const swarm = new Swarm({ infoHash, peerId, port: 0, clientName: '', random: Math.random, sha1 }, clock());
  const links = new PeerLinks(swarm, {
    infoHash,
    peerId,
    clock,
    quotas: new RateLimits({}, clock).torrent(),
    frames: new FramePool(16 * 1024 * 1024),
    dialTimeout: 60_000,
    handshakeTimeout: 60_000,
    unreadTimeout: 60_000,
    source: () => undefined,
    onCommand: () => undefined,
    onReadFailed: () => undefined,
    onConnected: () => undefined,
    onDisconnected: () => undefined,
    onBroken: (error) => {
      throw error;
    },
    ...overrides,
  });
  return { swarm, links };
}

test('a command that cannot be carried out breaks the torrent once and is not tried again', () => {
  const broken: unknown[] = [];
  const carried: Command['type'][] = [];
  const { swarm, links } = make({
    onCommand: (command) => {
      if (command.type === 'announceComplete') throw new Error('a mistake');
      carried.push(command.type);
    },
    onBroken: (error) => broken.push(error),
  });
  swarm.outbox.push({ type: 'findPeers' }, { type: 'announceComplete' }, { type: 'findPeers' });
  links.settle();
  assert.deepEqual(carried, ['findPeers']);
  assert.equal((broken[0] as Error).message, 'a mistake');
  links.settle();
  assert.deepEqual(carried, ['findPeers', 'findPeers']);
  assert.equal(broken.length, 1);
});

test('closing gives up attempts to connect and counts them down', async () => {
  const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
  const before = sockets();
  const { swarm, links } = make({});
  swarm.handle({ type: 'peersFound', endpoints: [{ host: '127.0.0.1', port: 9 }] }, clock());
  links.settle();
  assert.equal(swarm.view.dialling, 1);
  links.close('over');
  links.close('twice');
  const end = clock() + 10_000;
  while (swarm.view.dialling > 0 || sockets() > before) {
    assert.ok(clock() < end, 'the attempt goes on');
    await new Promise(setImmediate);
  }
});
