import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chooseActive, hasSeededEnough } from './queue.ts';

const queued = (position: number, complete: boolean) => ({ position, complete });

test('the first of each kind run, and 0 is no limit', () => {
  const torrents = [queued(3, false), queued(1, false), queued(2, true), queued(0, true), queued(4, true)];
  const positions = (activeDownloads: number, activeSeeds: number) =>
    [...chooseActive(torrents, { activeDownloads, activeSeeds })].map(({ position }) => position).sort();
  assert.deepEqual(positions(1, 2), [0, 1, 2]);
  assert.deepEqual(positions(0, 1), [0, 1, 3]);
  assert.deepEqual(positions(1, 0), [0, 1, 2, 4]);
  assert.deepEqual(positions(0, 0), [0, 1, 2, 3, 4]);
});

test('nobody waits while somebody behind of the same kind runs', () => {
  const torrent = fc.record({ position: fc.integer({ min: -50, max: 50 }), complete: fc.boolean() });
  fc.assert(
    fc.property(fc.array(torrent), fc.nat(8), fc.nat(8), (torrents, activeDownloads, activeSeeds) => {
      const active = chooseActive(torrents, { activeDownloads, activeSeeds });
      for (const complete of [true, false]) {
        const kind = torrents.filter((each) => each.complete === complete);
        const limit = complete ? activeSeeds : activeDownloads;
        const running = kind.filter((each) => active.has(each));
        assert.equal(running.length, limit === 0 ? kind.length : Math.min(limit, kind.length));
        const last = Math.max(...running.map(({ position }) => position));
        for (const each of kind) if (!active.has(each)) assert.ok(each.position >= last);
      }
    }),
  );
});

test('a seed has given enough at the first of its goals', () => {
  const record = { uploaded: 150, size: 100, seeded: 60, idle: 30 };
  const none = { ratio: null, seedTime: null, idleTime: null };
  for (const [limits, enough] of [
    [{}, false],
    [{ ratio: 1.5 }, true],
    [{ ratio: 1.51 }, false],
    [{ ratio: 0 }, true],
    [{ seedTime: 60 }, true],
    [{ seedTime: 61, idleTime: 31 }, false],
    [{ seedTime: 61, idleTime: 30 }, true],
  ] as const)
    assert.equal(hasSeededEnough(record, { ...none, ...limits }), enough, JSON.stringify(limits));
});
