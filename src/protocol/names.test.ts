import assert from 'node:assert/strict';
import { posix, win32 } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ShoalError } from '../base/errors.ts';
import { encodeUtf8 } from '../base/utf8.ts';
import {
  catalogName,
  confusableSkeleton,
  foldComponent,
  sanitizeComponent,
  sanitizeName,
  windowsName,
} from './names.ts';
import { makeUnique } from './unique-paths.ts';

/** Names that people use and that must come through unchanged. */
const HONEST = [
  'file.tar.gz',
  '.hidden',
  '...',
  ' leading and trailing ',
  '-rf',
  '~root',
  'Ünïcödé Ñandú.txt',
  'e\u0301 decomposed',
  'Война и мир.fb2',
  'Ελληνικά ΟΔΟΣ',
  '日本語のファイル名.txt',
  '辻\u{e0100}さん',
  '한국어',
  'العربية.pdf',
  'עברית',
  'می\u200cخواهم.txt',
  'क्\u200dष और क्\u200cष',
  'ශ්\u200dරී ලංකා',
  'മലയാളം ന്\u200d',
  'ไทย',
  'ᠮᠣᠩᠭᠣᠯ\u180b',
  '🎉🎊',
  '👨\u200d👩\u200d👧\u200d👦 family.jpg',
  '👩🏽\u200d🚀.png',
  '❤\ufe0f\u200d🔥',
  '🏳\ufe0f\u200d🌈',
  '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}',
  '1\ufe0f\u20e3',
  '12:30 why? <yes> "no" a|b *.log',
  `${'ж'.repeat(125)}.mkv`,
  'x'.repeat(255),
];

