// Every known way in which a v1 .torrent can be wrong, one row each, numbered as in the table of malformed inputs of the
// reliability study. A row changes one thing in a valid torrent and names the exact reason of the refusal, or the exact
// result. Rows about v2 halves are absent: a hybrid is read by its v1 half, and a pure v2 torrent is refused as such.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { toHex } from '../base/bytes.ts';
import { ShoalError } from '../base/errors.ts';
import { encodeLatin1, encodeUtf8 } from '../base/utf8.ts';
import { type Encodable, encode, Preencoded } from './bencode.ts';
import { MAX_TORRENT_BYTES, type Metainfo, parseMetainfo } from './metainfo.ts';

const sha1 = (bytes: Uint8Array): Uint8Array => Uint8Array.from(createHash('sha1').update(bytes).digest());
const text = encodeLatin1;

type Fields = Record<string, Encodable | undefined>;
type Pairs = readonly (readonly [key: string, value: Encodable])[];

/** A dictionary with its pairs in the given order, repeated keys and all: what the encoder never writes. */
function rawDict(pairs: Pairs): Preencoded {
  const parts = pairs.flatMap(([key, value]) => [encode(key), encode(value)]);
  return new Preencoded(Buffer.concat([text('d'), ...parts, text('e')]));
}

const LENGTH = 40_000;
const SINGLE: Fields = { length: LENGTH, name: 'file.bin', 'piece length': 16384, pieces: new Uint8Array(60).fill(7) };

/** A valid torrent of one file with these changes; undefined removes a key. */
function single(changes: Fields = {}, root: Fields = {}): Uint8Array {
  return encode({ announce: 'http://tracker.example/announce', info: { ...SINGLE, ...changes }, ...root });
}

function infoPairs(changes: Fields = {}): [string, Encodable][] {
  const pairs = Object.entries({ ...SINGLE, ...changes }).filter(([, value]) => value !== undefined);
  return pairs as [string, Encodable][];
}

/** A valid torrent of a folder: the first file holds all data unless a list of whole entries is given. */
function folder(paths: readonly (readonly (string | Uint8Array)[])[], changes: Fields = {}): Uint8Array {
  return entries(
    paths.map((path, index) => ({ length: index === 0 ? LENGTH : 0, path })),
    changes,
  );
}

function entries(files: Encodable, changes: Fields = {}): Uint8Array {
  return single({ length: undefined, files, name: 'folder', ...changes });
}

const parse = (bytes: Uint8Array): Metainfo => parseMetainfo(bytes, sha1);

function reasonOf(bytes: Uint8Array): string | undefined {
  try {
    parse(bytes);
  } catch (error) {
    assert.ok(error instanceof ShoalError, `threw ${error}`);
    assert.ok(error.code === 'ERR_METAINFO' || error.code === 'ERR_BENCODE', error.code);
    return error.reason;
  }
  return undefined;
}

const pathsOf = (bytes: Uint8Array): string[] => parse(bytes).files.map((file) => file.path.join('/'));

function refuses(row: string, reason: string, ...documents: Uint8Array[]): void {
  it(`row ${row}: refused as ${reason}`, () => {
    assert.deepEqual(
      documents.map(reasonOf),
      documents.map(() => reason),
    );
  });
}

it('the torrents to be damaged are valid', () => {
  const one = parse(single());
  assert.deepEqual([one.name, one.size, one.pieceCount, one.singleFile], ['file.bin', LENGTH, 3, true]);
  assert.deepEqual([one.announce, one.warnings], [[['http://tracker.example/announce']], []]);
  const many = parse(folder([['a'], ['b', 'c']]));
  assert.deepEqual([many.singleFile, many.size, many.warnings], [false, LENGTH, []]);
});

