// Who may open a session, what the API tells of a swarm, and what happens to clocks, replays and forgotten sessions.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import type { OpenSessionBody } from '../api/session-schemas.ts';
import { Bitfield } from '../base/bitfield.ts';
import { parseAddress } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import { encodeLatin1 } from '../base/utf8.ts';
import { toProblem } from '../http/problem.ts';
import { createIdentity, type Identity } from '../io/identity.ts';
import { sessionOpenBytes } from '../protocol/session-open.ts';
import { Registry } from '../registry/registry.ts';
import { TrackerSessions } from './sessions.ts';

const HASH = 'ab'.repeat(20);
const HERE = { address: parseAddress('10.0.0.7')! };

class World {
  now = 1_000;
  epoch = 1_700_000_000;
  readonly registry = new Registry({ sessionsPerAddress: 1 }, Math.random);
  readonly sessions = new TrackerSessions(this.registry, { now: () => this.now, epoch: () => this.epoch });

  constructor() {
    this.registry.allow(HASH, 10);
  }

  /** The tracker and everyone else get older. */
  pass(seconds: number): void {
    this.now += seconds * 1000;
    this.epoch += seconds;
    this.registry.expire(this.now);
  }

  announce(address: string, port: number, left: number, session?: string): void {
    const peerId = encodeLatin1('-SH0100-abcdefghijkl');
    const request = { infoHash: HASH, peerId, port, left, event: '', numwant: 0, session } as const;
    assert.equal(this.registry.announce(request, { address: parseAddress(address)! }, this.now).kind, 'reply');
  }
}

function signed(world: World, identity: Identity, change: Partial<OpenSessionBody> = {}): OpenSessionBody {
  const open = {
    publisher: identity.publicKey,
    port: 6881,
    timestamp: Math.floor(world.epoch),
    nonce: randomBytes(16).toString('hex'),
    ...change,
  };
  const signature = Buffer.from(identity.sign(sessionOpenBytes(open))).toString('base64');
  return { signature, ...open };
}

function refusal(action: () => unknown): { reason: string | undefined; status: number } {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof ShoalError);
    return { reason: error.reason, status: toProblem(error).status };
  }
  assert.fail('was taken');
}

describe('a session', () => {
  it('is opened by who holds the key, beats twice in its lease, and ends', () => {
    const world = new World();
    const { session, every, lease } = world.sessions.open(signed(world, createIdentity()), HERE);
    assert.match(session, /^[0-9a-f]{32}$/);
    assert.deepEqual({ every, lease }, { every: 20, lease: 45 });
    for (let i = 0; i < 10; i++) {
      world.pass(20);
      assert.deepEqual(world.sessions.heartbeat(session, {}), { resend: [], refused: [] });
    }
    world.pass(45);
    const gone = { reason: 'session_unknown', status: 410 };
    assert.deepEqual(
      refusal(() => world.sessions.heartbeat(session, {})),
      gone,
    );
    assert.deepEqual(
      refusal(() => world.sessions.close(session)),
      gone,
    );
    const again = world.sessions.open(signed(world, createIdentity()), HERE);
    world.sessions.close(again.session);
    assert.deepEqual(
      refusal(() => world.sessions.heartbeat(again.session, {})),
      gone,
    );
  });

  it('is not opened by a signature of another key, or over something else', () => {
    const world = new World();
    const identity = createIdentity();
    const good = signed(world, identity);
    for (const change of [
      { port: 6882 },
      { timestamp: good.timestamp + 1 },
      { nonce: '0'.repeat(32) },
      { publisher: createIdentity().publicKey },
      { publisher: '0'.repeat(64) },
      { signature: signed(world, identity).signature },
      { signature: '' },
      { signature: Buffer.alloc(64).toString('base64') },
      // The same dictionary signed as something else.
      { signature: Buffer.from(identity.sign(sessionOpenBytes(good).subarray(17))).toString('base64') },
    ])
      assert.deepEqual(
        refusal(() => world.sessions.open({ ...good, ...change }, HERE)),
        { reason: 'session_signature', status: 422 },
        JSON.stringify(change),
      );
    world.sessions.open(good, HERE);
  });

  it('is opened once by one request, while its time stamp is young', () => {
    const world = new World();
    const identity = createIdentity();
    const body = signed(world, identity, { timestamp: world.epoch + 299 });
    world.sessions.open(body, HERE);
    for (let passed = 0; passed < 599; passed += 30) {
      world.pass(30);
      const { reason } = refusal(() => world.sessions.open(body, HERE));
      assert.equal(reason, passed + 30 > 599 ? 'session_clock' : 'session_replay', `after ${passed + 30} s`);
    }
    for (const off of [-301, 301]) {
      const late = signed(world, identity, { timestamp: world.epoch + off });
      assert.equal(refusal(() => world.sessions.open(late, HERE)).reason, 'session_clock');
    }
  });

  it('is refused when one address has too many', () => {
    const world = new World();
    const at = { address: parseAddress('8.8.8.8')! };
    world.sessions.open(signed(world, createIdentity()), at);
    assert.deepEqual(
      refusal(() => world.sessions.open(signed(world, createIdentity()), at)),
      { reason: 'sessions', status: 429 },
    );
  });
});

