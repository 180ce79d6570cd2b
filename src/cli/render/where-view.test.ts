import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bitfield } from '../../base/bitfield.ts';
import { describeRarest, drawPeers, rangesOf, sortRows, toRow } from './where-view.ts';

const base = { left: 0, age: 1, session: true };

test('a reporting peer, a seed and a silent peer of another make', () => {
  const reported = Buffer.from(Uint8Array.of(0b11010000)).toString('base64');
  const rows = sortRows([
    toRow(
      { ...base, addresses: ['10.0.0.2:1'], client: 'Shoal 0.1.0', seed: false, have: 3, pieces: reported },
      6,
      600,
    ),
    toRow({ ...base, addresses: [], client: 'aria2\x1b[2J', seed: false, left: 300 }, 6, 600),
    toRow({ ...base, addresses: ['[::1]:9', '1.2.3.4:9'], client: '', seed: true, have: 6 }, 6, 600),
  ]);
  assert.deepEqual(
    rows.map(({ address, share, pieces, ranges }) => ({ address, share, pieces, ranges })),
    [
      { address: '[::1]:9', share: 1, pieces: 6, ranges: [[0, 5]] },
      { address: '', share: 0.5, pieces: undefined, ranges: undefined },
      {
        address: '10.0.0.2:1',
        share: 0.5,
        pieces: 3,
        ranges: [
          [0, 1],
          [3, 3],
        ],
      },
    ],
  );
  assert.deepEqual(drawPeers(rows, 6, 0, true), [
    'ADDRESS                    CLIENT        SHARE  PIECES',
    '[::1]:9                                   seed       6  ██████',
    '(not reachable from here)  aria2\\x1b[2J    50%       –  tells no pieces',
    '10.0.0.2:1                 Shoal 0.1.0     50%       3  ██·█··',
  ]);
});

test('a bitfield of the wrong length is no report', () => {
  const row = toRow({ ...base, addresses: ['a:1'], client: '', seed: false, left: 50, pieces: 'AAAA' }, 6, 100);
  assert.equal(row.ranges, undefined);
  assert.equal(row.share, 0.5);
});

test('ranges join neighbours', () => {
  const pieces = new Bitfield(10);
  for (const piece of [0, 1, 2, 5, 9]) pieces.add(piece);
  assert.deepEqual(rangesOf(pieces), [
    [0, 2],
    [5, 5],
    [9, 9],
  ]);
  assert.deepEqual(rangesOf(new Bitfield(0)), []);
});

test('the rarest pieces in a sentence', () => {
  const reply = {
    infoHash: '',
    pieceCount: 10,
    complete: 1,
    partial: 2,
    unknown: 0,
    min: 1,
    missing: 0,
    histogram: [],
  };
  const rarest = [4, 3, 7].map((piece) => ({ piece, copies: 1 })).concat({ piece: 1, copies: 2 });
  assert.equal(describeRarest({ ...reply, rarest }), 'Rarest pieces, with one copy: 3-4, 7');
  assert.equal(describeRarest({ ...reply, partial: 0, rarest }), 'Every piece has 1 copy.');
  assert.equal(describeRarest({ ...reply, min: 2, complete: 2, partial: 0, rarest: [] }), 'Every piece has 2 copies.');
  assert.equal(describeRarest({ ...reply, missing: 3, rarest }), '3 pieces of 10 are held by nobody.');
  assert.equal(describeRarest({ ...reply, complete: 0, partial: 0, rarest: [] }), 'Nobody shares it now.');
});
