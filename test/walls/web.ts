// What the page may import: its own files, what is pure, the API's shapes and client, and the few packages that are made for
// browsers. JSX is no text the tokenizer of the other walls can read, so this looks for the words that import alone.

import { posix } from 'node:path';

const ROOMS = /^src\/(api|base|protocol)\//;
const PACKAGES = new Set(['preact', 'preact/hooks', 'uplot', 'uqr', 'uplot/dist/uPlot.min.css']);
/** The string of every import, re-export, dynamic import and worker, as a formatter writes them. */
const IMPORTS = [
  /^(?:import|export)\b[^'"();]*?\bfrom '([^']+)'/gm,
  /^import '([^']+)'/gm,
  /\bimport\(\s*'([^']+)'/g,
  /\bnew URL\(\s*'([^']+)',\s*import\.meta\.url/g,
];

/** One line a violation. Keys are paths from the root, such as `web/app/app.tsx`. */
export function checkPage(sources: ReadonlyMap<string, string>): string[] {
  const violations: string[] = [];
  for (const [file, source] of sources)
    for (const pattern of IMPORTS)
      for (const match of source.matchAll(pattern)) {
        const specifier = match[1]!;
        const line = source.slice(0, match.index).split('\n').length;
        if (!isAllowed(file, specifier)) violations.push(`${file}:${line}: the page must not import ${specifier}`);
      }
  return violations;
}

function isAllowed(file: string, specifier: string): boolean {
  if (!specifier.startsWith('.')) return PACKAGES.has(specifier);
  const target = posix.normalize(posix.join(posix.dirname(file), specifier));
  return /\.(tsx?|css)$/.test(target) && (target.startsWith('web/') || ROOMS.test(target));
}
