import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawTable } from './table.ts';
import { LiveArea } from './terminal.ts';
import { width } from './width.ts';

const COLUMNS = [
  { title: 'NAME', shrinks: true },
  { title: 'SIZE', align: 'right' },
] as const;

test('columns line up, wide characters included', () => {
  assert.deepEqual(
    drawTable(COLUMNS, [
      ['a', '12 B'],
      ['音楽', '1.0 GiB'],
    ]),
    ['NAME     SIZE', 'a        12 B', '音楽  1.0 GiB'],
  );
});

test('the column that shrinks gives way, the others stay whole', () => {
  const lines = drawTable(COLUMNS, [['a very long name of a file.iso', '1.0 GiB']], 24);
  assert.equal(lines[1], 'a very long na…  1.0 GiB');
  for (const line of lines) assert.ok(width(line) <= 24, line);
});

test('what is optional is left out where not even the narrowest name leaves room for it, the last first', () => {
  const columns = [
    COLUMNS[0],
    { title: 'STATE' },
    { title: 'UP', optional: true },
    { title: 'LABELS', optional: true },
  ];
  const rows = [['a very long name of a file.iso', 'downloading', '1.0 MiB/s', 'music']];
  const titles = (cells: number) => drawTable(columns, rows, cells)[0]!.split(/ +/);
  assert.deepEqual(titles(40), ['NAME', 'STATE', 'UP', 'LABELS']);
  assert.deepEqual(titles(39), ['NAME', 'STATE', 'UP']);
  assert.deepEqual(titles(32), ['NAME', 'STATE', 'UP']);
  assert.deepEqual(titles(31), ['NAME', 'STATE']);
  assert.equal(drawTable(columns, rows, 10)[1], 'a very …  downloading', 'what says what it is stays');
});

test('a live area takes exactly its own lines back and cuts what would wrap', () => {
  let written = '';
  const area = new LiveArea({ isTTY: true, columns: 30, write: (text: string) => (written += text) });
  area.draw(['one', 'x'.repeat(50)]);
  assert.equal(written, `one\n${'x'.repeat(28)}…\n`);
  written = '';
  area.above('message');
  assert.equal(written, `\x1b[2A\r\x1b[0Jmessage\none\n${'x'.repeat(28)}…\n`);
  written = '';
  area.clear();
  area.clear();
  assert.equal(written, '\x1b[2A\r\x1b[0J');
});
