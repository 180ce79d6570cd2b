import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeColumn, piecesOf, rarestOf, rowsOf, runsOfRow, shareOf } from './swarm-rows.ts';

const SWARM = {
  pieceCount: 10,
  pieceGroups: 4,
  own: [255, 0, 0, 128],
  rows: [
    { address: '10.0.0.9:1', client: 'B', outgoing: true, have: [255, 255, 0, 255] },
    { address: '10.0.0.7:1', client: 'A', outgoing: false, have: [255, 128, 0, 255] },
  ],
  copies: [3, 1, 0, 2],
};

describe('the picture of a swarm', () => {
  it('has the daemon first, then peers by address', () => {
    assert.deepEqual(
      rowsOf(SWARM).map(({ key }) => key),
      ['', '10.0.0.7:1', '10.0.0.9:1'],
    );
  });

  it('marks the rarest columns, and none when all are equally rare', () => {
    assert.deepEqual(rarestOf(SWARM), { columns: [2], copies: 0 });
    assert.deepEqual(rarestOf({ ...SWARM, copies: [1, 1, 1, 1] }), { columns: [], copies: 1 });
  });

  it('names every piece in exactly one column', () => {
    assert.deepEqual(
      [0, 1, 2, 3].map((column) => piecesOf(column, SWARM)),
      ['pieces 0 to 1', 'pieces 2 to 4', 'pieces 5 to 6', 'pieces 7 to 9'],
    );
    assert.equal(piecesOf(9, { ...SWARM, pieceGroups: 10 }), 'piece 9');
  });

  it('says a column in words', () => {
    assert.equal(
      describeColumn(1, SWARM),
      'pieces 2 to 4: whole with 1 of 3, and some of them with 1 more; 1 copy at least.',
    );
    assert.equal(describeColumn(2, SWARM), 'pieces 5 to 6: whole with 0 of 3; one of them is with nobody.');
  });

  it('never shows almost all as all, nor almost nothing as nothing', () => {
    assert.deepEqual(runsOfRow([255, 255, 254, 1, 0]), [
      { from: 0, to: 2, level: 7 },
      { from: 2, to: 3, level: 6 },
      { from: 3, to: 4, level: 1 },
      { from: 4, to: 5, level: 0 },
    ]);
    assert.equal(shareOf({ key: '', title: '', client: '', have: [255, 255, 254] }), '99%');
  });
});
