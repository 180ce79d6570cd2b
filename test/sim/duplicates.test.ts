// Two peers that dial each other several times at once: whatever arrives first, one connection is left, and it is the same
// one at both ends.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Peer } from '../../src/swarm/peer.ts';
import { Swarm } from '../../src/swarm/swarm.ts';
import { seededRandom, sha1 } from './net.ts';

const FEATURES = { extended: false, fast: true, dht: false, v2: false };
const NOW = 1_000_000;

interface End {
  readonly side: Side;
  readonly outgoing: boolean;
  /** What has been sent to it and not arrived: its handshake, or the end of the connection. */
  readonly inbox: ('hello' | 'end')[];
  peer: Peer | undefined;
  open: boolean;
}

interface Line {
  readonly ends: [End, End];
}

class Side {
  readonly peerId: Uint8Array;
  readonly swarm: Swarm;
  readonly host: string;

  constructor(letter: string, host: string) {
    this.peerId = new Uint8Array(20).fill(letter.charCodeAt(0));
    this.host = host;
    this.swarm = new Swarm(
      { infoHash: '', peerId: this.peerId, port: 1, clientName: '', random: seededRandom(1), sha1 },
      NOW,
    );
  }
}

function dial(from: Side, to: Side): Line {
  const near: End = { side: from, outgoing: true, inbox: [], peer: undefined, open: true };
  const far: End = { side: to, outgoing: false, inbox: ['hello'], peer: undefined, open: true };
  from.swarm.view.seats.dialBegan();
  return { ends: [near, far] };
}

function close(lines: readonly Line[], end: End): void {
  if (!end.open) return;
  end.open = false;
  const other = otherEnd(lines, end);
  other.inbox.push('end');
  if (end.peer !== undefined) end.side.swarm.handle({ type: 'peerDisconnected', peer: end.peer }, NOW);
  else if (end.outgoing) end.side.swarm.handle({ type: 'dialFailed', key: '' }, NOW);
}

function otherEnd(lines: readonly Line[], end: End): End {
  const [a, b] = lines.find(({ ends }) => ends.includes(end))!.ends;
  return a === end ? b : a;
}

/** Carries out what the swarm of this side wants. */
function settle(lines: readonly Line[], side: Side): void {
  for (const command of side.swarm.outbox.splice(0)) {
    if (command.type !== 'disconnect') continue;
    for (const { ends } of lines) for (const end of ends) if (end.peer === command.peer) close(lines, end);
  }
}

/** As the engine does it. */
function deliver(lines: readonly Line[], end: End): void {
  const message = end.inbox.shift();
  if (!end.open) return;
  if (message === 'end') close(lines, end);
  else {
    const other = otherEnd(lines, end);
    const endpoint = { host: other.side.host, port: end.outgoing ? 1 : 40_000 + lines.length };
    const info = { endpoint, outgoing: end.outgoing, peerId: other.side.peerId, features: FEATURES };
    const peer = end.side.swarm.connect(info, end.outgoing ? `${endpoint.host}:1` : undefined, NOW);
    if (!end.outgoing && (!('refusal' in peer) || peer.answer)) other.inbox.push('hello');
    if ('refusal' in peer) close(lines, end);
    else {
      end.peer = peer;
      if (end.outgoing) end.side.swarm.dialEnded();
    }
  }
  settle(lines, end.side);
}

test('of any number of connections that two peers make to each other one is left, the same at both ends', () => {
  for (const [hostA, hostB] of [
    ['127.0.0.1', '127.0.0.1'],
    ['8.8.4.4', '9.9.9.9'],
    ['2a00::1', '2b00::1'],
  ] as const)
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(100), { minLength: 60, maxLength: 60 }),
        (greater, dials, order) => {
          const a = new Side(greater ? 'Z' : 'A', hostA);
          const b = new Side('M', hostB);
          const lines: Line[] = [];
          const waiting = dials.map((byA) => () => lines.push(byA ? dial(a, b) : dial(b, a)));
          for (const number of order) {
            const ready = lines.flatMap(({ ends }) => ends.filter(({ inbox }) => inbox.length > 0));
            const choice = number % (ready.length + waiting.length || 1);
            if (choice < ready.length) deliver(lines, ready[choice]!);
            else waiting.shift()?.();
          }
          const open = lines.filter(({ ends }) => ends.some((end) => end.open));
          assert.equal(open.length, 1);
          assert.deepEqual(
            open[0]!.ends.map((end) => end.open && end.peer !== undefined),
            [true, true],
          );
          for (const { swarm } of [a, b]) {
            assert.equal(swarm.view.peers.size, 1);
            assert.equal(swarm.view.dialling, 0);
          }
        },
      ),
      { numRuns: 400 },
    );
});
