// The journal of a torrent's data: damage is seen, nothing behind it is believed, and what is believed is written again as
// the same.

import assert from 'node:assert/strict';
import { crc32c } from '../../../src/base/crc32c.ts';
import {
  encodeEntries,
  encodeHeader,
  encodeJournal,
  JOURNAL_VERSION,
  readJournal,
} from '../../../src/io/stores/journal-record.ts';
import type { JournalEntry, TorrentRecord } from '../../../src/io/stores/torrent-record.ts';
import { type FuzzTarget, note } from '../oracle.ts';

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
/** Where its records end, and so what it may be cut to. */
const ends = ENTRIES.map(
  (_, i) => header.bytes.length + encodeEntries(ENTRIES.slice(0, i + 1), header.seal).bytes.length,
);

function state({ have, begun, partials, ...rest }: TorrentRecord): unknown {
  return { ...rest, have: [...have.bytes], begun: [...begun].toSorted((a, b) => a - b), partials: [...partials] };
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
    seal = crc32c(record, 0, part.length, seal);
    record.writeUInt32BE(seal, part.length);
    out.push(record);
  }
  return Buffer.concat(out);
}
