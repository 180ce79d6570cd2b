import assert from 'node:assert/strict';
import test from 'node:test';
import { parseRange } from './byte-range.ts';

test('a range is what RFC 9110 makes of it', () => {
  for (const [header, expected] of [
    [undefined, 'whole'],
    ['bytes=0-0', { start: 0, end: 1 }],
    ['bytes=0-', { start: 0, end: 1000 }],
    ['BYTES= 5-9 ', { start: 5, end: 10 }],
    ['bytes=999-', { start: 999, end: 1000 }],
    ['bytes=900-99999', { start: 900, end: 1000 }],
    ['bytes=900-99999999999999999999999', { start: 900, end: 1000 }],
    ['bytes=000000000000000000005-000000000000000000009', { start: 5, end: 10 }],
    ['bytes=-1', { start: 999, end: 1000 }],
    ['bytes=-5000', { start: 0, end: 1000 }],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=1000-', 'unsatisfiable'],
    ['bytes=99999999999999999999-', 'unsatisfiable'],
    ['bytes=0-1,5-9', 'unsatisfiable'],
    [`bytes=${'0-,'.repeat(5000)}0-`, 'unsatisfiable'],
    ['bytes=9-5', 'whole'],
    ['bytes=', 'whole'],
    ['bytes=-', 'whole'],
    ['bytes=a-b', 'whole'],
    ['bytes=1-2-3', 'whole'],
    ['bytes=--1', 'whole'],
    ['bytes=1e2-', 'whole'],
    ['items=0-5', 'whole'],
    ['0-5', 'whole'],
    ['', 'whole'],
  ] as const)
    assert.deepEqual(parseRange(header, 1000), expected, header?.slice(0, 40));
});

test('nothing has no part', () => {
  for (const header of ['bytes=0-', 'bytes=0-0', 'bytes=-1'])
    assert.equal(parseRange(header, 0), 'unsatisfiable', header);
  assert.equal(parseRange(undefined, 0), 'whole');
});
