import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatDuration,
  formatPercent,
  formatRate,
  formatSize,
  parseRate,
  parseSeconds,
  parseSize,
} from './quantity.ts';

test('sizes and rates are written with three digits at most', () => {
  assert.equal(formatSize(0), '0 B');
  assert.equal(formatSize(999), '999 B');
  assert.equal(formatSize(1000), '1.0 KiB');
  assert.equal(formatSize(16384), '16.0 KiB');
  assert.equal(formatSize(1288490189), '1.2 GiB');
  assert.equal(formatSize(256 * 1024 ** 2), '256 MiB');
  assert.equal(formatSize(1023.9 * 1024 ** 2), '1.0 GiB');
  assert.equal(formatSize(5 * 1024 ** 6), '5120 PiB');
  assert.equal(formatRate(1.5 * 1024 ** 2), '1.5 MiB/s');
});

test('durations keep two units', () => {
  assert.equal(formatDuration(0.4), '0s');
  assert.equal(formatDuration(59.4), '59s');
  assert.equal(formatDuration(59.6), '1m 00s');
  assert.equal(formatDuration(125), '2m 05s');
  assert.equal(formatDuration(3600 * 3 + 610), '3h 10m');
  assert.equal(formatDuration(86400 * 2 + 3600 * 4), '2d 04h');
  assert.equal(formatDuration(Number.POSITIVE_INFINITY), '–');
});

test('a hundred percent is said only of the whole', () => {
  assert.equal(formatPercent(9999, 10000), '99%');
  assert.equal(formatPercent(10000, 10000), '100%');
  assert.equal(formatPercent(0, 0), '100%');
});

test('sizes, rates and seconds are read as written, K being 1024', () => {
  assert.equal(parseSize('0'), 0);
  assert.equal(parseSize('500K'), 512000);
  assert.equal(parseSize('20m'), 20 * 1024 ** 2);
  assert.equal(parseSize('16 KiB'), 16384);
  assert.equal(parseSize('1.5G'), 1.5 * 1024 ** 3);
  assert.equal(parseRate('2MB/s'), 2 * 1024 ** 2);
  for (const bad of ['', 'K', '-1', '1e9', '1,5M', '5X', '0x10', '99999999999999T'])
    assert.equal(parseSize(bad), undefined, bad);
  assert.equal(parseSeconds('90'), 90);
  assert.equal(parseSeconds('5m'), 300);
  assert.equal(parseSeconds('0.5'), 0.5);
  assert.equal(parseSeconds('soon'), undefined);
});
