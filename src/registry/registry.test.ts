// The registry on a virtual clock: leases, sessions, caps, counts, and what is told to whom.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Bitfield } from '../base/bitfield.ts';
import { formatAddress, parseAddress } from '../base/endpoint.ts';
import { encodeLatin1 } from '../base/utf8.ts';
import { rarestPieces } from './availability.ts';
import { Registry } from './registry.ts';
import type { Announcement, AnnounceOutcome, AnnounceReply, RegistryOptions } from './registry-types.ts';

const HASH = 'a'.repeat(40);
const OTHER = 'b'.repeat(40);
const KEY = 'c'.repeat(64);
const MINUTE = 60_000;

/** Numbers in [0, 1) that are the same in every run. */
function seeded(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

class World {
  now = 0;
  readonly registry: Registry;

  constructor(options: Partial<RegistryOptions> = {}) {
    this.registry = new Registry({ interval: 300, ...options }, seeded());
    this.registry.allow(HASH, 10);
  }

  announce(from: string, change: Partial<Announcement> & { reachedAs?: string } = {}): AnnounceReply {
    const outcome = this.outcome(from, change);
    assert.equal(outcome.kind, 'reply');
    return outcome as AnnounceReply;
  }

  outcome(from: string, change: Partial<Announcement> & { reachedAs?: string } = {}): AnnounceOutcome {
    const { reachedAs, ...rest } = change;
    const at = from.lastIndexOf(':');
    const request: Announcement = {
      infoHash: HASH,
      peerId: encodeLatin1(`-SH0100-${from}`.padEnd(20, '.').slice(0, 20)),
      port: Number(from.slice(at + 1)),
      left: 100,
      event: '',
      numwant: 50,
      ...rest,
    };
    const source = { address: parseAddress(from.slice(0, at))!, reachedAs: reachedAs && parseAddress(reachedAs) };
    return this.registry.announce(request, source as never, this.now);
  }

  /** What a reply tells, sorted. */
  peers(reply: AnnounceReply): string[] {
    return reply.peers.map(({ address, port }) => `${formatAddress(address)}:${port}`).sort();
  }

  /** Time passes as in a running tracker, with a look for ended leases every second. */
  pass(milliseconds: number): void {
    for (const end = this.now + milliseconds; this.now < end; ) {
      this.now = Math.min(end, this.now + 1000);
      this.registry.expire(this.now);
    }
  }

  open(from: string, id: string): string {
    const session = id.repeat(32).slice(0, 32);
    assert.ok(this.registry.openSession({ id: session, publisher: KEY, address: parseAddress(from)! }, this.now));
    return session;
  }

  beat(session: string, reports: Record<string, object> = {}, gone: string[] = []) {
    return this.registry.heartbeat(session, new Map(Object.entries(reports)), gone, this.now);
  }

  counts(infoHash = HASH) {
    return this.registry.counts(infoHash, this.now);
  }

  holders(from = '127.0.0.1') {
    return this.registry.holders(HASH, { address: parseAddress(from)! }, 100, this.now)!;
  }
}

function bits(size: number, ...pieces: number[]): Uint8Array {
  const field = new Bitfield(size);
  for (const piece of pieces) field.add(piece);
  return field.bytes;
}

describe('announces', () => {
  it('tells peers of one another, not of themselves, and counts them', () => {
    const world = new World();
    assert.deepEqual(world.peers(world.announce('8.8.8.1:6881', { left: 0 })), []);
    assert.deepEqual(world.peers(world.announce('8.8.8.2:6881')), ['8.8.8.1:6881']);
    const third = world.announce('2001:db8::3:6881');
    assert.deepEqual(world.peers(third), ['8.8.8.1:6881', '8.8.8.2:6881']);
    assert.equal(third.complete, 1);
    assert.equal(third.incomplete, 2);
    assert.deepEqual(world.peers(world.announce('8.8.8.2:6881')), ['2001:db8::3:6881', '8.8.8.1:6881']);
    assert.equal(formatAddress(third.externalIp), '2001:db8::3');
  });

  it('tells seeds and partial seeds of no seeds', () => {
    const world = new World();
    world.announce('8.8.8.1:1', { left: 0 });
    world.announce('8.8.8.2:1');
    assert.deepEqual(world.peers(world.announce('8.8.8.3:1', { left: 0 })), ['8.8.8.2:1']);
    assert.deepEqual(world.peers(world.announce('8.8.8.4:1', { event: 'paused' })), ['8.8.8.2:1']);
    const [scraped] = world.registry.scrape([HASH], world.now);
    assert.deepEqual(scraped, { infoHash: HASH, complete: 2, incomplete: 2, downloaded: 0, downloaders: 1 });
  });

  it('forgets a peer that stops at once, and makes none of one it does not know', () => {
    const world = new World();
    world.announce('8.8.8.1:1', { left: 0 });
    world.announce('8.8.8.2:1');
    assert.equal(world.announce('8.8.8.9:1', { event: 'stopped' }).incomplete, 1);
    assert.deepEqual(world.counts(), { seeds: 1, peers: 1, completed: 0 });
    world.announce('8.8.8.1:1', { event: 'stopped' });
    assert.deepEqual(world.peers(world.announce('8.8.8.2:1')), []);
    world.announce('8.8.8.2:1', { event: 'stopped' });
    assert.equal(world.registry.stats.swarms, 0);
  });

  it('lets nobody touch the entry of another address, whatever peer id it claims', () => {
    const world = new World();
    const peerId = encodeLatin1('-qB4650-victimvictim');
    world.announce('8.8.8.1:6881', { peerId });
    world.announce('8.8.8.66:6881', { peerId, event: 'stopped' });
    world.announce('8.8.8.66:6881', { peerId, left: 0 });
    assert.deepEqual(world.counts(), { seeds: 1, peers: 1, completed: 0 });
    assert.deepEqual(world.peers(world.announce('8.8.8.3:1')), ['8.8.8.1:6881', '8.8.8.66:6881']);
  });

  it('counts a download that ended once, and only if it was seen to be one', () => {
    const world = new World();
    world.announce('8.8.8.1:1', { left: 0, event: 'completed' });
    assert.equal(world.counts().completed, 0, 'came as a seed');
    world.announce('8.8.8.2:1');
    world.announce('8.8.8.2:1', { left: 0, event: 'completed' });
    assert.equal(world.counts().completed, 1);
    world.announce('8.8.8.2:1', { left: 0, event: 'completed' });
    world.announce('8.8.8.2:1', { left: 5 });
    world.announce('8.8.8.2:1', { left: 0, event: 'completed' });
    assert.equal(world.counts().completed, 1, 'again and again');
    world.announce('8.8.8.1:1', { event: 'stopped' });
    world.announce('8.8.8.2:1', { event: 'stopped' });
    assert.equal(world.counts().completed, 1, 'outlives the swarm');
    world.announce('8.8.8.3:1');
    world.announce('8.8.8.3:1', { left: 0, event: 'stopped' });
    assert.equal(world.counts().completed, 2, 'complete and gone in one announce');
    world.announce('8.8.8.3:1', { left: 0, event: 'stopped' });
    world.announce('8.8.8.4:1');
    world.announce('8.8.8.4:1', { event: 'stopped' });
    assert.equal(world.counts().completed, 2, 'gave up');
  });

  it('serves only allowed torrents, in words that do not make clients give up unless they should', () => {
    const world = new World();
    const unknown = world.outcome('8.8.8.1:1', { infoHash: OTHER });
    assert.ok(unknown.kind === 'refusal' && !unknown.final && !/unregistered/i.test(unknown.reason));
    world.announce('8.8.8.1:1');
    world.registry.disallow(HASH, { final: true });
    const removed = world.outcome('8.8.8.1:1');
    assert.ok(removed.kind === 'refusal' && removed.final && /^Unregistered torrent/.test(removed.reason));
    assert.equal(world.registry.stats.peers, 0);
    world.registry.allow(HASH, 10);
    world.announce('8.8.8.1:1');
    world.registry.disallow(HASH);
    assert.ok(world.outcome('8.8.8.1:1').kind === 'refusal');
  });

  it('serves any torrent when open, but none that was removed, and not more than it can', () => {
    const world = new World({ open: true, maxSwarms: 2 });
    world.announce('8.8.8.1:1', { infoHash: OTHER });
    world.announce('8.8.8.1:1', { infoHash: 'd'.repeat(40) });
    assert.match((world.outcome('8.8.8.1:1', { infoHash: 'e'.repeat(40) }) as { reason: string }).reason, /full/);
    world.announce('8.8.8.1:1');
    world.registry.disallow(OTHER, { final: true });
    assert.equal(world.outcome('8.8.8.1:1', { infoHash: OTHER }).kind, 'refusal');
  });

  it('says so when it has no room, and helps all the same', () => {
    const world = new World({ maxPeers: 2 });
    world.announce('8.8.8.1:1');
    world.announce('8.8.8.2:1');
    const reply = world.announce('8.8.8.3:1');
    assert.match(reply.warning!, /full/);
    assert.equal(reply.peers.length, 2);
    assert.equal(world.registry.stats.peers, 2);
  });

  it('keeps so many ports of a public address, dropping the longest silent', () => {
    const world = new World();
    for (let port = 1; port <= 9; port++) {
      world.now++;
      world.announce(`8.8.8.1:${port}`);
    }
    assert.equal(world.counts().peers, 8);
    const told = world.peers(world.announce('8.8.8.2:1'));
    assert.ok(!told.includes('8.8.8.1:1') && told.includes('8.8.8.1:2') && told.includes('8.8.8.1:9'), told.join());
    for (let port = 1; port <= 50; port++) world.announce(`127.0.0.1:${port}`);
    for (let port = 1; port <= 50; port++) world.announce(`10.0.0.1:${port}`);
    assert.equal(world.counts().peers, 109, 'other addresses are hosts of many');
  });

  it('bounds what one IPv6 network can fill', () => {
    const world = new World({ rosters: { portsPerAddress: 8, portsPerNetwork: 20, portsPerLocalAddress: 100 } });
    for (let host = 1; host <= 30; host++) {
      world.now++;
      world.announce(`2001:db8:0:7::${host}:6881`);
    }
    assert.equal(world.counts().peers, 20);
    for (let port = 1; port <= 10; port++) world.announce(`2001:db8:0:8::1:${port}`);
    assert.equal(world.counts().peers, 28);
  });

  it('varies the interval by a tenth and stretches it when there are many peers', () => {
    const intervals = new Set<number>();
    const world = new World({ announcesPerSecond: 0.1 });
    for (let i = 0; i < 50; i++) intervals.add(world.announce('8.8.8.1:1').interval);
    assert.ok(
      intervals.size > 10 && Math.min(...intervals) >= 270 && Math.max(...intervals) <= 330,
      `${[...intervals]}`,
    );
    for (let i = 1; i <= 100; i++) world.announce(`8.8.${i}.1:1`);
    const { interval } = world.announce('8.8.8.1:1');
    assert.ok(interval >= 900 && interval <= 1100, `${interval}`);
  });

  it('draws peers at random, all alike likely, without repeating any', () => {
    const world = new World();
    for (let i = 0; i < 100; i++) world.announce(`8.8.${i}.1:1`, { left: i < 50 ? 0 : 1 });
    const times = new Map<string, number>();
    for (let i = 0; i < 2000; i++) {
      const told = world.peers(world.announce('9.9.9.9:1', { numwant: 10 }));
      assert.equal(new Set(told).size, 10);
      for (const peer of told) times.set(peer, (times.get(peer) ?? 0) + 1);
    }
    assert.equal(times.size, 100);
    // 200 expected, standard deviation 13.
    for (const [peer, count] of times) assert.ok(count > 130 && count < 270, `${peer} ${count} times`);
  });
});

describe('addresses', () => {
  it('three hosts: the peers beside the tracker are handed out under the address each asker reached', () => {
    const world = new World();
    world.announce('127.0.0.1:6881', { left: 0, reachedAs: '127.0.0.1' });
    assert.deepEqual(world.peers(world.announce('10.0.1.2:6881', { reachedAs: '10.0.1.1' })), ['10.0.1.1:6881']);
    assert.deepEqual(world.peers(world.announce('10.0.2.2:6881', { reachedAs: '10.0.2.1' })), [
      '10.0.1.2:6881',
      '10.0.2.1:6881',
    ]);
    assert.deepEqual(world.peers(world.announce('127.0.0.1:6882', { reachedAs: '127.0.0.1' })), [
      '10.0.1.2:6881',
      '10.0.2.2:6881',
      '127.0.0.1:6881',
    ]);
    world.registry.publicAddresses = [parseAddress('198.51.100.1')!];
    assert.ok(
      world.peers(world.announce('10.0.1.2:6881', { reachedAs: '10.0.1.1' })).includes('198.51.100.1:6881'),
      'the public URL goes first',
    );
  });

  it('hands no asker to itself under another of its addresses, and no endpoint twice', () => {
    const world = new World();
    const peerId = encodeLatin1('-SH0100-samesamesame');
    world.announce('127.0.0.1:6881', { peerId });
    world.announce('::1:6881', { peerId });
    world.announce('10.0.0.1:6881', { peerId, reachedAs: '10.0.0.1' });
    assert.deepEqual(world.peers(world.announce('10.0.0.1:6881', { peerId, reachedAs: '10.0.0.1' })), []);
    assert.deepEqual(world.peers(world.announce('127.0.0.1:6881', { peerId })), []);
    assert.deepEqual(world.peers(world.announce('10.0.0.2:6881', { reachedAs: '10.0.0.1' })), ['10.0.0.1:6881']);
    world.announce('10.0.0.1:6881', { peerId, event: 'stopped' });
    assert.deepEqual(world.peers(world.announce('10.0.0.2:6881', { reachedAs: '10.0.0.1' })), ['10.0.0.1:6881']);
    // By address alone, when the peer ids differ.
    assert.deepEqual(world.peers(world.announce('10.0.0.1:6881', { reachedAs: '10.0.0.1' })), ['10.0.0.2:6881']);
  });

  it('hands private addresses to no public asker', () => {
    const world = new World();
    world.announce('192.168.1.7:1');
    world.announce('127.0.0.1:2', { reachedAs: '127.0.0.1' });
    assert.deepEqual(world.peers(world.announce('8.8.8.8:3', { reachedAs: '192.168.1.1' })), []);
    assert.deepEqual(
      world
        .holders('8.8.8.8')
        .map(({ endpoints }) => endpoints.length)
        .sort(),
      [0, 0, 1],
    );
  });
});

describe('leases', () => {
  it('end after one and a half of the intervals that were told', () => {
    const world = new World();
    const { interval } = world.announce('8.8.8.1:1');
    const lease = interval * 1500;
    world.pass(lease - 1);
    assert.equal(world.counts().peers, 1);
    world.pass(1);
    assert.equal(world.counts().peers, 0);
    assert.equal(world.registry.stats.swarms, 0);
  });

  it('begin anew with each announce', () => {
    const world = new World();
    for (let i = 0; i < 10; i++) {
      world.announce('8.8.8.1:1');
      world.pass(6 * MINUTE);
    }
    assert.equal(world.counts().peers, 1);
  });

  it('of a session: killed at any moment, a peer is gone from everything within 60 seconds', () => {
    for (let beatsBefore = 0; beatsBefore < 3; beatsBefore++)
      for (let silent = 0; silent <= 20_000; silent += 4_000) {
        const world = new World();
        const session = world.open('8.8.8.1', 'a');
        world.announce('8.8.8.1:1', { session, left: 0 });
        for (let i = 0; i < beatsBefore; i++) {
          world.pass(20_000);
          assert.ok(world.beat(session));
        }
        world.pass(silent);
        const killedAt = world.now;
        assert.equal(world.counts().seeds, 1);
        while (world.counts().seeds > 0) world.pass(1000);
        assert.ok(world.now - killedAt <= 46_000, `${world.now - killedAt} ms after the kill`);
        assert.deepEqual(world.peers(world.announce('8.8.8.2:1')), []);
        assert.equal(world.holders().length, 1);
        assert.equal(world.beat(session), undefined);
      }
  });

  it('of a session: alive for as long as it beats, however long the interval', () => {
    const world = new World();
    const session = world.open('8.8.8.1', 'a');
    world.announce('8.8.8.1:1', { session });
    for (let i = 0; i < 100; i++) {
      world.pass(20_000);
      assert.deepEqual(world.beat(session)?.refused, []);
    }
    assert.equal(world.counts().peers, 1);
  });

  it('of a session that the tracker does not know are short: its peer will come again with another', () => {
    const world = new World();
    world.announce('8.8.8.1:1', { session: 'f'.repeat(32) });
    world.pass(44_000);
    assert.equal(world.counts().peers, 1);
    const session = world.open('8.8.8.1', 'a');
    world.announce('8.8.8.1:1', { session });
    world.pass(44_000);
    assert.equal(world.counts().peers, 1);
    world.pass(1_000);
    assert.equal(world.counts().peers, 0);
  });

  it('are not seen once ended, even before anybody looked for ended ones', () => {
    const world = new World();
    const session = world.open('8.8.8.1', 'a');
    world.announce('8.8.8.1:1', { session });
    world.announce('8.8.8.2:1');
    world.now += 60_000;
    assert.equal(world.counts().peers, 1);
    assert.deepEqual(world.peers(world.announce('8.8.8.3:1')), ['8.8.8.2:1']);
    assert.equal(world.holders().length, 2);
  });

  it('are looked for in turn, a bounded number at a time', () => {
    const world = new World({ open: true });
    for (let i = 0; i < 1000; i++) world.announce('8.8.8.1:1', { infoHash: i.toString(16).padStart(40, '0') });
    world.now += 1000 * 1000;
    world.registry.expire(world.now, 100);
    const left = world.registry.stats.swarms;
    assert.ok(left >= 900 && left < 1000, `${left}`);
    for (let i = 0; i < 20; i++) world.registry.expire(world.now, 100);
    assert.equal(world.registry.stats.swarms, 0);
  });

  it('of a large swarm end in their turn, and are not handed out meanwhile', () => {
    const world = new World({ rosters: { portsPerAddress: 8, portsPerNetwork: 256, portsPerLocalAddress: 4096 } });
    for (let port = 1; port <= 1000; port++) world.announce(`10.0.0.1:${port}`);
    world.now += 1000 * 1000;
    assert.deepEqual(world.peers(world.announce('10.0.0.2:1')), []);
    world.registry.expire(world.now);
    assert.deepEqual(world.counts(), { seeds: 0, peers: 1, completed: 0 });
  });
});

describe('sessions', () => {
  it('end with all their peers when closed, and only those', () => {
    const world = new World();
    world.registry.allow(OTHER, 5);
    const session = world.open('8.8.8.1', 'a');
    world.announce('8.8.8.1:1', { session });
    world.announce('8.8.8.1:1', { session, infoHash: OTHER });
    world.announce('8.8.8.2:1');
    assert.equal(world.registry.closeSession(session, world.now), true);
    assert.deepEqual([world.counts().peers, world.counts(OTHER).peers], [1, 0]);
    assert.equal(world.registry.closeSession(session, world.now), false);
    assert.equal(world.registry.stats.sessions, 0);
  });

  it('leave single torrents', () => {
    const world = new World();
    world.registry.allow(OTHER, 5);
    const session = world.open('8.8.8.1', 'a');
    world.announce('8.8.8.1:1', { session });
    world.announce('8.8.8.1:1', { session, infoHash: OTHER });
    world.beat(session, {}, [HASH]);
    assert.deepEqual([world.counts().peers, world.counts(OTHER).peers], [0, 1]);
  });

  it('are limited in number, for one address and for all', () => {
    const world = new World({ sessionsPerAddress: 2, maxSessions: 25 });
    const open = (address: string, i: number) =>
      world.registry.openSession(
        { id: i.toString(16).padStart(32, '0'), publisher: KEY, address: parseAddress(address)! },
        world.now,
      );
    assert.deepEqual(
      [1, 2, 3].map((i) => open('8.8.8.1', i)),
      [true, true, false],
    );
    let opened = 0;
    for (let i = 100; i < 140; i++) if (open('10.0.0.1', i)) opened++;
    assert.equal(opened, 20);
    for (let i = 200; i < 210; i++) if (open(`9.9.9.${i}`, i)) opened++;
    assert.equal(opened, 23);
    world.pass(46_000);
    assert.ok(open('8.8.8.1', 300), 'ended ones do not count');
  });
});

describe('piece reports', () => {
  it('count in the session that made them, for endpoints that announced with it', () => {
    const world = new World();
    const session = world.open('8.8.8.1', 'a');
    const stranger = world.open('8.8.8.9', 'b');
    world.beat(session, { [HASH]: { pieces: bits(10, 1) } });
    assert.deepEqual(world.registry.availability(HASH, world.now)!.copies.join(''), '0000000000', 'not announced yet');
    world.announce('8.8.8.1:1', { session });
    world.announce('8.8.8.2:1');
    assert.deepEqual(world.beat(session), { resend: [HASH], refused: [] });
    world.beat(stranger, { [HASH]: { pieces: bits(10, 9) } });
    assert.deepEqual(world.beat(session, { [HASH]: { pieces: bits(10, 1, 2) } }), { resend: [], refused: [] });
    assert.deepEqual(
      world.beat(session, {
        [HASH]: {
          added: [
            [4, 6],
            [9, 9],
          ],
        },
      }),
      { resend: [], refused: [] },
    );
    const { copies, partial, unknown, complete } = world.registry.availability(HASH, world.now)!;
    assert.equal(copies.join(''), '0110111001');
    assert.deepEqual({ partial, unknown, complete }, { partial: 1, unknown: 1, complete: 0 });
    const reporting = world.holders().filter(({ pieces }) => pieces !== undefined);
    assert.deepEqual(
      reporting.map(({ pieces, session: held }) => [pieces!.count, held]),
      [[6, true]],
    );
  });

  it('are refused when they do not fit the torrent', () => {
    const world = new World();
    const session = world.open('8.8.8.1', 'a');
    world.announce('8.8.8.1:1', { session });
    world.beat(session, { [HASH]: { pieces: bits(10) } });
    for (const report of [
      { pieces: new Uint8Array(1) },
      { pieces: new Uint8Array(3) },
      { pieces: new Uint8Array([0, 1]) },
      { added: [[9, 10]] },
      { added: [[-1, 2]] },
      { added: [[5, 4]] },
      { added: [[0.5, 1]] },
      {
        added: [
          [3, 4],
          [4, 5],
        ],
      },
      {
        added: [
          [5, 6],
          [1, 2],
        ],
      },
      { added: [[0, Number.NaN]] },
    ])
      assert.deepEqual(world.beat(session, { [HASH]: report })?.refused, [HASH], JSON.stringify(report));
    assert.deepEqual(world.beat(session, { [OTHER]: { pieces: bits(10) } })?.refused, [OTHER], 'not in the catalog');
    assert.equal(world.registry.availability(HASH, world.now)!.copies.join(''), '0000000000');
  });

  it('that add to nothing known are asked for again', () => {
    const world = new World();
    const session = world.open('8.8.8.1', 'a');
    world.announce('8.8.8.1:1', { session });
    assert.deepEqual(world.beat(session, { [HASH]: { added: [[1, 2]] } }), { resend: [HASH], refused: [] });
  });

  it('go with the peer, and make way for its becoming a seed', () => {
    const world = new World();
    const session = world.open('8.8.8.1', 'a');
    world.announce('8.8.8.1:1', { session });
    world.beat(session, { [HASH]: { pieces: bits(10, 3) } });
    world.announce('8.8.8.1:1', { session, left: 0, event: 'completed' });
    world.announce('8.8.8.2:1', { left: 0 });
    assert.equal(world.registry.availability(HASH, world.now)!.copies.join(''), '2222222222');
    assert.deepEqual(world.beat(session)?.resend, [], 'nothing is left to ask a seed');
    world.announce('8.8.8.1:1', { session, left: 70 });
    assert.equal(world.registry.availability(HASH, world.now)!.copies.join(''), '1111111111');
    assert.deepEqual(world.beat(session)?.resend, [HASH], 'it has lost something');
    world.beat(session, { [HASH]: { pieces: bits(10, 0) } });
    assert.equal(world.registry.availability(HASH, world.now)!.copies.join(''), '2111111111');
    world.announce('8.8.8.1:1', { session, event: 'stopped' });
    assert.equal(world.registry.availability(HASH, world.now)!.copies.join(''), '1111111111');
    assert.equal(world.registry.stats.reportBytes, 0);
  });

  it('stand for all endpoints of a session together', () => {
    const world = new World();
    const session = world.open('8.8.8.1', 'a');
    world.announce('8.8.8.1:1', { session });
    world.announce('2001:db8::1:1', { session });
    world.beat(session, { [HASH]: { pieces: bits(10, 3) } });
    assert.equal(world.registry.availability(HASH, world.now)!.copies.join(''), '0001000000');
    assert.deepEqual(
      world.holders().map(({ endpoints }) => endpoints.length),
      [2],
    );
    world.announce('8.8.8.1:1', { session, event: 'stopped' });
    assert.equal(world.registry.availability(HASH, world.now)!.copies.join(''), '0001000000');
    world.announce('2001:db8::1:1', {});
    assert.equal(
      world.registry.availability(HASH, world.now)!.copies.join(''),
      '0000000000',
      'no longer in the session',
    );
  });

  it('stay when an endpoint joins the session that was in the swarm by itself, as a seed', () => {
    const world = new World();
    const session = world.open('8.8.8.1', 'a');
    world.announce('8.8.8.1:1', { session });
    world.beat(session, { [HASH]: { pieces: bits(10, 3) } });
    world.announce('2001:db8::1:1', { left: 0 });
    world.announce('2001:db8::1:1', { session });
    assert.equal(world.registry.availability(HASH, world.now)!.copies.join(''), '0001000000');
  });

  it('take bounded memory', () => {
    const world = new World({ maxReportBytes: 5 });
    for (const [i, id] of ['a', 'b', 'c', 'd'].entries()) {
      const session = world.open(`8.8.8.${i}`, id);
      world.announce(`8.8.8.${i}:1`, { session });
      assert.equal(world.beat(session, { [HASH]: { pieces: bits(10, 1) } })?.refused.length, i < 2 ? 0 : 1);
    }
    assert.equal(world.registry.stats.reportBytes, 4);
    assert.equal(world.registry.availability(HASH, world.now)!.copies[1], 2);
  });

  it('show the rarest pieces', () => {
    assert.deepEqual(rarestPieces(new Uint32Array([3, 1, 2, 0, 1, 5]), 3), [
      { piece: 3, copies: 0 },
      { piece: 1, copies: 1 },
      { piece: 4, copies: 1 },
    ]);
    assert.deepEqual(rarestPieces(new Uint32Array([1]), 0), []);
    assert.deepEqual(rarestPieces(new Uint32Array(0), 5), []);
  });
});
