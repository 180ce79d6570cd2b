import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode } from 'uqr';
import { drawQrCode } from './qr-code.ts';

const TEXT = `magnet:?xt=urn:btih:${'0123456789'.repeat(4)}&dn=film.mkv`;

/** Dark modules as a reader sees them: `lit` says whether what is drawn is light. */
function modulesOf(lines: readonly string[], lit: boolean): boolean[][] {
  return lines.flatMap((line) => {
    const cells = [...line.replace(/\x1b\[[\d;]*m/g, '')];
    const upper = cells.map((cell) => (cell === '█' || cell === '▀') !== lit);
    const lower = cells.map((cell) => (cell === '█' || cell === '▄') !== lit);
    return [upper, lower];
  });
}

function cutOut(modules: readonly boolean[][], margin: number, size: number): boolean[][] {
  return modules.slice(margin, margin + size).map((row) => row.slice(margin, margin + size));
}

describe('QR code', () => {
  const { size, data } = encode(TEXT, { ecc: 'L', border: 0 });

  it('has every module where it belongs, with a light margin all around', () => {
    for (const colors of [true, false])
      for (const [rows, margin] of [
        [100, 4],
        [Math.ceil((size + 4) / 2), 2],
      ] as const) {
        const lines = drawQrCode(TEXT, { columns: 200, rows, colors });
        const modules = modulesOf(lines, !colors);
        assert.deepEqual(cutOut(modules, margin, size), data);
        const inside = cutOut(modules, margin, size).flat().filter(Boolean).length;
        assert.equal(modules.flat().filter(Boolean).length, inside, 'nothing dark in the margin');
        assert.ok(modules.length >= size + 2 * margin);
        assert.ok(modules.every((row) => row.length === size + 2 * margin));
      }
  });

  it('says black on white itself, and nothing of colours where none are wanted', () => {
    for (const line of drawQrCode(TEXT, { columns: 200, rows: 100, colors: true }))
      assert.match(line, /^\x1b\[38;5;16;48;5;231m[ █▀▄]+\x1b\[0m$/);
    for (const line of drawQrCode(TEXT, { columns: 200, rows: 100, colors: false })) assert.match(line, /^[ █▀▄]+$/);
  });

  it('is left out where it does not fit', () => {
    const side = size + 4;
    assert.equal(
      drawQrCode(TEXT, { columns: side, rows: Math.ceil(side / 2), colors: true }).length,
      Math.ceil(side / 2),
    );
    assert.deepEqual(drawQrCode(TEXT, { columns: side - 1, rows: 100, colors: true }), []);
    assert.deepEqual(drawQrCode(TEXT, { columns: 200, rows: Math.floor((side - 1) / 2), colors: true }), []);
    assert.deepEqual(drawQrCode(TEXT, { columns: 0, rows: 0, colors: true }), []);
    assert.deepEqual(drawQrCode('x'.repeat(10_000), { columns: 1000, rows: 1000, colors: true }), []);
  });
});
