// Reads a .torrent file with the protocol's pure functions: what is in it, and the magnet link that leads to it.
//
//   node read-torrent.ts FILE.torrent

import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { formatMagnet, parseMetainfo } from 'shoal/protocol';

const path = process.argv[2];
if (path === undefined) throw new Error('usage: read-torrent.ts FILE.torrent');

const metainfo = parseMetainfo(await readFile(path), (bytes) => hash('sha1', bytes, 'buffer'));
console.log(`${metainfo.name}: ${metainfo.size} bytes in ${metainfo.pieceCount} pieces`);
for (const file of metainfo.files) if (!file.pad) console.log(`  ${file.path.join('/')}  ${file.length}`);
console.log(formatMagnet({ infoHash: metainfo.infoHash, name: metainfo.name, trackers: metainfo.announce.flat() }));
