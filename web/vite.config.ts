// How the page is built: one script for the shell, one for each view that is opened later, everything by name of its content
// and compressed beforehand. Nothing is inlined, so that the content policy can forbid it.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/** What both pages and most views need, as one file: many small ones compress worse. Following a daemon is no part of it. */
const BASE =
  /preact|\/web\/(format|strip|list)\/|\/web\/data\/(store|poll|preferences|figures)|\/web\/app\/(route|icons|lazy|notices|search)\.|\/src\/base\/(errors|quantity|utf8)|strip-cells|http-call|preload-helper/;
/** What the daemon's page always has. */
const SHELL = /\/web\/(data\/(feed|strips|api)\.|player\/(player|media-kind)\.|app\/dialog|transfers\/limit-text)/;
const COMPRESSED = /\.(js|css|html|svg)$/;

/** Writes NAME.br and NAME.gz beside what is worth it. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    writeBundle({ dir = '' }) {
      for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
        if (!COMPRESSED.test(name)) continue;
        const bytes = readFileSync(join(dir, name));
        const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
        writeFileSync(join(dir, `${name}.br`), brotliCompressSync(bytes, { params }));
        writeFileSync(join(dir, `${name}.gz`), gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

/** What endpoints do is said to people in the API's own document; the page only calls them. */
function withoutSummaries(): Plugin {
  return {
    name: 'without-summaries',
    transform(code, id) {
      if (!/\/src\/api\/[\w-]*endpoints\.ts$/.test(id)) return undefined;
      return { code: code.replace(/\bsummary:\s*(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"),?/g, ''), map: null };
    },
  };
}

/** The library of graphs hangs on itself, for callers by name, all ways to draw a line; the page draws straight ones. */
function straightLinesOnly(): Plugin {
  return {
    name: 'straight-lines-only',
    transform(code, id) {
      if (!id.endsWith('/uPlot.esm.js')) return undefined;
      return {
        code: code.replace(/^\s*(?:\(paths\.(?:stepped|bars|spline)|uPlot\.(?!paths)\w+)\s*=.*$/gm, ''),
        map: null,
      };
    },
  };
}

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  logLevel: 'warn',
  plugins: [withoutSummaries(), straightLinesOnly(), compressed()],
  worker: { format: 'es', plugins: () => [withoutSummaries()] },
  build: {
    rollupOptions: {
      input: [
        fileURLToPath(new URL('index.html', import.meta.url)),
        fileURLToPath(new URL('tracker.html', import.meta.url)),
        fileURLToPath(new URL('api.html', import.meta.url)),
      ],
      output: {
        codeSplitting: {
          groups: [
            { name: 'base', test: BASE },
            { name: 'shell', test: SHELL },
          ],
        },
      },
    },
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2023',
    // The first ones with light-dark(): what would stand in for it is longer than both themes.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