const nastyPieces = fc.constantFrom(
  ...['..', '.', '/', '\\', ':', ' ', '_', 'a', 'B', 'é', 'e\u0301', 'ß', 'ς', 'İ', '\0', '\n', '\u0085', '\u2028'],
  ...[
    '\u200b',
    '\u200c',
    '\u200d',
    '\ufeff',
    '\u202e',
    '\u2066',
    '\u034f',
    '\u{e0041}',
    '\u{e007f}',
    '🏴',
    '👩',
    '\ufe0f',
  ],
  ...['न', '\u094d', 'م', 'CON', 'nul', 'com1', '.txt', '?', '*', '~', '%2e%2e', '\ud800', '\udc00', 'x'.repeat(100)],
);
const nastyText = fc.oneof(
  fc.array(nastyPieces, { maxLength: 12 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
);

describe('file names', () => {
  for (const name of HONEST)
    it(`leaves ${JSON.stringify(name.slice(0, 40))} alone`, () => {
      assert.equal(sanitizeComponent(name), name);
      assert.equal(sanitizeName(name), name);
    });

  it('drops joiners that join nothing', () => {
    assert.deepEqual(
      ['a\u200db', '\u200cم', 'م\u200c', '1\u200d2', '👩\u200d', '\u200d\u200d'].map(sanitizeComponent),
      ['ab', 'م', 'م', '12', '👩', '_'],
    );
    assert.equal(sanitizeComponent('👩\u200d\u200d🚀'), '👩\u200d🚀');
  });

  it('keeps one joiner of several after a virama', () => {
    assert.equal(sanitizeComponent('क्\u200d\u200dष'), 'क्\u200dष');
  });

  it('drops hidden text in tag characters', () => {
    assert.equal(sanitizeComponent('a\u{e0068}\u{e0069}\u{e007f}'), 'a');
    assert.equal(sanitizeComponent('🏴\u{e0068}\u{e0069}.txt'), '🏴.txt');
  });

  it('cuts long names at a code point and keeps a short extension', () => {
    assert.equal(sanitizeComponent(`${'🎉'.repeat(100)}.tar.gz`), `${'🎉'.repeat(59)}.gz`);
    assert.equal(sanitizeComponent('y'.repeat(256)), 'y'.repeat(240));
    assert.equal(sanitizeComponent(`a.${'y'.repeat(300)}`), `a.${'y'.repeat(238)}`);
    assert.equal(sanitizeComponent(`.${'y'.repeat(300)}`), `.${'y'.repeat(239)}`);
  });

  it('leaves no stray joiner where a long emoji sequence was cut', () => {
    const cut = sanitizeComponent('👩\u200d'.repeat(60));
    assert.equal(cut, `${'👩\u200d'.repeat(33)}👩`);
    assert.equal(sanitizeComponent(cut), cut);
  });

  it('maps what Windows cannot store', () => {
    const cases: [string, string][] = [
      ['CON', '_CON'],
      ['con.txt', '_con.txt'],
      ['Lpt9 .x', '_Lpt9 .x'],
      ['COM¹', '_COM¹'],
      ['console', 'console'],
      ['x:stream', 'x_stream'],
      ['a?', 'a_'],
      ['end. .', 'end'],
      ['...', '_'],
      ['nul ', '_nul'],
      ['日本.txt', '日本.txt'],
    ];
    for (const [name, expected] of cases) assert.equal(windowsName(name), expected);
  });

  it('gives a safe component for any text, and the same again', () => {
    fc.assert(
      fc.property(nastyText, (text) => {
        for (const safe of [sanitizeComponent(text), sanitizeName(text)]) {
          assert.equal(sanitizeComponent(safe), safe);
          assert.ok(encodeUtf8(safe).length <= 255);
          assert.ok(safe.isWellFormed() && !/[/\\\0-\x1f\x7f-\x9f]/.test(safe));
          assert.ok(safe !== '.' && safe !== '..');
          if (safe === '') continue;
          // Exactly one level below the folder, by the rules of both families of systems.
          assert.equal(posix.dirname(posix.resolve('/root/dir', safe)), '/root/dir');
          assert.equal(win32.dirname(win32.join('D:\\root\\dir', safe)), 'D:\\root\\dir');
          const windows = windowsName(safe);
          assert.equal(windowsName(windows), windows);
          assert.equal(win32.resolve('D:\\root\\dir', windows), `D:\\root\\dir\\${windows}`);
          assert.doesNotMatch(windows, /[<>:"|?*]|[. ]$/);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('unique paths', () => {
  const component = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom('a', 'A', 'a.1', 'b', 'b.txt', 'B.TXT', 'b.1.txt', 'é', 'e\u0301', '_', '?'),
    },
    { weight: 1, arbitrary: nastyText.map(sanitizeName).map((name) => name || 'none') },
  );
  const tree = fc.array(fc.array(component, { minLength: 1, maxLength: 4 }), { maxLength: 12 });

  it('no two files meet, no file stands where a folder must be, on any file system', () => {
    let renamed = 0;
    fc.assert(
      fc.property(tree, (paths) => {
        const result = makeUnique(paths);
        assert.equal(result.paths.length, paths.length);
        const keys = result.paths.map((path) => path.map(foldComponent).join('/'));
        assert.equal(new Set(keys).size, keys.length, `${keys}`);
        const folders = new Set(
          keys.flatMap((key) => key.split('/').map((_, i, parts) => parts.slice(0, i).join('/'))),
        );
        for (const key of keys) assert.ok(!folders.has(key), `${key} is a folder too`);
        for (const part of result.paths.flat()) assert.equal(sanitizeComponent(part), part);
        for (const [index, path] of paths.entries()) assert.equal(result.paths[index]!.length, path.length);
        if (result.renamedFiles || result.renamedFolders) renamed++;
        else assert.deepEqual(result.paths, paths);
        assert.deepEqual(makeUnique(result.paths).paths, result.paths);
      }),
      { numRuns: 2000 },
    );
    assert.ok(renamed > 200, `only ${renamed} trees had conflicts`);
  });

  it('keeps a folder that is wanted in one that got a number', () => {
    const paths = [['x', 'a.1', 'a'], ['x'], ['x', 'a'], ['x', 'a']];
    const unique = [['x.1', 'a.1', 'a'], ['x'], ['x.1', 'a'], ['x.1', 'a.2']];
    assert.deepEqual(makeUnique(paths).paths, unique);
    assert.deepEqual(makeUnique(paths.toReversed()).paths, [['x.1', 'a'], ['x.1', 'a.2'], ['x'], ['x.1', 'a.1', 'a']]);
  });

  it('numbers names of full length without exceeding it', () => {
    const long = `${'x'.repeat(251)}.txt`;
    const [first, second] = makeUnique([[long], [long]]).paths;
    assert.deepEqual([first, second], [[long], [`${'x'.repeat(249)}.1.txt`]]);
  });

  it('keeps apart long names that become one when cut for their number', () => {
    const [one, other] = [`${'x'.repeat(251)}.txt`, `${'x'.repeat(250)}y.txt`];
    const cut = (number: number): string => `${'x'.repeat(249)}.${number}.txt`;
    assert.deepEqual(makeUnique([[one], [one], [other], [other]]).paths, [[one], [cut(1)], [other], [cut(2)]]);
    assert.deepEqual(makeUnique([[one], [one, 'z'], [other], [other]]).paths, [
      [one],
      [cut(1), 'z'],
      [other],
      [cut(2)],
    ]);
  });

  it('stays quick with very many files', () => {
    const paths = Array.from({ length: 200_000 }, (_, index) => [`d${index % 100}`, `file ${index}.bin`]);
    const started = performance.now();
    assert.equal(makeUnique(paths).paths.length, paths.length);
    assert.ok(performance.now() - started < 8000);
  });
});

describe('catalog names', () => {
  const reasonOf = (name: string): string | undefined => {
    try {
      catalogName(name);
    } catch (error) {
      assert.ok(error instanceof ShoalError && error.code === 'ERR_NAME', `${error}`);
      return error.reason;
    }
    return undefined;
  };

  it('takes names in any script', () => {
    for (const name of HONEST) assert.equal(catalogName(name), name.normalize('NFC'));
    assert.equal(catalogName('e\u0301.txt'), '\u00e9.txt');
    assert.equal(catalogName('sports pack @2 (final)'), 'sports pack @2 (final)');
  });

  const refused: [name: string, reason: string][] = [
    ['', 'empty'],
    [' \u3000', 'empty'],
    ['a/b', 'slash'],
    ['a\\b', 'slash'],
    ['.', 'dot_name'],
    ['..', 'dot_name'],
    ['a\nb', 'control'],
    ['a\u009bb', 'control'],
    ['\x1b[31mred', 'control'],
    ['\u202egpj.exe', 'bidi'],
    ['a\u2069', 'bidi'],
    ['pay\u200bpal', 'zero_width'],
    ['pay\u200dpal', 'zero_width'],
    ['\ufefffile', 'zero_width'],
    ['soft\u00adhyphen', 'zero_width'],
    ['a\u{e0041}', 'zero_width'],
    ['\ud800', 'not_unicode'],
    ['x'.repeat(256), 'too_long'],
    ['ж'.repeat(128), 'too_long'],
  ];
  for (const [name, reason] of refused)
    it(`refuses ${JSON.stringify(name.slice(0, 20))} as ${reason}`, () => assert.equal(reasonOf(name), reason));

  it('refuses any text or gives a name that is its own catalog name and a safe file name', () => {
    fc.assert(
      fc.property(nastyText, (text) => {
        if (reasonOf(text) !== undefined) return;
        const name = catalogName(text);
        assert.equal(catalogName(name), name);
        // A bare drive is the one name that is shown as it is and stored a little differently.
        if (!/^[A-Za-z]:$/.test(name)) assert.equal(sanitizeName(name), name);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('look-alikes', () => {
  it('gives names that look alike the same skeleton', () => {
    const alike: [string, string][] = [
      ['paypal', 'раураӏ'],
      ['PayPal.exe', 'paypaI.exe'],
      ['nasa', 'ΝASA'],
      ['google', 'g00gle'],
      ['modern', 'modem'],
      ['window', 'vvindow'],
      ['ubuntu-24.04.iso', 'ubuntu‑24․04.iso'],
      ['report 2024', ' Report\u00a0 2024'],
      ['file', 'ﬁle'],
      ['abc', 'ａｂｃ'],
      ['Scope', 'Ѕсоре'],
      ['ΟΔΟΣ', 'οδος'],
      ['ВОЙНА', 'война'],
    ];
    for (const [a, b] of alike) assert.equal(confusableSkeleton(a), confusableSkeleton(b), `${a} ${b}`);
  });

  it('keeps names that differ to the eye apart', () => {
    const apart = [
      'song',
      'sang',
      'café',
      'cafe',
      'part5',
      'parts',
      'track2',
      'trackz',
      '日本',
      '日木',
      'Война',
      'Война2',
    ];
    assert.equal(new Set(apart.map(confusableSkeleton)).size, apart.length);
  });
});