describe('document', () => {
  refuses('1 empty file', 'not_bencoded', new Uint8Array());
  const noise = Uint8Array.from({ length: 400 }, (_, index) => (index * 167 + 201) & 255);
  refuses('2 something else', 'not_bencoded', noise, text('<!DOCTYPE html>'), gzipSync(single()));
  refuses('3 no dictionary', 'not_a_dict', encode('a string'), encode([1]), encode(7));
  it('row 4: bytes after the end are ignored with a warning', () => {
    const trailed = parse(Buffer.concat([single(), text('\r\n')]));
    assert.deepEqual(trailed.warnings, ['trailing_bytes']);
    assert.equal(trailed.infoHash, parse(single()).infoHash);
  });
  it('row 5: cut anywhere, refused as truncated with the offset', () => {
    const whole = single();
    for (let end = 1; end < whole.length; end++) {
      assert.throws(
        () => parse(whole.subarray(0, end)),
        (error: ShoalError) => {
          assert.equal(error.reason, 'truncated');
          const offset = Number(/at byte (\d+)/.exec(error.message)?.[1]);
          return offset > 0 && offset <= end;
        },
      );
    }
  });
  const integers = ['i-0e', 'i03e', 'i+1e', 'ie'].map((form) => new Preencoded(text(form)));
  refuses('6 odd integer in info', 'bad_integer', ...integers.map((odd) => single({ extra: odd })));
  refuses('6 integer without its end', 'bad_integer', text('d4:infod6:lengthi1d'));
  it('row 6: an odd integer elsewhere is taken with a warning', () => {
    for (const odd of integers) assert.deepEqual(parse(single({}, { extra: odd })).warnings, ['bad_integer']);
    assert.equal(parse(single({}, { 'creation date': integers[1] })).creationDate, 3);
  });
  refuses('7 integer over 64 bits', 'int_overflow', single({ extra: new Preencoded(text('i9223372036854775808e')) }));
  const lengths = ['9999999999:', '-1:', '01:a'].map((form) => new Preencoded(text(form)));
  refuses('8 impossible string length', 'bad_length', ...lengths.map((odd) => single({ extra: odd })));
  const deep = new Preencoded(text('l'.repeat(99) + 'e'.repeat(99)));
  const deeper = new Preencoded(text('l'.repeat(100) + 'e'.repeat(100)));
  refuses('9 depth 101', 'depth_exceeded', single({}, { extra: deeper }), text('l'.repeat(5_000_000)));
  it('row 9: depth 100 is taken', () => assert.equal(reasonOf(single({}, { extra: deep })), undefined));
  refuses('10 over 3,000,000 values', 'too_many_tokens', text(`l${'i0e'.repeat(3_000_000)}e`));
  refuses('11 over 10 MiB', 'too_large', new Uint8Array(MAX_TORRENT_BYTES + 1).fill(0x64));
  refuses('12 key that is no string', 'bad_key', text('di1ei2ee'), text('dlei2ee'));
  it('row 13: unsorted keys in info are hashed as they came', () => {
    const info = rawDict(infoPairs().reverse());
    const metainfo = parse(encode({ info }));
    assert.equal(metainfo.infoHash, toHex(sha1(info.bytes)));
    assert.notEqual(metainfo.infoHash, parse(single()).infoHash);
    assert.deepEqual(metainfo.warnings, ['unsorted_keys']);
  });
  const again = rawDict([...infoPairs(), ['pieces', new Uint8Array(60)]]);
  const apart = rawDict([...infoPairs(), ['zzz', 1], ['name', 'other']]);
  refuses('15 repeated key in info', 'duplicate_key', encode({ info: again }), encode({ info: apart }));
  refuses(
    '15 repeated info',
    'duplicate_key',
    rawDict([
      ['info', SINGLE as Encodable],
      ['info', {}],
    ]).bytes,
  );
  it('row 16: keys of Object.prototype are plain data', () => {
    const hostile = rawDict([['__proto__', { private: 1 }], ['constructor', 'x'], ...infoPairs()]);
    const metainfo = parse(encode({ info: hostile }));
    assert.deepEqual([metainfo.private, metainfo.name], [false, 'file.bin']);
    assert.equal(({} as Fields).private, undefined);
  });
  refuses('17 no info', 'missing_info', encode({}), encode({ info: [] }), encode({ info: 'x' }));
});

