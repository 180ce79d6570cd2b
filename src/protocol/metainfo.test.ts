import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { equalBytes } from '../base/bytes.ts';
import { ShoalError } from '../base/errors.ts';
import { decodeUtf8 } from '../base/utf8.ts';
import { decodeDict, encode } from './bencode.ts';
import { parseInfo, parseMetainfo } from './metainfo.ts';
import { buildInfo, choosePieceLength, encodeMetainfo, type InfoInput } from './metainfo-build.ts';

const sha1 = (bytes: Uint8Array): Uint8Array => Uint8Array.from(createHash('sha1').update(bytes).digest());

const component = fc
  .string({ unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789 -é日'), minLength: 1, maxLength: 12 })
  .map((name) => `${name}_`); // ends in no space, and is none of Windows' device names (`aux`)
/** A torrent whose paths are all safe and different. */
const input = fc
  .record({
    name: component,
    pieceLength: fc.integer({ min: 1, max: 5000 }),
    private: fc.boolean(),
    shape: fc.oneof(
      fc.record({ length: fc.integer({ min: 1, max: 50_000 }) }),
      fc.array(fc.record({ path: fc.array(component, { minLength: 1, maxLength: 3 }), length: fc.nat(9000) }), {
        minLength: 1,
        maxLength: 8,
      }),
    ),
  })
  .map(({ shape, ...rest }): InfoInput => {
    const files = Array.isArray(shape)
      ? shape.map(({ path, length }, index) => ({
          path: [`${index}`, ...path],
          length: index === 0 ? length + 1 : length,
        }))
      : shape;
    const total = Array.isArray(files) ? files.reduce((sum, file) => sum + file.length, 0) : files.length;
    return { ...rest, files, pieces: new Uint8Array(20 * Math.ceil(total / rest.pieceLength)).fill(9) };
  });

const reasonOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ShoalError, `threw ${error}`);
    return error.reason;
  }
  return undefined;
};

