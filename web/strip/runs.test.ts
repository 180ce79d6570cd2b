import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cellsOf, FULL, levelOf, PIECE_STATES, restOf, shrinkCells } from '../../src/api/strip-cells.ts';
import { changesOf, type Run, runsOf } from './runs.ts';

const { missing, arriving, have, nowhere } = PIECE_STATES;
const show = (pieces: readonly number[], width: number): Run[] =>
  runsOf(cellsOf(Uint8Array.from(pieces), width), width);

describe('a strip', () => {
  it('shows each piece where there is room for it', () => {
    assert.deepEqual(show([have, missing, arriving, nowhere], 8), [
      { from: 0, to: 2, level: 4, rest: 'missing' },
      { from: 2, to: 4, level: 0, rest: 'missing' },
      { from: 4, to: 6, level: 0, rest: 'arriving' },
      { from: 6, to: 8, level: 0, rest: 'nowhere' },
    ]);
  });

  it('is one run when all pieces are the same', () => {
    assert.deepEqual(show(Array(5000).fill(have), 160), [{ from: 0, to: 160, level: 4, rest: 'missing' }]);
    assert.deepEqual(show(Array(3).fill(missing), 160), [{ from: 0, to: 160, level: 0, rest: 'missing' }]);
  });

  it('never hides the one piece that nobody has, nor that one is missing', () => {
    const pieces = Array<number>(10_000).fill(have);
    pieces[7777] = nowhere;
    const telling = show(pieces, 100).filter(({ level }) => level < 4);
    assert.deepEqual(telling, [{ from: 77, to: 78, level: 3, rest: 'nowhere' }]);
    pieces[7777] = missing;
    assert.equal(show(pieces, 100).length, 3);
  });

  it('shows that something is here, however little', () => {
    const pieces = Array<number>(10_000).fill(missing);
    pieces[5] = have;
    assert.deepEqual(show(pieces, 10)[0], { from: 0, to: 1, level: 1, rest: 'missing' });
  });

  it('covers its width without gaps, for any map, and has no two equal neighbours', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(missing, arriving, have, nowhere), { minLength: 1, maxLength: 2000 }),
        fc.integer({ min: 1, max: 400 }),
        (pieces, width) => {
          const runs = show(pieces, width);
          assert.equal(runs[0]!.from, 0);
          assert.equal(runs.at(-1)!.to, width);
          for (const [index, run] of runs.entries()) {
            assert.ok(run.to > run.from);
            const next = runs[index + 1];
            if (next === undefined) continue;
            assert.equal(next.from, run.to);
            assert.ok(next.level !== run.level || next.rest !== run.rest);
          }
          const complete = pieces.every((state) => state === have);
          assert.equal(
            runs.every(({ level }) => level === 4),
            complete,
          );
          assert.equal(
            runs.some(({ rest }) => rest === 'nowhere'),
            pieces.includes(nowhere),
          );
        },
      ),
    );
  });

  it('says the same of a map that was made small before', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(missing, have, nowhere), { minLength: 512, maxLength: 2000 }), (pieces) => {
        const small = shrinkCells(cellsOf(Uint8Array.from(pieces), 256), 32);
        const straight = cellsOf(Uint8Array.from(pieces), 32);
        for (const [at, cell] of small.entries()) {
          assert.equal(levelOf(cell) === FULL, straight[at] === FULL << 2 || levelOf(cell) === FULL);
          assert.ok(Math.abs(levelOf(cell) - levelOf(straight[at]!)) <= FULL / 3);
          if (levelOf(cell) < FULL && restOf(straight[at]!) === 0) assert.notEqual(restOf(cell), arriving);
        }
      }),
    );
  });

  it('knows what has changed in it, and that nothing has', () => {
    const runs = show([have, missing], 10);
    assert.deepEqual(changesOf(runs, show([have, missing], 10)), []);
    assert.deepEqual(changesOf(runs, show([have, nowhere], 10)), [{ from: 5, to: 10, level: 0, rest: 'nowhere' }]);
    assert.deepEqual(changesOf(show([missing, missing, have, arriving], 8), show([missing, have, have, have], 8)), [
      { from: 2, to: 4, level: 4, rest: 'missing' },
      { from: 6, to: 8, level: 4, rest: 'missing' },
    ]);
    assert.deepEqual(changesOf([], runs), runs);
  });

  it('becomes the new picture when the changes are drawn over the old one', () => {
    const states = fc.array(fc.constantFrom(missing, arriving, have, nowhere), { minLength: 40, maxLength: 40 });
    const pixels = (runs: readonly Run[], into: string[] = []): string[] => {
      for (const { from, to, level, rest } of runs) into.fill(`${level} ${rest}`, from, to);
      return into;
    };
    fc.assert(
      fc.property(states, states, (before, after) => {
        const [was, now] = [show(before, 100), show(after, 100)];
        const blank = (): string[] => Array<string>(100).fill('');
        assert.deepEqual(pixels(changesOf(was, now), pixels(was, blank())), pixels(now, blank()));
      }),
    );
  });
});
