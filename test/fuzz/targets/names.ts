// File names and catalog names: safe, the same when judged twice, and different from each other when all is said.

import assert from 'node:assert/strict';
import path from 'node:path';
import { printable } from '../../../src/base/printable.ts';
import { decodeUtf8, encodeUtf8, isUtf8 } from '../../../src/base/utf8.ts';
import {
  catalogName,
  confusableSkeleton,
  foldComponent,
  MAX_NAME_BYTES,
  sanitizeComponent,
  sanitizeName,
  windowsName,
} from '../../../src/protocol/names.ts';
import { makeUnique } from '../../../src/protocol/unique-paths.ts';
import { accept, type FuzzTarget, note, utf8 } from '../oracle.ts';

/** Deeper paths are refused before their components are made different. */
const MAX_DEPTH = 100;

export const names: FuzzTarget = {
  name: 'names',
  maxLength: 65_536,
  seeds: utf8(
    'a.txt',
    'A.TXT',
    '..',
    'a/b/c',
    'a\nA\nb',
    'con',
    'com1.tar.gz',
    'x.',
    'x ',
    'e\u0301\n\u00e9',
    'a\u200db',
    '\u202egpj.exe',
    '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
    '\u{1f3f4}\u{e0067}\u{e0062}\u{e007f}',
    'क्\u200dष',
    `${'ü'.repeat(150)}.tar.gz`,
    'C:',
    'a\0b',
    'ǆ\nǅ\nǄ',
    'ﬁ\nfi',
    'ς\nσ\nΣ',
    'İ\ni̇',
    'ß\nẞ\nss',
    'a\na.1\na/b\na.1/c',
  ),
  tokens: utf8(
    '/',
    '\\',
    '.',
    '..',
    '\n',
    '\u200d',
    '\u200c',
    '\u202e',
    '\u0301',
    'con',
    '.1',
    ' ',
    '\u{1f3f4}',
    '\u{e0061}',
    '\u{e007f}',
    '\ufeff',
    '\u0130',
    ':',
  ),
  fuzz(bytes) {
    const text = Buffer.from(bytes).toString('utf8');
    assert.equal(decodeUtf8(encodeUtf8(text)), text);
    assert.equal(isUtf8(bytes), Buffer.compare(encodeUtf8(decodeUtf8(bytes)), bytes) === 0);
    const lines = text.split('\n').slice(0, 200);
    for (const line of lines) {
      const safe = sanitizeComponent(line);
      assert.equal(sanitizeComponent(safe), safe, 'not idempotent');
      assert.ok(safe === '' || path.posix.join('/r', safe) === `/r/${safe}`, `${JSON.stringify(safe)} leaves`);
      assert.ok(Buffer.byteLength(safe) <= MAX_NAME_BYTES && safe.isWellFormed());
      assert.ok(!/[\u0000-\u001f\u007f-\u009f/\\\u202a-\u202e\u2066-\u2069]/.test(safe));
      const name = sanitizeName(line);
      assert.equal(sanitizeName(name), name);
      if (safe !== '') {
        const windows = windowsName(safe);
        assert.equal(windowsName(windows), windows, 'not idempotent for Windows');
        assert.ok(!/[<>:"|?*]|[. ]$/.test(windows));
        assert.equal(foldComponent(foldComponent(safe)), foldComponent(safe));
      }
      const catalog = accept('ERR_NAME', () => catalogName(line));
      if (catalog !== undefined) {
        assert.equal(catalogName(catalog), catalog);
        assert.ok(Buffer.byteLength(catalog) <= MAX_NAME_BYTES);
      }
      confusableSkeleton(line);
      assert.ok(!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(printable(line)));
    }
    const paths = lines
      .map((line) =>
        line
          .split('/')
          .map(sanitizeComponent)
          .filter((part) => part !== ''),
      )
      .filter((parts) => parts.length > 0 && parts.length <= MAX_DEPTH);
    const unique = accept('ERR_METAINFO', () => makeUnique(paths));
    if (unique === undefined) return;
    note(`${unique.renamedFiles} ${unique.renamedFolders} ${unique.shortened}`);
    assert.equal(unique.paths.length, paths.length);
    const files = new Set<string>();
    const folders = new Set<string>();
    for (const parts of unique.paths) {
      assert.ok(parts.every((part) => part !== '' && Buffer.byteLength(part) <= MAX_NAME_BYTES));
      const folded = parts.map(foldComponent);
      assert.ok(!files.has(folded.join('/')), `${parts.join('/')} occurs twice`);
      files.add(folded.join('/'));
      for (let i = 1; i < folded.length; i++) folders.add(folded.slice(0, i).join('/'));
    }
    for (const folder of folders) assert.ok(!files.has(folder), `${folder} is a file and a folder`);
    assert.deepEqual(makeUnique(unique.paths).paths, unique.paths, 'not idempotent');
  },
};
