// The journal of a torrent's data: damage is seen, nothing behind it is believed, and what is believed is written again as
// the same. The record that was kept before there was a journal, too.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Bitfield } from '../../../src/base/bitfield.ts';
import { crc32c } from '../../../src/base/crc32c.ts';
import {
  encodeEntries,
  encodeHeader,
  encodeJournal,
  JOURNAL_VERSION,
  readJournal,
} from '../../../src/io/stores/journal-record.ts';
import { readOldRecord } from '../../../src/io/stores/resume-upgrade.ts';
import type { JournalEntry, TorrentRecord } from '../../../src/io/stores/torrent-record.ts';
import { type FuzzTarget, note, utf8 } from '../oracle.ts';

const HASH = 'ab'.repeat(20);
const ENTRIES: readonly JournalEntry[] = [
  { type: 'base', path: '/a/b', pieceCount: 40, fileCount: 2, ours: true },
  { type: 'begun', at: 1000, pieces: [1, 2, 3, 9] },
  { type: 'have', pieces: [1, 2, 9] },
  {
    type: 'stamps',
    at: 2000,
    stamps: [
      { file: 0, stamp: { size: 5, mtimeNs: 7n, ino: 9n } },
      { file: 1, stamp: undefined },
    ],
  },
  { type: 'partial', piece: 3, blocks: Uint8Array.of(0xf0) },
  { type: 'lost', pieces: [9] },
  { type: 'totals', uploaded: 1, downloaded: 2 },
  { type: 'closed' },
];
const header = encodeHeader(HASH);
const whole = Buffer.concat([header.bytes, encodeEntries(ENTRIES, header.seal).bytes]);
/** The type of the record that says how many pieces there are, and what is made of that at most. */
const BASE = whole[header.bytes.length];
const MOST_PIECES = 20_000;
/** Where its records end, and so what it may be cut to. */
const ends = ENTRIES.map(
  (_, i) => header.bytes.length + encodeEntries(ENTRIES.slice(0, i + 1), header.seal).bytes.length,
);

/** To be compared. There may be millions of pieces and files of which nothing is known. */
function state({ have, begun, partials, files, ...rest }: TorrentRecord): unknown {
  const stamps: unknown[] = [];
  for (let file = 0; file < files.length; file++) if (files[file] !== undefined) stamps.push(file, files[file]);
  return {
    ...rest,
    pieces: have.size,
    have: createHash('sha1').update(have.bytes).digest('hex'),
    begun: [...begun].toSorted((a, b) => a - b),
    partials: [...partials],
    files: files.length,
    stamps,
  };
}

function check(bytes: Uint8Array): void {
  const reading = readJournal(bytes);
  note(reading.kind);
  if (reading.kind === 'newer') assert.ok(reading.version > JOURNAL_VERSION);
  if (reading.kind !== 'record') return;
  const { record, length, torn } = reading;
  note(`${record.have.count} ${record.begun.size} ${record.clean} ${torn}`);
  assert.equal(torn, length < bytes.length);
  const understood = readJournal(bytes.subarray(0, length));
  assert.ok(understood.kind === 'record' && !understood.torn);
  assert.deepEqual(state(understood.record), state(record));
  const again = readJournal(encodeJournal(record).bytes);
  assert.ok(again.kind === 'record' && !again.torn);
  assert.deepEqual(state(again.record), state(record), 'written again it says something else');
}

export const journal: FuzzTarget = {
  name: 'journal',
  maxLength: 20_000,
  seeds: [whole, whole.subarray(0, 90), header.bytes, encodeHeader(HASH, 9).bytes],
  tokens: [
    ...ENTRIES.map((entry) => encodeEntries([entry], 0).bytes),
    Uint8Array.of(3, 0, 0, 0, 8, 0, 0, 0, 5, 0, 0, 0, 1),
    header.bytes,
  ],
  fuzz(bytes) {
    check(bytes);
    // Cut and changed versions of one journal: what is read is one of the states it has had, never another.
    const reading = readJournal(bytes);
    let same = 0;
    while (same < bytes.length && same < whole.length && bytes[same] === whole[same]) same++;
    if (
      reading.kind === 'record' &&
      same >= header.bytes.length &&
      same < bytes.length &&
      ends.includes(same) === false
    )
      assert.ok(reading.length <= same, 'damage was not seen');
    // The same bytes with checksums that fit, so that what is behind them is reached.
    const parts: Uint8Array[] = [];
    for (let at = 40; at + 5 <= bytes.length && parts.length < 30; ) {
      const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at + 1) % 300;
      parts.push(bytes.subarray(at, Math.min(bytes.length, at + 5 + length)));
      at += 9 + length;
    }
    check(sealed(parts));
  },
};

/** Records of these types and payloads with lengths and checksums as they must be. */
function sealed(parts: readonly Uint8Array[]): Uint8Array {
  const out: Uint8Array[] = [header.bytes];
  let { seal } = header;
  for (const part of parts) {
    const record = Buffer.alloc(part.length + 4);
    record.set(part);
    record.writeUInt32BE(part.length - 5, 1);
    // Thirty records of half a million pieces each take their time, which is no fault of the reader's.
    if (record.length >= 13 && record[0] === BASE) record.writeUInt32BE(record.readUInt32BE(5) % MOST_PIECES, 5);
    seal = crc32c(record, 0, part.length, seal);
    record.writeUInt32BE(seal, part.length);
    out.push(record);
  }
  return Buffer.concat(out);
}

const field = new Bitfield(20);
field.add(3);
const oldRecord = resealed(
  Buffer.from(
    JSON.stringify({
      infoHash: HASH,
      path: '/a/b',
      pieces: 20,
      have: Buffer.from(field.bytes).toString('base64'),
      files: [[5, '7', '9'], null],
      uploaded: 1,
      downloaded: 2,
      ours: true,
      clean: false,
    }),
  ),
);

/** With a checksum that fits, so that what is behind it is reached. */
function resealed(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString('utf8');
  const body = text.slice(text.indexOf('\n') + 1).replace(/\n$/, '');
  return Buffer.from(`shoal-resume 1 ${createHash('sha256').update(body).digest('hex')}\n${body}\n`);
}

export const resume: FuzzTarget = {
  name: 'resume-record',
  seeds: [oldRecord, ...utf8('shoal-resume 2 abc\n{}\n', 'shoal-resume 1 \n{"__proto__":{"x":1}}\n')],
  tokens: utf8(
    '"have":',
    '"files":',
    'null',
    '[',
    ']',
    '{',
    '}',
    '"pieces":',
    '"path":',
    '-1',
    '1e400',
    'true',
    '"__proto__":',
    '"AAAA"',
    'shoal-resume',
  ),
  fuzz(bytes) {
    const read = readOldRecord(bytes);
    note(read.kind);
    const genuine = Buffer.compare(bytes, oldRecord) === 0;
    if (read.kind === 'record' && !genuine)
      assert.deepEqual(resealed(bytes), Buffer.from(bytes), 'damage was not seen');
    const behind = readOldRecord(resealed(bytes));
    note(behind.kind);
    if (behind.kind !== 'record') return;
    // It is read to be written on as a journal, and nothing of it may be lost or changed by that.
    const record = { ...behind.record, infoHash: HASH };
    const again = readJournal(encodeJournal(record).bytes);
    assert.ok(again.kind === 'record' && !again.torn);
    assert.deepEqual(state(again.record), state(record), 'as a journal it says something else');
  },
};
