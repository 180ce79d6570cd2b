import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  encodeEntries,
  encodeHeader,
  encodeJournal,
  JOURNAL_VERSION,
  journalVersion,
  readJournal,
} from './journal-record.ts';
import { applyEntry, beginRecord, type JournalEntry, type TorrentRecord } from './torrent-record.ts';

const HASH = 'ab'.repeat(20);
const PIECES = 40;
const FILES = 3;

const base = { type: 'base', path: '/tmp/ü/x', pieceCount: PIECES, fileCount: FILES, ours: true } as const;
const pieces = fc.uniqueArray(fc.nat({ max: PIECES - 1 }), { maxLength: 8 });
const stamp = fc.option(
  fc.record({
    size: fc.nat(),
    mtimeNs: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    ino: fc.bigInt(0n, 2n ** 64n - 1n),
  }),
  { nil: undefined },
);
const at = fc.nat();
const entry: fc.Arbitrary<JournalEntry> = fc.oneof(
  fc.record({ type: fc.constant('begun' as const), at, pieces }),
  fc.record({ type: fc.constant('have' as const), pieces }),
  fc.record({ type: fc.constant('lost' as const), pieces }),
  fc.record({
    type: fc.constant('stamps' as const),
    at,
    stamps: fc.array(fc.record({ file: fc.nat({ max: FILES - 1 }), stamp }), { maxLength: 4 }),
  }),
  fc.record({
    type: fc.constant('partial' as const),
    piece: fc.nat({ max: PIECES - 1 }),
    blocks: fc.uint8Array({ maxLength: 4 }).map((bytes) => new Uint8Array(bytes)),
  }),
  fc.record({ type: fc.constant('totals' as const), uploaded: fc.nat(), downloaded: fc.nat() }),
  fc.record({ type: fc.constant('closed' as const) }),
);

/** What a journal of these entries says after each of them, as plain values. */
function states(entries: readonly JournalEntry[]): object[] {
  const record = beginRecord(HASH, base)!;
  const seen = [plain(record)];
  for (const each of entries) {
    assert.ok(applyEntry(record, each));
    seen.push(plain(record));
  }
  return seen;
}

function plain(record: TorrentRecord): object {
  const { have, begun, partials, files } = record;
  return {
    ...record,
    have: Buffer.from(have.bytes).toString('hex'),
    begun: [...begun].sort((a, b) => a - b),
    partials: [...partials].sort(([a], [b]) => a - b).map(([piece, blocks]) => [piece, [...blocks]]),
    files: files.map((found) => found && [found.size, found.mtimeNs, found.ino]),
  };
}

function journalOf(entries: readonly JournalEntry[]): Uint8Array {
  const header = encodeHeader(HASH);
  return Buffer.concat([header.bytes, encodeEntries([base, ...entries], header.seal).bytes]);
}

function matches(states: readonly object[], record: TorrentRecord): boolean {
  const seen = plain(record);
  return states.some((state) => {
    try {
      assert.deepEqual(seen, state);
      return true;
    } catch {
      return false;
    }
  });
}

