import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseAddress } from '../base/endpoint.ts';
import { Registry } from '../registry/registry.ts';
import { AnnounceCounters, TrackerMetrics } from './metrics.ts';
import { TrackerSessions } from './sessions.ts';

const clock = { now: () => 0, epoch: () => 0 };

function create() {
  const registry = new Registry({ open: true }, Math.random);
  const sessions = new TrackerSessions(registry, clock);
  const announces = new AnnounceCounters();
  const metrics = new TrackerMetrics({ registry, sessions, announces, files: () => 3, connections: () => 2 });
  return { registry, announces, metrics };
}

const SAMPLE = /^([a-z_]+)(\{[a-z_]+="[^"\n]*"\})? (\d+(\.\d+)?(e[+-]\d+)?)$/;

it('writes the exposition format: each family announced once, each sample well formed', () => {
  const { metrics } = create();
  const text = metrics.render();
  assert.ok(text.endsWith('\n'));
  const types = new Map<string, string>();
  for (const line of text.trimEnd().split('\n')) {
    const [, keyword, name, rest] = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line) ?? [];
    if (keyword === 'TYPE') {
      assert.ok(!types.has(name!), name);
      types.set(name!, rest!);
    } else if (keyword === undefined) {
      const [, sample] = SAMPLE.exec(line) ?? assert.fail(line);
      assert.ok(types.has(sample!.replace(/_(bucket|sum|count)$/, '')) || types.has(sample!), line);
    }
  }
  assert.equal(types.get('shoal_announces_total'), 'counter');
});

it('has as many lines after a flood as before', () => {
  const { metrics, registry } = create();
  const before = metrics.render().split('\n').length;
  for (let i = 0; i < 1000; i++) {
    const infoHash = i.toString(16).padStart(40, '0');
    registry.announce(
      { infoHash, peerId: new Uint8Array(20), port: 1, left: i % 2, event: '', numwant: 0 },
      { address: parseAddress('8.8.8.8')! },
      0,
    );
  }
  const text = metrics.render();
  assert.equal(text.split('\n').length, before);
  assert.match(text, /^shoal_swarms 1000$/m);
  assert.match(text, /^shoal_peers\{role="seed"\} 500$/m);
});

it('counts a latency in every bucket that holds it', () => {
  const { metrics, announces } = create();
  for (const seconds of [0.00005, 0.003, 0.003, 5]) announces.seconds.observe(seconds);
  const text = metrics.render();
  for (const [le, count] of Object.entries({ '0.0001': 1, '0.0025': 1, '0.005': 3, '0.1': 3, '+Inf': 4 }))
    assert.ok(text.includes(`shoal_announce_seconds_bucket{le="${le}"} ${count}\n`), le);
  assert.match(text, /^shoal_announce_seconds_count 4$/m);
});
