import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawBar, drawStrip } from './strip.ts';

test('one cell a piece when there is room', () => {
  assert.equal(drawStrip(Uint8Array.of(2, 2, 1, 0, 3), 80), '██░·×');
  assert.equal(drawStrip(Uint8Array.of(2, 2, 1, 0, 3), 80, false), '##:.x');
  assert.equal(drawStrip(new Uint8Array(0), 80), '');
});

test('several pieces a cell: full only when all are there, and a piece nobody has is never hidden', () => {
  assert.equal(drawStrip(Uint8Array.of(2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 2, 2, 3), 5), '█▒·░×');
  assert.equal(drawStrip(Uint8Array.of(2, 2, 2, 0), 1), '▓');
  const strip = drawStrip(new Uint8Array(1000).fill(2), 7);
  assert.equal(strip, '███████');
});

test('a bar is exactly as wide as asked and full only at the end', () => {
  assert.equal(drawBar(0, 4), '    ');
  assert.equal(drawBar(0.5, 4), '██  ');
  assert.equal(drawBar(0.999, 4), '███▉');
  assert.equal(drawBar(1, 4), '████');
  assert.equal(drawBar(0.5, 4, false), '##..');
  for (let i = 0; i <= 100; i++) assert.equal(drawBar(i / 100, 13).length, 13);
});