describe('name and pieces', () => {
  refuses('18 no name', 'missing_name', single({ name: undefined }), single({ name: 5 }), single({ name: ['a'] }));
  it('row 19: a name of which nothing is left becomes the info-hash', () => {
    for (const name of ['', '/', '\u200b\u202e', '//\\']) {
      const metainfo = parse(single({ name }));
      assert.equal(metainfo.name, metainfo.infoHash);
      assert.deepEqual(metainfo.files[0]!.path, [metainfo.infoHash]);
    }
  });
  it('row 20: dots as a name become _', () => {
    assert.deepEqual(
      ['.', '..', './', '../'].map((name) => parse(single({ name })).name),
      ['_', '_', '_', '_'],
    );
  });
  it('row 21: a name of 8 KiB is cut to 240 bytes at a code point and keeps its extension', () => {
    const metainfo = parse(single({ name: `${'é'.repeat(4096)}.tar` }));
    assert.equal(metainfo.name, `${'é'.repeat(118)}.tar`);
    assert.deepEqual(metainfo.warnings, ['name_sanitised']);
    const longest = `${'é'.repeat(126)}.gz`;
    assert.equal(parse(single({ name: longest })).name, longest);
  });
  it('row 22: a space or dot at the end is kept and reported', () => {
    for (const name of ['end ', 'end.']) {
      const metainfo = parse(single({ name }));
      assert.deepEqual([metainfo.name, metainfo.warnings], [name, ['not_on_windows']]);
    }
  });
  const pieceLength = (value: Encodable | undefined): Uint8Array => single({ 'piece length': value });
  refuses('23 no piece length', 'bad_piece_length', pieceLength(undefined), pieceLength('16384'), pieceLength([1]));
  refuses('24 piece length 0 or less', 'bad_piece_length', pieceLength(0), pieceLength(-16384));
  refuses('25 huge piece length', 'bad_piece_length', ...[2 ** 31 - 1, 2 ** 29 + 1, 2n ** 62n].map(pieceLength));
  it('row 25: 512 MiB is taken', () => {
    assert.equal(parse(single({ 'piece length': 2 ** 29, pieces: new Uint8Array(20) })).pieceCount, 1);
  });
  it('row 27: an odd piece length is taken', () => {
    assert.equal(parse(pieceLength(16384 + 123)).pieceCount, 3);
  });
  const pieces = (value: Encodable | undefined): Uint8Array => single({ pieces: value });
  refuses('28 no pieces', 'missing_pieces', pieces(undefined), pieces(''), pieces(60), pieces([]));
  refuses('29 pieces not in twenties', 'bad_pieces', pieces(new Uint8Array(59)), pieces(new Uint8Array(61)));
  refuses('30 wrong number of hashes', 'piece_count_mismatch', pieces(new Uint8Array(40)), pieces(new Uint8Array(80)));
  refuses('31 over 2 M pieces', 'too_many_pieces', single({ length: 2 ** 40 }));
  const bare = (length: Encodable): Uint8Array => entries([{ length, path: ['a'] }]);
  refuses('32 impossible length', 'bad_length', single({ length: -1 }), single({ length: '5' }), bare(-1), bare('5'));
  refuses('32 no length', 'bad_length', single({ length: undefined }), entries([{ path: ['a'] }]));
  refuses('33 file over 2^45', 'bad_length', single({ length: 2 ** 45 + 1 }), bare(2 ** 45 + 1), bare(2n ** 60n));
  const enormous = Array.from({ length: 300 }, (_, index) => ({ length: 2 ** 45, path: [`${index}`] }));
  refuses('34 sum over 2^53', 'too_many_pieces', entries(enormous));
  refuses('35 no data', 'empty_torrent', single({ length: 0 }), single({ length: 0, pieces: '' }), bare(0));
  refuses('36 no files', 'no_files', entries([]), entries('x'));
  refuses('37 length and files', 'ambiguous', single({ files: [{ length: 1, path: ['a'] }] }));
  refuses('38 odd file entry', 'bad_file_entry', entries([1]), entries([['a']]), entries(['a']));
  refuses('60 a later version', 'newer_version', single({ 'meta version': 3 }), single({ 'meta version': 2n ** 62n }));
  const v2: Fields = {
    length: undefined,
    pieces: undefined,
    'meta version': 2,
    'file tree': { a: { '': { length: 1 } } },
  };
  refuses('60 version 2 only', 'v2_only', single(v2));
  it('row 60: a hybrid is read by its v1 half', () => {
    const hybrid = single({ 'meta version': 2, 'file tree': { 'file.bin': { '': { length: LENGTH } } } });
    assert.deepEqual([parse(hybrid).name, parse(hybrid).size], ['file.bin', LENGTH]);
  });
});