describe('journal records', () => {
  it('say after reading what was written, in one go or one after the other', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
        const header = encodeHeader(HASH);
        const parts = [header.bytes];
        let { seal } = header;
        for (const each of [base, ...entries]) {
          const encoded = encodeEntries([each], seal);
          seal = encoded.seal;
          parts.push(encoded.bytes);
        }
        const bytes = Buffer.concat(parts);
        assert.deepEqual(bytes, Buffer.from(journalOf(entries)));
        const reading = readJournal(bytes);
        assert.ok(reading.kind === 'record');
        assert.deepEqual(plain(reading.record), states(entries).at(-1));
        assert.deepEqual([reading.length, reading.seal, reading.torn], [bytes.length, seal, false]);
        const compact = readJournal(encodeJournal(reading.record).bytes);
        assert.ok(compact.kind === 'record');
        assert.deepEqual(plain(compact.record), plain(reading.record));
      }),
    );
  });

  it('say something that was true once, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 12 }), fc.nat(), (entries, cut) => {
        const bytes = journalOf(entries);
        const reading = readJournal(bytes.subarray(0, cut % bytes.length));
        if (reading.kind === 'record') assert.ok(matches(states(entries), reading.record));
        else assert.equal(reading.kind, 'damaged');
      }),
    );
  });

  it('say something that was true once, or that everything has to be checked, whatever is damaged', () => {
    const damage = fc.oneof(
      // bytes changed
      fc.tuple(fc.constant('flip' as const), fc.nat(), fc.integer({ min: 1, max: 255 })),
      // a stretch taken out of the middle, filled with zeros, or there twice
      fc.tuple(
        fc.constantFrom('cut' as const, 'zero' as const, 'twice' as const),
        fc.nat(),
        fc.integer({ min: 1, max: 80 }),
      ),
      fc.tuple(fc.constant('more' as const), fc.nat(), fc.integer({ min: 1, max: 255 })),
    );
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 12 }),
        fc.array(damage, { minLength: 1, maxLength: 3 }),
        (entries, how) => {
          let bytes = Buffer.from(journalOf(entries));
          for (const [kind, where, amount] of how) {
            if (bytes.length === 0) break;
            const from = where % bytes.length;
            const [before, hit, after] = [
              bytes.subarray(0, from),
              bytes.subarray(from, from + amount),
              bytes.subarray(from + amount),
            ];
            if (kind === 'flip') bytes[from]! ^= amount;
            else if (kind === 'cut') bytes = Buffer.concat([before, after]);
            else if (kind === 'zero') bytes = Buffer.concat([before, Buffer.alloc(hit.length), after]);
            else if (kind === 'twice') bytes = Buffer.concat([before, hit, hit, after]);
            else bytes = Buffer.concat([bytes, Buffer.alloc(amount, where)]);
          }
          const reading = readJournal(bytes);
          assert.notEqual(reading.kind, 'newer');
          if (reading.kind === 'record') assert.ok(matches(states(entries), reading.record));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('cannot be taken out, swapped or repeated whole', () => {
    const header = encodeHeader(HASH);
    const parts: Uint8Array[] = [];
    const entries: JournalEntry[] = [
      { type: 'have', pieces: [1, 2] },
      { type: 'lost', pieces: [1] },
      { type: 'have', pieces: [5] },
    ];
    let { seal } = header;
    for (const each of [base, ...entries]) {
      const encoded = encodeEntries([each], seal);
      seal = encoded.seal;
      parts.push(encoded.bytes);
    }
    const had = (...order: number[]): number[] => {
      const reading = readJournal(Buffer.concat([header.bytes, ...order.map((index) => parts[index]!)]));
      assert.ok(reading.kind === 'record');
      return [1, 2, 5].filter((piece) => reading.kind === 'record' && reading.record.have.has(piece));
    };
    assert.deepEqual(had(0, 1, 2, 3), [2, 5]);
    assert.deepEqual(had(0, 1, 3), [1, 2], 'without the loss in between the rest is not believed');
    assert.deepEqual(had(0, 2, 1), []);
    assert.deepEqual(had(0, 1, 2, 1), [2]);
  });

  it('are never read past their ends, for any bytes', () => {
    const { bytes, seal } = encodeHeader(HASH);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, header) => {
        const reading = readJournal(header ? Buffer.concat([bytes, noise]) : noise);
        assert.equal(reading.kind, 'damaged');
      }),
    );
    // Lengths and counts that would take gigabytes are refused by the bytes that are there.
    const forged = encodeEntries([base, { type: 'have', pieces: [1] }], seal).bytes;
    const huge = Buffer.concat([bytes, forged]);
    huge.writeUInt32BE(0xffffffff, huge.length - 8);
    assert.ok(readJournal(huge).kind === 'record');
  });

  it('of a newer version are known as such, also when the rest cannot be understood', () => {
    const newer = Buffer.concat([encodeHeader(HASH, JOURNAL_VERSION + 1).bytes.subarray(0, 16), Buffer.from('new')]);
    assert.deepEqual(readJournal(newer), { kind: 'newer', version: JOURNAL_VERSION + 1 });
    newer[11]! ^= 4;
    assert.equal(journalVersion(newer), undefined, 'a damaged version is no version');
    assert.equal(readJournal(newer).kind, 'damaged');
  });

  it('that do not fit their torrent end the reading', () => {
    const reading = readJournal(
      journalOf([
        { type: 'have', pieces: [1] },
        { type: 'have', pieces: [PIECES] },
        { type: 'have', pieces: [2] },
      ]),
    );
    assert.ok(reading.kind === 'record');
    assert.deepEqual([reading.record.have.count, reading.torn], [1, true]);
  });
});