describe('metainfo', () => {
  it('reads back what was built, alone and inside a .torrent', () => {
    fc.assert(
      fc.property(input, (made) => {
        const infoBytes = buildInfo(made);
        const torrent = encodeMetainfo({
          infoBytes,
          announce: [['http://t/announce'], ['udp://u:1']],
          comment: 'c',
          createdBy: 'me',
          creationDate: 5,
        });
        const metainfo = parseMetainfo(torrent, sha1);
        assert.ok(equalBytes(metainfo.infoBytes, infoBytes));
        assert.equal(metainfo.infoHash, createHash('sha1').update(infoBytes).digest('hex'));
        assert.deepEqual(
          [metainfo.name, metainfo.pieceLength, metainfo.private],
          [made.name, made.pieceLength, made.private],
        );
        assert.deepEqual([metainfo.comment, metainfo.createdBy, metainfo.creationDate], ['c', 'me', 5]);
        assert.deepEqual(metainfo.announce, [['http://t/announce'], ['udp://u:1']]);
        assert.deepEqual(metainfo.warnings, []);
        assert.ok(equalBytes(metainfo.pieces, made.pieces));
        const files = metainfo.files.map(({ path, length }) => ({ path, length }));
        if (metainfo.singleFile) assert.deepEqual(files, [{ path: [made.name], length: metainfo.size }]);
        else assert.deepEqual(files, made.files);
        let offset = 0;
        for (const file of metainfo.files) {
          assert.equal(file.offset, offset);
          offset += file.length;
          if (!metainfo.singleFile) assert.deepEqual(file.rawPath.map(decodeUtf8), file.path);
        }
        assert.deepEqual([metainfo.length, metainfo.pieceCount], [offset, Math.ceil(offset / made.pieceLength)]);
        const { announce, comment, createdBy, creationDate, ...bare } = metainfo;
        assert.deepEqual(parseInfo(infoBytes, sha1), { ...bare, announce: [] });
      }),
    );
  });

  it('answers any damage with a torrent or a coded error, and never hashes other bytes than came', () => {
    const infoBytes = buildInfo({
      name: 'n',
      pieceLength: 100,
      pieces: new Uint8Array(40),
      files: [
        { path: ['a', 'b'], length: 99 },
        { path: ['c'], length: 2 },
      ],
    });
    const torrent = encodeMetainfo({
      infoBytes,
      announce: [['http://t/a', 'http://u/a']],
      extra: { 'url-list': 'http://w/', nodes: [['h', 1]] },
    });
    const damage = fc.array(fc.tuple(fc.nat(torrent.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    let accepted = 0;
    fc.assert(
      fc.property(damage, (changes) => {
        const bytes = torrent.slice();
        for (const [at, byte] of changes) bytes[at] = byte;
        if (reasonOf(() => parseMetainfo(bytes, sha1)) !== undefined) return;
        accepted++;
        const metainfo = parseMetainfo(bytes, sha1);
        const at = Buffer.from(bytes).indexOf(metainfo.infoBytes);
        assert.ok(at > 0);
        assert.equal(
          metainfo.infoHash,
          createHash('sha1')
            .update(bytes.subarray(at, at + metainfo.infoBytes.length))
            .digest('hex'),
        );
        assert.equal(metainfo.pieces.length, 20 * metainfo.pieceCount);
        assert.equal(
          metainfo.files.reduce((sum, file) => sum + file.length, 0),
          metainfo.length,
        );
      }),
      { numRuns: 2000 },
    );
    assert.ok(accepted > 100, `only ${accepted} damaged torrents were still torrents`);
  });

  it('holds a bare info to the same rules', () => {
    const info = { length: 5, name: '..', 'piece length': 16, pieces: new Uint8Array(20) };
    const metainfo = parseInfo(encode(info), sha1, [['udp://t:1']]);
    assert.deepEqual([metainfo.name, metainfo.announce, metainfo.warnings], ['_', [['udp://t:1']], ['name_sanitised']]);
    assert.equal(
      reasonOf(() => parseInfo(encode([info]), sha1)),
      'not_a_dict',
    );
    assert.equal(
      reasonOf(() => parseInfo(encode({ ...info, 'piece length': 0 }), sha1)),
      'bad_piece_length',
    );
    assert.equal(
      reasonOf(() => parseInfo(Buffer.concat([encode(info), Buffer.from('x')]), sha1)),
      'trailing_bytes',
    );
  });

  it('refuses to build what could not be read', () => {
    const valid: InfoInput = { name: 'n', pieceLength: 16384, pieces: new Uint8Array(20), files: { length: 1 } };
    const reason = (change: Partial<InfoInput>): string | undefined =>
      reasonOf(() => buildInfo({ ...valid, ...change }));
    assert.equal(reason({}), undefined);
    assert.equal(reason({ name: '' }), 'missing_name');
    assert.equal(reason({ pieceLength: 0 }), 'bad_piece_length');
    assert.equal(reason({ pieceLength: 1.5 }), 'bad_piece_length');
    assert.equal(reason({ files: { length: 0 }, pieces: new Uint8Array() }), 'empty_torrent');
    assert.equal(reason({ files: { length: -1 } }), 'bad_length');
    assert.equal(reason({ files: [{ path: [], length: 1 }] }), 'bad_path');
    assert.equal(reason({ files: [{ path: ['a', ''], length: 1 }] }), 'bad_path');
    assert.equal(reason({ pieces: new Uint8Array(40) }), 'piece_count_mismatch');
    assert.equal(reason({ files: { length: 2 ** 40 } }), 'too_many_pieces');
  });

  it('writes announce-list only for several trackers, and all of it outside info', () => {
    const infoBytes = buildInfo({ name: 'n', pieceLength: 16384, pieces: new Uint8Array(20), files: { length: 1 } });
    const keys = (announce: string[][]): string[] => [...decodeDict(encodeMetainfo({ infoBytes, announce })).keys()];
    assert.deepEqual(keys([]), ['info']);
    assert.deepEqual(keys([['http://a']]), ['announce', 'info']);
    assert.deepEqual(keys([[], ['http://a']]), ['announce', 'info']);
    assert.deepEqual(keys([['http://a'], ['http://b']]), ['announce', 'announce-list', 'info']);
    assert.deepEqual(keys([['http://a', 'http://b']]), ['announce', 'announce-list', 'info']);
  });

  it('chooses piece lengths for 1,000 to 2,000 pieces within 16 KiB and 16 MiB', () => {
    const [kibi, mebi, gibi] = [2 ** 10, 2 ** 20, 2 ** 30];
    const lengths = [0, 1, mebi, 2000 * 16 * kibi, 2000 * 16 * kibi + 1, gibi, 10 * gibi, 100 * gibi, 4096 * gibi];
    const expected = [16 * kibi, 16 * kibi, 16 * kibi, 16 * kibi, 32 * kibi, mebi, 8 * mebi, 16 * mebi, 16 * mebi];
    assert.deepEqual(lengths.map(choosePieceLength), expected);
  });
});