describe('paths', () => {
  const path = (value: Encodable | undefined): Uint8Array => entries([{ length: LENGTH, path: value }]);
  refuses('39 no path', 'missing_path', path(undefined), path('a/b'), path(5));
  refuses('40 empty path', 'bad_path', path([]), path(['']), path(['', '.', '']), path([5]), path([['a']]));

  const sanitised: [row: string, path: (string | Uint8Array)[], result: string][] = [
    ['41 empty and dot parts', ['', 'a', '.', '', 'b'], 'a/b'],
    ['42 parent parts', ['..', 'a', '..', '..', 'b'], '_/a/_/_/b'],
    ['42 hidden parent', ['a', './.', '../', 'b'], 'a/_/_/b'],
    ['43 slash in a part', ['a/b', '/c/', '../../etc/passwd'], 'ab/c/....etcpasswd'],
    ['44 backslash in a part', ['a\\b', '..\\..\\x'], 'ab/....x'],
    ['45 absolute', ['/foobar'], 'foobar'],
    ['45 drive and share', ['C:', '\\\\srv\\x', 'c:'], 'C_/srvx/c_'],
    ['46 control characters', ['a\0b\tc\x1b[2Jd\x7f\u0085', '\r\n'], 'a_b_c_[2Jd__/__'],
    ['47 bidi', ['\u202egnp.exe', '\u2066a\u2069', '\u200ea\u061c'], 'gnp.exe/a/a'],
    ['47 zero-width', ['a\u200bb\ufeffc', '\u200b', 'x\u200dy'], 'abc/_/xy'],
    ['48 invalid UTF-8', [text('a\xff\xfeb')], 'a\ufffd\ufffdb'],
    ['48 overlong UTF-8', [text('\xc0\xaf'), text('\xc0\xae\xc0\xae')], '\ufffd\ufffd/\ufffd\ufffd\ufffd\ufffd'],
    ['48 surrogates', [text('\xed\xa0\x80')], '\ufffd\ufffd\ufffd'],
  ];
  for (const [row, raw, result] of sanitised)
    it(`row ${row}: ${JSON.stringify(result)}`, () => {
      const metainfo = parse(folder([raw]));
      assert.equal(metainfo.files[0]!.path.join('/'), result);
      assert.deepEqual(metainfo.warnings, ['path_sanitised']);
    });

  it('row 49: what only Windows forbids is kept and reported', () => {
    for (const name of ['CON', 'com1.txt', 'nul', 'x:stream', 'a?']) {
      const metainfo = parse(folder([[name]]));
      assert.deepEqual([metainfo.files[0]!.path, metainfo.warnings], [[name], ['not_on_windows']]);
    }
  });
  it('row 50: the second of two equal paths gets a number', () => {
    const twice = folder([
      ['d', 'a.txt'],
      ['d', 'a.txt'],
      ['d', 'a.1.txt'],
      ['d', 'a.txt'],
    ]);
    assert.deepEqual(pathsOf(twice), ['d/a.txt', 'd/a.2.txt', 'd/a.1.txt', 'd/a.3.txt']);
    assert.deepEqual(parse(twice).warnings, ['duplicate_path']);
  });
  const repeated = (times: number): Uint8Array => folder(Array.from({ length: times }, () => ['a.txt']));
  refuses('51 over 500 duplicates', 'too_many_duplicates', repeated(502));
  it('row 51: 500 duplicates are taken', () => assert.equal(pathsOf(repeated(501))[500], 'a.500.txt'));
  it('row 52: paths that some file system takes for equal differ', () => {
    const similar = folder([['README'], ['readme'], ['\u00e9'], ['e\u0301'], ['a?'], ['a_'], ['D', 'x'], ['d', 'X']]);
    assert.deepEqual(pathsOf(similar), ['README', 'readme.1', '\u00e9', 'e\u0301.1', 'a?', 'a_.1', 'D/x', 'd/X.1']);
  });
  it('row 53: a folder with the path of a file is renamed, whichever comes first', () => {
    assert.deepEqual(pathsOf(folder([['a'], ['a', 'b'], ['A', 'c']])), ['a', 'a.1/b', 'a.1/c']);
    assert.deepEqual(pathsOf(folder([['a', 'b'], ['a'], ['a.1']])), ['a.2/b', 'a', 'a.1']);
    assert.deepEqual(parse(folder([['a', 'b'], ['a']])).warnings, ['folder_renamed']);
  });
  refuses('54 depth 101', 'too_deep', folder([Array.from({ length: 101 }, () => 'd')]));
  it('row 54: depth 100 is taken, a path over 4096 bytes is shortened', () => {
    assert.equal(parse(folder([Array.from({ length: 100 }, () => 'd')])).files[0]!.path.length, 100);
    const parts = Array.from({ length: 20 }, (_, index) => `${index}${'ж'.repeat(120)}`);
    const metainfo = parse(folder([[...parts, 'file.txt']]));
    const whole = metainfo.files[0]!.path.join('/');
    assert.ok(encodeUtf8(whole).length <= 3500 && whole.endsWith('/file.txt'), whole);
    assert.deepEqual(metainfo.warnings, ['path_shortened']);
  });

  const link = (target: Encodable | undefined, more: Fields = {}): Uint8Array =>
    entries([
      { length: LENGTH, path: ['d', 'real'] },
      { attr: 'l', length: 0, path: ['link'], 'symlink path': target, ...more },
    ]);
  refuses('55 symlink to nothing', 'bad_symlink', link(['gone']), link(undefined), link([]), link('real'));
  refuses('55 symlink out of it', 'bad_symlink', link(['..', 'etc', 'passwd']), link(['d', '..', '..', 'x']));
  it('row 55: a symlink is told and left out', () => {
    const metainfo = parse(link(['d', 'real']));
    assert.deepEqual(metainfo.symlinks, [{ path: ['link'], target: ['d', 'real'] }]);
    assert.deepEqual([pathsOf(link(['d', 'real'])), metainfo.warnings], [['d/real'], ['symlink_left_out']]);
  });
  it('row 56: cycles and links through links stay metadata', () => {
    const cycle = entries([
      { length: LENGTH, path: ['real'] },
      { attr: 'l', path: ['a'], 'symlink path': ['b'] },
      { attr: 'l', path: ['b'], 'symlink path': ['a'] },
      { attr: 'l', path: ['c'], 'symlink path': ['a', 'deeper'] },
    ]);
    assert.deepEqual([pathsOf(cycle), parse(cycle).symlinks.length], [['real'], 3]);
  });
  it('row 57: the length of a symlink does not count', () => {
    for (const length of [1, 2 ** 40, undefined]) assert.equal(parse(link(['d'], { length })).length, LENGTH);
  });
  it('row 58: a pad file needs no path', () => {
    const padded = entries([
      { length: 10_000, path: ['a'] },
      { attr: 'p', length: 6384 },
      { length: 23_616, path: ['b'] },
    ]);
    const metainfo = parse(padded);
    assert.deepEqual(
      metainfo.files.map(({ path, offset, pad }) => ({ path, offset, pad })),
      [
        { path: ['a'], offset: 0, pad: false },
        { path: ['.pad', '6384'], offset: 10_000, pad: true },
        { path: ['b'], offset: 16_384, pad: false },
      ],
    );
    assert.deepEqual([metainfo.length, metainfo.size, metainfo.warnings], [LENGTH, 33_616, []]);
  });
  it('row 59: a pad file with the name of a real one neither renames it nor counts', () => {
    const padded = entries([
      { attr: 'ph', length: LENGTH - 1, path: ['..', 'real.txt'] },
      { length: 1, path: ['_', 'real.txt'] },
    ]);
    const metainfo = parse(padded);
    assert.deepEqual(
      metainfo.files.map(({ pad }) => pad),
      [true, false],
    );
    assert.deepEqual(metainfo.files[1]!.path, ['_', 'real.txt']);
    assert.equal(metainfo.size, 1);
  });
  refuses('59 nothing but pads', 'empty_torrent', entries([{ attr: 'p', length: LENGTH }]));
});

