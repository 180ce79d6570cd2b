// The walls hold: no room imports from a room below it, no file is part of a circle, the pure rooms stay pure. The check
// itself is tried on made-up sources first, because a check that cannot fail shows nothing.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tokenize } from './walls/tokens.ts';
import { checkWalls, formatViolation } from './walls/walls.ts';
import { checkPage } from './walls/web.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Rules broken by these sources, as `file:line rule`. */
function broken(sources: Record<string, string>): string[] {
  return checkWalls(new Map(Object.entries(sources))).map(({ file, line, rule }) => `${file}:${line} ${rule}`);
}

const SWARM = { 'src/swarm/picker.ts': 'export const pick = 1;\n' };

describe('wall check', () => {
  it('lets a room import from itself and from those before it', () => {
    assert.deepEqual(
      broken({
        'src/base/bytes.ts': 'export const a = 1;',
        'src/base/other.ts': "import { a } from './bytes.ts'; export const b = a;",
        'src/protocol/x.ts': "import type { a } from '../base/bytes.ts';\nexport { b } from '../base/other.ts';",
        'src/cli/main.ts':
          "await import('../protocol/x.ts'); import { join } from 'node:path'; setTimeout(() => {}, Date.now());",
      }),
      [],
    );
  });

  for (const [what, line] of [
    ['a value import', "import { pick } from '../swarm/picker.ts';"],
    ['an import for effect', "import '../swarm/picker.ts';"],
    ['a type import', "import type { pick } from '../swarm/picker.ts';"],
    ['an inline type import', "import { type pick } from '../swarm/picker.ts';"],
    ['a type taken from a file', "type P = typeof import('../swarm/picker.ts');"],
    ['a re-export', "export { pick } from '../swarm/picker.ts';"],
    ['a whole re-export', "export * as swarm from '../swarm/picker.ts';"],
    ['a dynamic import', "const a = import('../swarm/picker.ts');"],
    ['a dynamic import by template', 'const a = import(`../swarm/picker.ts`);'],
    ['a worker', "const u = new URL('../swarm/picker.ts', import.meta.url);"],
    ['a worker by its published name', "const u = new URL('../swarm/picker.js', import.meta.url);"],
    ['a worker with a computed ending', 'const u = new URL(`../swarm/picker.${ending}`, import.meta.url);'],
    [
      'a worker chosen at run time',
      "const u = new URL(ts ? '../swarm/picker.ts' : '../swarm/picker.js', import.meta.url);",
    ],
  ] as const) {
    it(`refuses ${what} of a room below`, () => {
      const found = broken({ ...SWARM, 'src/protocol/x.ts': `// first line\n${line}\n` });
      assert.deepEqual([...new Set(found)], ['src/protocol/x.ts:2 upward']);
    });
  }

  it('holds test files to the walls, but not to purity', () => {
    assert.deepEqual(
      broken({
        ...SWARM,
        'src/protocol/x.test.ts':
          "import assert from 'node:assert';\nimport fc from 'fast-check';\nimport '../../test/harness/a.ts';\nawait Promise.resolve(Date.now());\nimport { pick } from '../swarm/picker.ts';",
      }),
      ['src/protocol/x.test.ts:5 upward'],
    );
  });

  it('finds circles of any length, type imports included', () => {
    assert.deepEqual(broken({ 'src/io/a.ts': "import './a.ts';" }), ['src/io/a.ts:1 cycle']);
    assert.deepEqual(
      broken({
        'src/io/c.ts': "import type { A } from './a.ts';",
        'src/io/b.ts': "import './c.ts';",
        'src/io/a.ts': "\nimport './b.ts';",
        'src/io/before.ts': "import './b.ts';",
      }),
      ['src/io/a.ts:2 cycle'],
    );
    const [violation] = checkWalls(
      new Map([
        ['src/io/b.ts', "import './a.ts';"],
        ['src/io/a.ts', "import './b.ts';"],
      ]),
    );
    assert.equal(
      formatViolation(violation!),
      'src/io/a.ts:1: [cycle] imports in a circle: src/io/a.ts -> src/io/b.ts -> src/io/a.ts',
    );
  });

  it('keeps Node out of the pure rooms and of api', () => {
    for (const room of ['base', 'protocol', 'swarm', 'dht', 'registry', 'api'])
      for (const name of ['node:fs', 'fs', 'node:test'])
        assert.deepEqual(broken({ [`src/${room}/x.ts`]: `import { a } from '${name}';` }), [`src/${room}/x.ts:1 node`]);
    assert.deepEqual(broken({ 'src/io/x.ts': "import { a } from 'node:fs';" }), []);
    assert.deepEqual(broken({ 'src/api/x.ts': "import { Type } from 'typebox';" }), []);
    assert.deepEqual(broken({ 'src/protocol/x.ts': "import { Type } from 'typebox';" }), [
      'src/protocol/x.ts:1 package',
    ]);
  });

  it('refuses clock, chance and waiting in the pure rooms', () => {
    for (const code of [
      'const now = Date.now();',
      'const now = new Date();',
      'const r = Math.random();',
      "const r = Math['random']();",
      'const { random } = Math;',
      'const r = globalThis.Math.random();',
      "const r = globalThis['Date'];",
      'export async function f() {}',
      'const f = async () => 1;',
      'let p: Promise<void>;',
      'for await (const x of y) {}',
      'setTimeout(f, 1);',
      'globalThis.setTimeout(f, 1);',
      'const f = `${Date.now()}`;',
    ]) {
      const found = broken({ 'src/swarm/x.ts': `// Date, Promise\n${code}` });
      assert.ok(found.length > 0 && found.every((line) => line === 'src/swarm/x.ts:2 effect'), `${code}: ${found}`);
      assert.deepEqual(broken({ 'src/engine/x.ts': code }), [], code);
    }
  });

  it('is not misled by comments, strings, regular expressions, templates and members', () => {
    const source = [
      '/* Date Promise async',
      " import '../cli/main.ts' */ // setTimeout",
      "const a = 'Date.now()' + \"await import('../cli/main.ts')\" + `Promise ${a} \\` async`;",
      'const b = /Date "\' [/`] async/.test(c) ? a / b / c : announce.Date;',
      'const d = { async: 1, Date: 2, creationDate: 3 }; d.async; this.Promise; Math.max(1, 2);',
      'export const from = 1;',
    ].join('\n');
    assert.deepEqual(broken({ 'src/base/x.ts': source, 'src/cli/main.ts': '' }), []);
  });

  it('refuses what it cannot follow', () => {
    assert.deepEqual(broken({ 'src/cli/x.ts': 'await import(name);' }), ['src/cli/x.ts:1 computed']);
    assert.deepEqual(broken({ 'src/cli/x.ts': 'await import(`./${name}.ts`);' }), ['src/cli/x.ts:1 computed']);
    assert.deepEqual(broken({ 'src/io/x.ts': 'new Worker(new URL(name, import.meta.url));' }), [
      'src/io/x.ts:1 computed',
    ]);
    assert.deepEqual(broken({ 'src/io/x.ts': "import './gone.ts';" }), ['src/io/x.ts:1 missing']);
    assert.deepEqual(broken({ 'src/io/x.ts': "import '../../test/a.ts';" }), ['src/io/x.ts:1 outside']);
    assert.deepEqual(broken({ 'src/io/x.ts': "new URL('../../package.json', import.meta.url);" }), []);
    assert.deepEqual(broken({ 'src/other/x.ts': '' }), ['src/other/x.ts:1 room']);
  });

  it('allows barrels only as entries of the package', () => {
    assert.deepEqual(broken({ 'src/io/index.ts': '' }), ['src/io/index.ts:1 barrel']);
    assert.deepEqual(broken({ 'src/engine/index.ts': '', 'src/cli/x.ts': "import '../engine/index.ts';" }), [
      'src/cli/x.ts:1 barrel',
    ]);
  });

  it('lets the page import what is pure, the API and its own files, and no other', () => {
    const page = (line: string) => checkPage(new Map([['web/app/x.tsx', `// first\n${line}\n`]]));
    for (const line of [
      "import { a } from './b.ts';",
      "import '../style/base.css';",
      "import type { a } from '../../src/api/b.ts';",
      "import { a } from '../../src/base/b.ts';",
      "import { a } from '../../src/protocol/b.ts';",
      "import { useState } from 'preact/hooks';",
      "const load = () => import('../view.tsx');",
    ])
      assert.deepEqual(page(line), [], line);
    for (const line of [
      "import type { a } from '../../src/engine/b.ts';",
      "import { a } from '../../src/daemon/b.ts';",
      "import {\n  a,\n} from '../../src/io/b.ts';",
      "import { a } from '../../test/harness/b.ts';",
      "import { a } from 'node:fs';",
      "import { a } from 'fs';",
      "import { a } from 'fastify';",
      "const load = () => import('../../src/engine/b.ts');",
      "new Worker(new URL('../../src/engine/b.ts', import.meta.url));",
      "export { a } from '../../src/swarm/b.ts';",
      "import { a } from './b';",
    ])
      assert.equal(page(line).length, 1, line);
  });

  it('counts lines through everything that spans lines', () => {
    const source = "/*\n*/\n`\n${\n'x'}`\nlast";
    assert.deepEqual(tokenize(source).at(-1), { kind: 'name', text: 'last', line: 6 });
  });
});

describe('the house', () => {
  const sources = new Map<string, string>();
  for (const name of readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }))
    if (name.endsWith('.ts'))
      sources.set(`src/${name.split(sep).join('/')}`, readFileSync(join(ROOT, 'src', name), 'utf8'));

  it('has rooms to look at', () => {
    for (const room of ['base', 'protocol', 'engine'])
      assert.ok(
        [...sources.keys()].some((file) => file.startsWith(`src/${room}/`)),
        room,
      );
  });

  it('keeps its walls', () => {
    const violations = checkWalls(sources).map(formatViolation);
    assert.equal(violations.join('\n'), '');
  });

  it('keeps the page to what may reach a browser', () => {
    const page = new Map<string, string>();
    for (const name of readdirSync(join(ROOT, 'web'), { recursive: true, encoding: 'utf8' }))
      if (/\.tsx?$/.test(name) && !/\.(test|config|d)\.ts$/.test(name))
        page.set(`web/${name.split(sep).join('/')}`, readFileSync(join(ROOT, 'web', name), 'utf8'));
    assert.ok(page.has('web/main.tsx'));
    assert.equal(checkPage(page).join('\n'), '');
  });
});
