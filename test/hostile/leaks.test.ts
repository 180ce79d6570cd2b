// After hundreds of hostile connections of every kind nothing is left of them: memory does not grow with their number, a
// torrent that was stopped is collected, and sockets, timers, handles and descriptors are as many as before.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

/** Bytes a connection may leave behind on average: what is remembered of it so that it is known again. */
const MOST_LEFT = 4_096;

test('hostile connections of every kind leave nothing behind', async (t) => {
  const main = path.join(import.meta.dirname, 'leaks-main.ts');
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', main], { timeout: 250_000 });
  const report = JSON.parse(stdout) as {
    memory: number[];
    perRound: number;
    collected: boolean;
    handles: string[];
    before: string[];
    descriptors: number;
  };
  const slope = slopeOf(report.memory.slice(4)) / report.perRound;
  t.diagnostic(
    `${report.memory.length * report.perRound} connections, ${Math.round(slope)} bytes each, MiB ${report.memory.map((bytes) => (bytes / 2 ** 20).toFixed(1)).join(' ')}`,
  );
  assert.ok(slope < MOST_LEFT, `each connection leaves ${Math.round(slope)} bytes`);
  assert.ok(report.collected, 'a stopped torrent is still held');
  assert.deepEqual(report.handles.toSorted(), report.before.toSorted());
  assert.ok(report.descriptors <= 0, `${report.descriptors} descriptors are left`);
});

/** The middle one of the slopes between all pairs (Theil, Sen): one round with a collection in it changes nothing. */
function slopeOf(values: readonly number[]): number {
  const slopes: number[] = [];
  for (let i = 0; i < values.length; i++)
    for (let j = i + 1; j < values.length; j++) slopes.push((values[j]! - values[i]!) / (j - i));
  return slopes.toSorted((a, b) => a - b)[slopes.length >> 1]!;
}
