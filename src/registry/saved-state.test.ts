// Saving the registry and taking it up again: a restart loses nobody, and nothing damaged gets in.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Bitfield } from '../base/bitfield.ts';
import { formatAddress, parseAddress } from '../base/endpoint.ts';
import { encodeLatin1 } from '../base/utf8.ts';
import { Registry } from './registry.ts';
import { parseRecord } from './saved-record.ts';

const HASH = 'a'.repeat(40);
const SEEDED = 'b'.repeat(40);
const SESSION = '5'.repeat(32);
const KEY = 'c'.repeat(64);

function create(open = false): Registry {
  const registry = new Registry({ open, interval: 300 }, () => 0.5);
  registry.allow(HASH, 12);
  registry.allow(SEEDED, 3);
  return registry;
}

function announce(registry: Registry, address: string, now: number, change = {}): string[] {
  const request = {
    infoHash: HASH,
    peerId: encodeLatin1(`-qB4650-${address}`.padEnd(20, '.')),
    port: 6881,
    left: 7,
    event: '',
    numwant: 50,
    ...change,
  } as const;
  const reply = registry.announce(request, { address: parseAddress(address)! }, now);
  assert.ok(reply.kind === 'reply', reply.kind === 'reply' ? '' : reply.reason);
  return reply.peers.map((peer) => `${formatAddress(peer.address)}:${peer.port}`).sort();
}

function report(registry: Registry, now: number, pieces: object) {
  return registry.heartbeat(SESSION, new Map([[HASH, pieces]]), [], now);
}

/** A registry with a bit of everything, at 1,000,000 ms of its clock. */
function lively(): Registry {
  const registry = create();
  registry.openSession({ id: SESSION, publisher: KEY, address: parseAddress('8.8.8.1')! }, 990_000);
  announce(registry, '8.8.8.1', 990_000, { session: SESSION });
  announce(registry, '2001:db8::2', 900_000, { port: 51413 });
  announce(registry, '8.8.8.3', 700_000, { infoHash: SEEDED });
  announce(registry, '8.8.8.3', 800_000, { infoHash: SEEDED, left: 0, event: 'completed' });
  announce(registry, '8.8.8.4', 800_000, { event: 'paused', peerId: encodeLatin1('-TR4060-123456789012') });
  const pieces = new Bitfield(12);
  pieces.add(11);
  report(registry, 1_000_000, { pieces: pieces.bytes });
  return registry;
}

const saved = (registry = lively()) => [...registry.snapshot(1_000_000)];

/** Clocks of two runs have nothing in common. */
function restart(lines = saved(), now = 5): Registry {
  const registry = create();
  assert.equal(registry.restore(lines, now), true);
  return registry;
}