describe('around info', () => {
  const announces = (root: Fields): string[][] => parse(single({}, { announce: undefined, ...root })).announce;
  it('row 68: trackers are trimmed, dropped or cut to 256', () => {
    assert.deepEqual(announces({ announce: ' http://a.example/announce \n' }), [['http://a.example/announce']]);
    const bad = ['ftp://a/', 'javascript:alert(1)', 'http://', 'http:///x', 'udp://a b:1', 'x'];
    for (const url of [...bad, `http://a/${'x'.repeat(1024 * 1024)}`, ''])
      assert.deepEqual(announces({ announce: url }), []);
    assert.deepEqual(parse(single({}, { announce: 'ftp://a/' })).warnings, ['url_dropped']);
    const tiers = Array.from({ length: 10_000 }, (_, index) => [`udp://t${index}.example:6969`]);
    const kept = announces({ 'announce-list': tiers });
    assert.deepEqual(kept, tiers.slice(0, 256));
  });
  it('row 68: announce-list wins over announce unless nothing in it is usable', () => {
    const announce = 'http://one/announce';
    assert.deepEqual(announces({ announce, 'announce-list': [['http://two', 'http://three'], ['udp://four:1']] }), [
      ['http://two', 'http://three'],
      ['udp://four:1'],
    ]);
    assert.deepEqual(announces({ announce, 'announce-list': [['ftp://x'], [], 5] }), [[announce]]);
    assert.deepEqual(announces({ announce, 'announce-list': 'nonsense' }), [[announce]]);
    assert.deepEqual(announces({ 'announce-list': ['http://flat', 'http://list', 'http://flat'] }), [
      ['http://flat'],
      ['http://list'],
    ]);
  });
  it('row 69: any url-list is taken', () => {
    const seeds = (value: Encodable): string[] => parse(single({}, { 'url-list': value })).webSeeds;
    assert.deepEqual(['', [], 7, {}, ['ftp://a/', 3]].map(seeds), [[], [], [], [], []]);
    assert.deepEqual(seeds('http://a/file'), ['http://a/file']);
    assert.deepEqual(seeds(['https://a/', 'http://b/', 'https://a/']), ['https://a/', 'http://b/']);
  });
  it('row 70: bad nodes are dropped', () => {
    const good = [
      ['router.example', 6881],
      ['10.0.0.1', 1],
      ['2001:db8::1', 65535],
    ] as const;
    const bad = [['', 1], ['a', 0], ['a', 65536], ['a', '1'], ['a b', 1], ['http://a', 1], ['a'], 'a:1', 5];
    const metainfo = parse(single({}, { nodes: [...bad, ...good] as Encodable }));
    assert.deepEqual(
      metainfo.nodes,
      good.map(([host, port]) => ({ host, port })),
    );
    assert.deepEqual(metainfo.warnings, ['node_dropped']);
    assert.deepEqual(parse(single({}, { nodes: 'x' })).nodes, []);
  });
  it('row 70: private is whatever is not zero', () => {
    const values: [Encodable | undefined, boolean][] = [
      [1, true],
      ['1', true],
      [-1, true],
      [2n ** 60n, true],
      ['yes', true],
      [0, false],
      ['0', false],
      ['', false],
      [undefined, false],
      [[], false],
    ];
    for (const [value, expected] of values) assert.equal(parse(single({ private: value })).private, expected);
  });
  it('row 71: an impossible creation date is left out', () => {
    const date = (value: Encodable): number | undefined => parse(single({}, { 'creation date': value })).creationDate;
    assert.deepEqual([-1, 2n ** 62n, 2 ** 45, '1700000000', [1]].map(date), Array(5).fill(undefined));
    assert.deepEqual([0, 1_700_000_000].map(date), [0, 1_700_000_000]);
  });
  it('row 73: name.utf-8 and path.utf-8 are preferred, and sanitised too', () => {
    const name = (utf8: Encodable): string => parse(single({ name: '../gbk', 'name.utf-8': utf8 })).name;
    assert.deepEqual(['名前', '../x', '', 5].map(name), ['名前', '..x', '..gbk', '..gbk']);
    const files = [{ length: LENGTH, path: [text('\xc3\xfb')], 'path.utf-8': ['名', '..'] }];
    assert.deepEqual(pathsOf(entries(files)), ['名/_']);
  });
});