describe('what the API tells of a swarm', () => {
  it('is who holds what, by address, client and pieces', () => {
    const world = new World();
    const { session } = world.sessions.open(signed(world, createIdentity()), HERE);
    world.announce('10.0.0.7', 6881, 50, session);
    world.announce('10.0.0.8', 6881, 0);
    world.announce('127.0.0.1', 6881, 70);
    const pieces = new Bitfield(10);
    pieces.add(2);
    pieces.add(9);
    const torrents = [{ infoHash: HASH, pieces: Buffer.from(pieces.bytes).toString('base64') }];
    assert.deepEqual(world.sessions.heartbeat(session, { torrents }), { resend: [], refused: [] });
    world.pass(3);
    const asker = { address: parseAddress('10.0.0.9')!, reachedAs: parseAddress('10.0.0.1')! };
    const { swarm, ...counts } = world.sessions.peers(HASH, asker);
    assert.deepEqual(counts, { infoHash: HASH, pieceCount: 10, seeds: 1, peers: 2, completed: 0 });
    const client = 'Shoal 0.1.0';
    assert.deepEqual(swarm, [
      { addresses: ['10.0.0.8:6881'], client, seed: true, left: 0, age: 3, session: false, have: 10 },
      {
        addresses: ['10.0.0.7:6881'],
        client,
        seed: false,
        left: 50,
        age: 3,
        session: true,
        have: 2,
        pieces: Buffer.from(pieces.bytes).toString('base64'),
      },
      { addresses: ['10.0.0.1:6881'], client, seed: false, left: 70, age: 3, session: false },
    ]);
    assert.deepEqual(world.sessions.peers(HASH, { address: parseAddress('8.8.8.8')! }).swarm[0]?.addresses, []);
    assert.equal(world.sessions.peers(HASH, asker, 2).swarm.length, 2);
    assert.deepEqual(world.sessions.availability(HASH, 3), {
      infoHash: HASH,
      pieceCount: 10,
      complete: 1,
      partial: 1,
      unknown: 1,
      min: 1,
      missing: 0,
      histogram: [
        { copies: 1, pieces: 8 },
        { copies: 2, pieces: 2 },
      ],
      rarest: [0, 1, 3].map((piece) => ({ piece, copies: 1 })),
    });
  });

  it('is nothing for a torrent nobody tracks, and little for one without peers', () => {
    const world = new World();
    for (const action of [
      () => world.sessions.peers('00'.repeat(20), HERE),
      () => world.sessions.availability('00'.repeat(20)),
    ])
      assert.deepEqual(refusal(action), { reason: 'not_tracked', status: 404 });
    assert.deepEqual(world.sessions.peers(HASH, HERE).swarm, []);
    assert.equal(world.sessions.availability(HASH).missing, 10);
  });
});
