import assert from 'node:assert/strict';
import test from 'node:test';
import { sha1 } from '../../test/sim/net.ts';
import type { Command } from './commands.ts';
import { Peer } from './peer.ts';
import { SwarmState } from './swarm-state.ts';
import { ban, closeBanned, settle } from './swarm-trust.ts';

const NOW = 1_000_000;

function makeState(): SwarmState {
  const peerId = new Uint8Array(20);
  return new SwarmState({ infoHash: '', peerId, port: 0, clientName: '', random: () => 0, sha1 }, '', NOW);
}

function join(state: SwarmState, name: string, host = '127.0.0.1', port = 0): Peer {
  const peerId = new Uint8Array(20).fill(name.charCodeAt(0));
  const features = { extended: true, fast: true, dht: false, v2: false };
  const info = { endpoint: { host, port: 40_000 }, outgoing: false, peerId, features };
  const peer = new Peer(state.nextPeer++, info, Buffer.from(peerId).toString('hex'), '', NOW);
  if (port > 0) peer.listens = { host, port };
  peer.reputation.port = port;
  state.peers.set(peer.id, peer);
  return peer;
}

function closed(state: SwarmState): number[] {
  return state.outbox.splice(0).flatMap((command: Command) => (command.type === 'disconnect' ? [command.peer.id] : []));
}

test('a piece that passes speaks for everybody who had a part in it, and clears of parole who sent all of it', () => {
  const state = makeState();
  const [a, b] = [join(state, 'a'), join(state, 'b')];
  for (const { reputation } of [a, b]) reputation.onParole = true;
  settle(state, 0, undefined, [a, b], NOW);
  assert.deepEqual([a.reputation.passed, b.reputation.passed], [1, 1]);
  assert.deepEqual([a.reputation.onParole, b.reputation.onParole], [true, true], 'each may have sent the right half');
  settle(state, 1, undefined, [a], NOW);
  assert.deepEqual([a.reputation.onParole, b.reputation.onParole], [false, true]);
  assert.equal(a.reputation.trust, 2);
});

test('whoever is banned is closed once, is not dialled, and the ban is told of', () => {
  const state = makeState();
  const liar = join(state, 'l', '127.0.0.1', 7000);
  const other = join(state, 'o');
  state.candidates.add({ host: '127.0.0.1', port: 7000 }, NOW, 0);
  ban(state, liar.reputation, 'lied', NOW);
  const told = state.outbox.filter(({ type }) => type === 'announceBan');
  assert.deepEqual(told, [
    {
      type: 'announceBan',
      ban: { address: '127.0.0.1:7000', since: NOW, until: Number.POSITIVE_INFINITY, reason: 'lied' },
    },
  ]);
  assert.deepEqual(closed(state), [liar.id]);
  assert.equal(other.leaving, false);
  assert.equal(state.candidates.size, 0);
  ban(state, liar.reputation, 'lied', NOW);
  closeBanned(state);
  assert.deepEqual(closed(state), [], 'it is leaving already');
});

test('a ban made elsewhere in the session closes who is meant by it, known by its port, its id or its address', () => {
  const state = makeState();
  const byPort = join(state, 'p', '127.0.0.1', 7001);
  const byId = join(state, 'i', '127.0.0.1', 7002);
  const byAddress = join(state, 'a', '8.8.4.4', 7003);
  join(state, 'n', '127.0.0.1', 7004);
  join(state, 'm', '8.8.4.5', 7001);
  state.bans.add('127.0.0.1', 7001, 'ff'.repeat(20), '', NOW);
  state.bans.add('127.0.0.1', 0, byId.peerIdHex, '', NOW);
  state.bans.add('8.8.4.4', 1, 'ee'.repeat(20), '', NOW);
  closeBanned(state);
  assert.deepEqual(closed(state), [byPort.id, byId.id, byAddress.id]);
});
