// The documents point at what exists: every relative link, and every source file they name.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGES = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Links, and file names as the documents write them: below the root or below src/. */
function deadReferences(page: string, text: string): string[] {
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => join(dirname(page), match[1]!));
  const images = [...text.matchAll(/\bsrc(?:set)?="(?!https?:)([^"]+)"/g)].map((match) =>
    join(dirname(page), match[1]!),
  );
  const files = [...text.matchAll(/(?<![\w./-])((?:[a-z-]+\/)+[a-z-]+(?:\.[a-z]+)?\.ts)\b/g)].map((match) => match[1]!);
  return [
    ...[...links, ...images].filter((link) => !existsSync(join(ROOT, link))),
    ...files.filter((file) => !existsSync(join(ROOT, file)) && !existsSync(join(ROOT, 'src', file))),
  ];
}

it('finds what does not exist', () => {
  const text =
    '<img src="gone.png"> see [a](gone.md), [b](../README.md), `src/base/bytes.ts`, `swarm/gone.ts` and https://x.org/a/b.ts';
  assert.deepEqual(deadReferences('docs/X.md', text), ['docs/gone.md', 'docs/gone.png', 'swarm/gone.ts']);
});

for (const page of PAGES)
  it(`${page} points at what exists`, () => {
    assert.deepEqual(deadReferences(page, readFileSync(join(ROOT, page), 'utf8')), []);
  });