describe('a saved registry', () => {
  it('brings back everybody, in every detail', () => {
    const registry = restart();
    assert.deepEqual([...registry.snapshot(5)].sort(), saved().sort());
    assert.deepEqual(registry.stats, lively().stats);
    assert.deepEqual(registry.counts(SEEDED, 5), { seeds: 1, peers: 0, completed: 1 });
    assert.deepEqual(announce(registry, '8.8.8.9', 5), ['2001:db8::2:51413', '8.8.8.1:6881', '8.8.8.4:6881']);
    assert.equal(registry.scrape([HASH], 5)[0]!.downloaders, 3);
  });

  it('brings back a swarm of many', () => {
    const registry = create();
    for (let i = 0; i < 1000; i++) announce(registry, `8.8.${i >> 8}.${i & 255}`, 0, { left: i % 2 });
    const lines = [...registry.snapshot(0)];
    assert.ok(Math.max(...lines.map((line) => line.length)) < 64 * 1024, 'in lines of bounded length');
    assert.deepEqual(restart(lines).counts(HASH, 6), { seeds: 500, peers: 500, completed: 0 });
  });

  it('goes on with the leases: the time the tracker was down counts against nobody', () => {
    const registry = restart();
    // Announced 200 s before the save with a lease of 450 s.
    const remaining = 250_000;
    registry.expire(remaining + 4);
    assert.equal(registry.counts(SEEDED, remaining + 4).seeds, 1);
    assert.equal(registry.counts(SEEDED, remaining + 5).seeds, 0);
  });

  it('gives sessions a whole lease, after which the dead are gone', () => {
    const alive = restart();
    assert.ok(alive.heartbeat(SESSION, new Map(), [], 44_000));
    assert.equal(alive.counts(HASH, 50_000).peers, 3);
    const dead = restart();
    assert.equal(dead.counts(HASH, 44_000).peers, 3);
    dead.expire(45_005);
    assert.equal(dead.counts(HASH, 45_005).peers, 2);
  });

  it('shows the pieces it knew, and asks for the whole because more may have been told since the save', () => {
    const registry = restart();
    assert.equal(registry.availability(HASH, 6)!.copies[11], 1);
    assert.deepEqual(report(registry, 7, { added: [[0, 1]] }), { resend: [HASH], refused: [] });
    assert.equal(registry.availability(HASH, 7)!.copies[0], 0);
    assert.deepEqual(report(registry, 8, { pieces: Bitfield.full(12).bytes }), { resend: [], refused: [] });
    assert.equal(registry.availability(HASH, 8)!.copies[0], 1);
  });

  it('does not count a download again that ended before', () => {
    const registry = restart();
    announce(registry, '8.8.8.3', 10, { infoHash: SEEDED, left: 0, event: 'completed' });
    assert.equal(registry.counts(SEEDED, 10).completed, 1);
  });

  it('leaves out torrents that have left the catalog meanwhile', () => {
    const registry = new Registry({}, () => 0.5);
    registry.allow(SEEDED, 3);
    assert.equal(registry.restore(saved(), 0), true);
    assert.deepEqual(registry.stats, { ...registry.stats, swarms: 1, seeds: 1, peers: 0, sessions: 1, reportBytes: 0 });
  });

  it('takes up what changed while it was drawn out', () => {
    const registry = lively();
    const lines: string[] = [];
    for (const line of registry.snapshot(1_000_000)) {
      lines.push(line);
      if (lines.length === 2) {
        registry.closeSession(SESSION, 1_000_001);
        announce(registry, '8.8.8.7', 1_000_001);
        announce(registry, '8.8.8.3', 1_000_001, { infoHash: SEEDED, event: 'stopped' });
      }
    }
    const again = restart(lines);
    assert.equal(again.counts(SEEDED, 6).seeds, 0);
    assert.ok(announce(again, '8.8.8.9', 6).includes('8.8.8.7:6881'));
  });

  it('when it was lost: heals by announces and heartbeats', () => {
    const registry = create();
    assert.equal(registry.heartbeat(SESSION, new Map(), [], 0), undefined, 'the peer is told to open another session');
    announce(registry, '8.8.8.1', 0, { session: SESSION });
    assert.ok(registry.openSession({ id: '6'.repeat(32), publisher: KEY, address: parseAddress('8.8.8.1')! }, 10));
    announce(registry, '8.8.8.1', 20, { session: '6'.repeat(32) });
    announce(registry, '8.8.8.2', 30);
    assert.deepEqual(announce(registry, '8.8.8.3', 40), ['8.8.8.1:6881', '8.8.8.2:6881']);
    assert.equal(
      registry.holders(HASH, { address: parseAddress('8.8.8.3')! }, 9, 50)!.filter((h) => h.session).length,
      1,
    );
  });

  it('is refused when a line is cut, changed or missing its head', () => {
    const lines = saved();
    const tryLines = (bad: string[]) => create().restore(bad, 0);
    assert.equal(tryLines([]), false);
    assert.equal(tryLines(lines.slice(1)), false);
    assert.equal(tryLines(['["shoal-registry",2]', ...lines.slice(1)]), false);
    assert.equal(tryLines([lines[0]!, ...lines]), false);
    for (let i = 1; i < lines.length; i++)
      assert.equal(tryLines([...lines.slice(0, i), lines[i]!.slice(0, -1), ...lines.slice(i + 1)]), false);
  });

  it('is read without an exception, whatever stands in it', () => {
    const value = fc.jsonValue();
    const row = fc.array(value, { maxLength: 9 });
    const kind = fc.constantFrom('session', 'swarm', 'pieces', 'shoal-registry');
    const line = fc.oneof(
      fc.string(),
      fc.tuple(kind, row).map(([name, rest]) => JSON.stringify([name, ...rest])),
      fc.tuple(fc.constantFrom(...saved()), fc.nat(), fc.string({ maxLength: 3 })).map(([good, at, put]) => {
        const cut = at % good.length;
        return good.slice(0, cut) + put + good.slice(cut + 1);
      }),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
        for (const each of lines) parseRecord(each);
        const registry = create();
        registry.restore(['["shoal-registry",1]', ...lines], 0);
        registry.expire(1e12);
        assert.equal(registry.stats.swarms, 0);
      }),
      { numRuns: 500 },
    );
  });
});
