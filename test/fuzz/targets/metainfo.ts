// The .torrent loader: nothing leaves the torrent's folder, lengths add up, the info-hash is that of the bytes that came.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { announceTiers, MAX_TRACKERS, trackerUrl, webSeeds } from '../../../src/protocol/announce-list.ts';
import { asDict, decode } from '../../../src/protocol/bencode.ts';
import { parseInfo, parseMetainfo } from '../../../src/protocol/metainfo.ts';
import { buildInfo, encodeMetainfo } from '../../../src/protocol/metainfo-build.ts';
import { foldComponent } from '../../../src/protocol/names.ts';
import { announceUrlOf } from '../../../src/protocol/tracker/http.ts';
import { splitUrl, withQuery } from '../../../src/protocol/tracker/query.ts';
import { scrapeUrlOf } from '../../../src/protocol/tracker/scrape.ts';
import { accept, type FuzzTarget, latin, note, utf8 } from '../oracle.ts';

const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest();

const single = encodeMetainfo({
  infoBytes: buildInfo({ name: 'a.bin', pieceLength: 16384, pieces: new Uint8Array(40), files: { length: 20_000 } }),
  announce: [['http://t/announce'], ['udp://u:1/announce']],
  comment: 'c',
});
const several = encodeMetainfo({
  infoBytes: buildInfo({
    name: 'folder',
    pieceLength: 32768,
    pieces: new Uint8Array(20),
    files: [
      { path: ['a', 'b.txt'], length: 10 },
      { path: ['a', 'B.TXT'], length: 0 },
      { path: ['c'], length: 20 },
    ],
  }),
});
const NAMES = [
  '..',
  '.',
  '../..',
  '/etc',
  'C:',
  'a\\b',
  'con',
  'a\u202eb',
  'e\u0301',
  '\u00e9',
  '\u0000',
  'x'.repeat(300),
];
const odd = NAMES.map((name) => {
  const bytes = Buffer.from(name);
  return Buffer.concat([
    Buffer.from(`d4:infod5:filesld6:lengthi1e4:pathl${bytes.length}:`),
    bytes,
    Buffer.from(`1:ze${'ed6:lengthi1e4:pathl1:a1:zeee'}4:name1:n12:piece lengthi16384e6:pieces20:${'x'.repeat(20)}ee`),
  ]);
});

const linked = Buffer.from(
  `d4:infod5:filesld6:lengthi1e4:pathl1:aeed4:attr1:l6:lengthi0e4:pathl1:be12:symlink pathl1:aeee4:name1:n12:piece lengthi16384e6:pieces20:${'x'.repeat(20)}ee`,
);

export const metainfo: FuzzTarget = {
  name: 'torrent',
  seeds: [single, several, linked, ...odd],
  tokens: [
    ...latin('4:info', '6:length', '4:path', '4:name', '5:files', '6:pieces', '12:piece length', '8:announce'),
    ...latin('13:announce-list', '8:url-list', '5:nodes', '7:private', '4:attr', '1:p', '1:l', '12:symlink path'),
    ...latin('12:meta version', '9:file tree', 'd', 'l', 'e', 'i0e', 'i1e', '2:..', '1:/', '0:', '1:.', '4:a/..'),
  ],
  fuzz(bytes) {
    const parsed = accept(['ERR_BENCODE', 'ERR_METAINFO'], () => parseMetainfo(bytes, sha1));
    if (parsed === undefined) return;
    note(`${parsed.files.length} files ${parsed.warnings.join()}`);
    assert.equal(parsed.infoHash, createHash('sha1').update(parsed.infoBytes).digest('hex'));
    assert.ok(Buffer.from(bytes).includes(Buffer.from(parsed.infoBytes)), 'the info is not the bytes that came');
    assert.equal(parsed.pieces.length, 20 * parsed.pieceCount);
    assert.equal(parsed.pieceCount, Math.ceil(parsed.length / parsed.pieceLength));
    let offset = 0;
    let size = 0;
    const root = '/root/of/it';
    const taken = new Set<string>();
    for (const file of parsed.files) {
      assert.equal(file.offset, offset);
      offset += file.length;
      if (file.pad) continue;
      size += file.length;
      const joined = path.join(root, ...file.path);
      assert.ok(joined.startsWith(`${root}/`), `${joined} is outside`);
      assert.equal(joined, [root, ...file.path].join('/'), 'a component is not one');
      assert.ok(file.path.every((name) => Buffer.byteLength(name) <= 255 && !/[/\\\0]/.test(name)));
      const folded = file.path.map(foldComponent).join('/');
      assert.ok(!taken.has(folded), `two files have the path ${joined}`);
      taken.add(folded);
    }
    assert.equal(offset, parsed.length);
    assert.equal(size, parsed.size);
    assert.ok(parsed.announce.flat().length <= MAX_TRACKERS);
    for (const { path: from, target } of parsed.symlinks)
      for (const components of [from, target])
        assert.equal(path.join(root, ...components), [root, ...components].join('/'), 'a link leads out of it');
    const bare = parseInfo(parsed.infoBytes, sha1, parsed.announce);
    assert.deepEqual(bare.files, parsed.files);
    const again = parseMetainfo(encodeMetainfo({ infoBytes: parsed.infoBytes, announce: parsed.announce }), sha1);
    assert.equal(again.infoHash, parsed.infoHash);
    assert.deepEqual(again.announce, parsed.announce);
  },
};

export const urls: FuzzTarget = {
  name: 'urls',
  seeds: [
    Buffer.from(`http://${'a'.repeat(60_000)} `),
    ...utf8('http://t:7070', 'https://t/announce?k=1', 'udp://[::1]:80/x', ' http://t/ ', 'http://t/a?b#c', 'HTTP://X'),
    Buffer.from(`d13:announce-listl${Array.from({ length: 300 }, (_, i) => `l14:http://t${1000 + i}/ae`).join('')}ee`),
    ...latin('d8:announce10:http://t/a13:announce-listll10:http://t/be10:http://t/cee', 'd8:url-listl8:http://xee'),
  ],
  tokens: utf8('http://', 'udp://', '://', '/announce', '/scrape', '?', '&', '#', '[::1]', '@', '%00', ' ', '\n', 'é'),
  fuzz(bytes) {
    const text = Buffer.from(bytes).toString('utf8');
    const url = trackerUrl(text);
    note(url === undefined ? 'refused' : 'kept');
    if (url !== undefined) {
      assert.equal(trackerUrl(url), url);
      assert.ok(!/[\s\0]/.test(url));
    }
    const announce = announceUrlOf(text);
    assert.equal(announceUrlOf(announce), announce, 'not idempotent');
    const parts = splitUrl(text);
    if (parts !== undefined) {
      const whole = parts.origin + parts.path + parts.query;
      assert.deepEqual(splitUrl(whole), parts);
      assert.ok(!withQuery(whole, 'a=b').includes('#'));
      scrapeUrlOf(whole);
    }
    const root = asDict(accept('ERR_BENCODE', () => decode(bytes, { form: 'lenient' })));
    if (root === undefined) return;
    const tiers = announceTiers(root, new Set());
    const kept = tiers.flat();
    assert.ok(kept.length <= MAX_TRACKERS && new Set(kept).size === kept.length);
    assert.ok(tiers.every((tier) => tier.length > 0 && tier.every((each) => trackerUrl(each) === each)));
    assert.ok(webSeeds(root, new Set()).every((each) => /^https?:/i.test(each)));
  },
};
