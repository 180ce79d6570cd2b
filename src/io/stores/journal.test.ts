import assert from 'node:assert/strict';
import fs from 'node:fs';
import { appendFile, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { temporaryFolder } from '../../../test/harness/sample-torrent.ts';
import { Bitfield } from '../../base/bitfield.ts';
import { FilePool } from '../disk/file-pool.ts';
import type { Journal } from './journal.ts';
import { encodeHeader, JOURNAL_VERSION, readJournal } from './journal-record.ts';
import type { TorrentRecord } from './torrent-record.ts';
import { TorrentStore } from './torrent-store.ts';

const HASH = 'ab'.repeat(20);
const STAMP = { size: 1 << 20, mtimeNs: 1_700_000_000_123_456_789n, ino: 2n ** 60n + 1n };

function record(changes: Partial<TorrentRecord> = {}): TorrentRecord {
  return {
    infoHash: HASH,
    path: '/data/film',
    have: new Bitfield(100),
    begun: new Set(),
    partials: new Map(),
    files: [STAMP, undefined],
    uploaded: 5,
    downloaded: 7,
    ours: true,
    clean: false,
    at: 0,
    ...changes,
  };
}

async function open(t: TestContext, changes: Partial<TorrentRecord> = {}) {
  const state = await temporaryFolder(t);
  const store = new TorrentStore(state);
  const journal = (await store.openJournal(record(changes)))!;
  t.after(() => journal.close());
  return { state, store, journal, path: join(state, 'torrents', HASH, 'journal') };
}

async function loaded(store: TorrentStore): Promise<TorrentRecord> {
  const { record: found } = await store.load(HASH);
  assert.ok(found !== undefined);
  return found;
}

const begin = (journal: Journal, piece: number) => new Promise<void>((go) => journal.begin(piece, go));

/** Lets a call of node:fs fail as often as said, in this process, and gives what it was back. */
function failing(t: TestContext, name: 'write' | 'fdatasync', errno: string, times: number): { left: number } {
  const real = fs[name] as (...args: unknown[]) => void;
  const count = { left: times };
  const replaced = (...args: unknown[]): void => {
    const done = args.at(-1) as (error: Error) => void;
    if (count.left-- > 0) setImmediate(done, Object.assign(new Error(errno), { code: errno }));
    else real(...args);
  };
  const restore = (): void => {
    Object.assign(fs, { [name]: real });
    syncBuiltinESMExports();
  };
  Object.assign(fs, { [name]: replaced });
  syncBuiltinESMExports();
  t.after(restore);
  return count;
}

describe('a journal', () => {
  it('says after any end what was written to it', async (t) => {
    const { store, journal } = await open(t);
    await begin(journal, 3);
    assert.deepEqual([...(await loaded(store)).begun], [3], 'without any sync: the system has it');
    await journal.add([
      { type: 'stamps', at: 1, stamps: [{ file: 1, stamp: STAMP }] },
      { type: 'have', pieces: [3, 9] },
      { type: 'totals', uploaded: 50, downloaded: 70 },
    ]);
    const found = await loaded(store);
    assert.deepEqual([...found.begun], []);
    assert.deepEqual([found.have.has(3), found.have.has(9), found.have.count], [true, true, 2]);
    assert.deepEqual(found.files, [STAMP, STAMP]);
    assert.deepEqual([found.uploaded, found.downloaded, found.clean], [50, 70, false]);
    await journal.add([{ type: 'partial', piece: 4, blocks: Uint8Array.of(0xf0) }, { type: 'closed' }]);
    const closed = await loaded(store);
    assert.ok(closed.clean);
    assert.deepEqual([...closed.partials], [[4, Uint8Array.of(0xf0)]]);
  });

  it('tells of all pieces that begin in one turn in one append, and of each before it begins', async (t) => {
    const { store, journal, path } = await open(t);
    const order: number[] = [];
    const before = (await readFile(path)).length;
    const starting = [1, 2, 3, 40].map(
      (piece) =>
        new Promise<void>((resolve, reject) =>
          journal.begin(piece, () => {
            order.push(piece);
            const reading = readJournal(fs.readFileSync(path));
            if (reading.kind === 'record' && reading.record.begun.has(piece)) resolve();
            else reject(new Error(`piece ${piece} begins and the journal does not say so`));
          }),
        ),
    );
    assert.deepEqual(order, [], 'not before it is told');
    await Promise.all(starting);
    assert.deepEqual(order, [1, 2, 3, 40]);
    assert.deepEqual([...(await loaded(store)).begun], order);
    const length = (await readFile(path)).length;
    // One record: type, length and checksum, the time, and two runs.
    assert.equal(length - before, 9 + 8 + 16);
    let again = false;
    journal.begin(2, () => {
      again = true;
    });
    assert.ok(again, 'what is told needs no telling');
    assert.equal((await readFile(path)).length, length);
  });

  it('tells ahead of pieces that will follow, which then begin at once', async (t) => {
    const { store, journal, path } = await open(t);
    let asked = 0;
    const soon = (): number[] => {
      asked++;
      return [5, 6, 7, 2];
    };
    await Promise.all([1, 2].map((piece) => new Promise<void>((go) => journal.begin(piece, go, soon))));
    assert.deepEqual([...(await loaded(store)).begun].sort(), [1, 2, 5, 6, 7]);
    const length = (await readFile(path)).length;
    let begun = 0;
    for (const piece of [5, 6, 7]) journal.begin(piece, () => begun++, soon);
    assert.equal(begun, 3);
    assert.equal(asked, 1, 'only when there is something to append');
    assert.equal((await readFile(path)).length, length);
  });

  it('lets no piece begin that is told ahead while the telling is on its way', async (t) => {
    const { journal, path } = await open(t);
    const first = new Promise<void>((go) => journal.begin(1, go, () => [2]));
    while (!journal.record.begun.has(2)) await Promise.resolve();
    const told = await new Promise<boolean>((go) =>
      journal.begin(2, () => {
        const reading = readJournal(fs.readFileSync(path));
        go(reading.kind === 'record' && reading.record.begun.has(2));
      }),
    );
    assert.equal(told, true, 'a kill now would leave a piece on disk that no start looks for');
    await first;
  });

  it('forgets what was cut off and goes on behind what is good', async (t) => {
    const { state, store, journal, path } = await open(t);
    await journal.add([{ type: 'have', pieces: [1] }]);
    await journal.add([{ type: 'have', pieces: [2] }]);
    await truncate(path, (await readFile(path)).length - 1);
    const { record: found, damaged } = await store.load(HASH);
    assert.deepEqual([found!.have.has(1), found!.have.has(2), damaged], [true, false, true]);
    const cut = await readFile(path);
    const again = (await new TorrentStore(state).openJournal(found!))!;
    t.after(() => again.close());
    await again.add([{ type: 'have', pieces: [3] }]);
    const { record: now, damaged: still } = await store.load(HASH);
    assert.deepEqual([now!.have.has(1), now!.have.has(3), now!.have.count, still], [true, true, 2, undefined]);
    assert.deepEqual(await readFile(`${path}.damaged`), cut);
  });

  it('is made short again, whole at every moment, and keeps the one before', async (t) => {
    const { store, journal, path } = await open(t);
    let longest = 0;
    for (let round = 0; round < 60; round++) {
      const pieces = Array.from({ length: 50 }, (_, index) => index * 2);
      // Many small records: what has to be known of them is short.
      await Promise.all(
        Array.from({ length: 20 }, () =>
          journal.add([
            { type: 'lost', pieces },
            { type: 'have', pieces },
          ]),
        ),
      );
      longest = Math.max(longest, (await readFile(path)).length);
      assert.equal((await loaded(store)).have.count, 50);
    }
    const short = (await readFile(path)).length;
    assert.ok(longest < 600_000, `it grew to ${longest}`);
    assert.ok(short < longest);
    const names = await readdir(join(path, '..'));
    assert.deepEqual(names.sort(), ['journal', 'journal.bak']);
    assert.equal((await loaded(store)).have.count, 50);
    await rm(path);
    assert.ok((await loaded(store)).have.count <= 50, 'the one before stands in for one that is missing');
  });

  it('has after a failed write everything the next one brings, and is never shorter for it', async (t) => {
    const { store, journal, path } = await open(t);
    await journal.add([{ type: 'have', pieces: [1] }]);
    const before = await readFile(path);
    const count = failing(t, 'write', 'ENOSPC', 1);
    await assert.rejects(journal.add([{ type: 'have', pieces: [2] }]), {
      code: 'ERR_STATE',
      reason: 'ENOSPC',
      message: /the disk is full.*--state/,
    });
    assert.ok(count.left <= 0);
    assert.deepEqual(await readFile(path), before);
    await begin(journal, 7);
    await journal.add([{ type: 'have', pieces: [3] }]);
    const found = await loaded(store);
    assert.deepEqual(
      [1, 2, 3, 4].map((piece) => found.have.has(piece)),
      [true, true, true, false],
    );
    assert.deepEqual([...found.begun], [7]);
  });

  it('never takes a failed sync for one that succeeded', async (t) => {
    const { store, journal, path } = await open(t);
    failing(t, 'fdatasync', 'EIO', 1);
    const { ino } = fs.statSync(path);
    await assert.rejects(journal.add([{ type: 'have', pieces: [2] }]), { code: 'ERR_STATE', reason: 'EIO' });
    await journal.add([{ type: 'have', pieces: [3] }]);
    assert.notEqual(fs.statSync(path).ino, ino, 'what was not synced is written anew, into another file');
    assert.equal((await loaded(store)).have.count, 2);
  });

  it('takes no descriptor while it rests', async (t) => {
    const state = await temporaryFolder(t);
    const files = new FilePool(4);
    const store = new TorrentStore(state, files);
    const journals = await Promise.all(
      Array.from({ length: 40 }, async (_, index) =>
        store.openJournal(record({ infoHash: index.toString(16).padStart(40, '0') })),
      ),
    );
    await Promise.all(journals.map((journal) => journal!.add([{ type: 'have', pieces: [1] }])));
    assert.ok(files.openCount <= 4, `${files.openCount} are open`);
    await Promise.all(journals.map((journal) => journal!.close()));
    assert.equal(files.openCount, 0);
  });
});

describe('the state of a torrent', () => {
  it('is its metadata and its journal, in a folder of its own', async (t) => {
    const { state, store, journal } = await open(t);
    await store.saveTorrent(HASH, Buffer.from('d4:infoe'));
    await journal.add([{ type: 'have', pieces: [0] }]);
    const found = await new TorrentStore(state).load(HASH);
    assert.equal(Buffer.from(found.torrent!).toString(), 'd4:infoe');
    assert.deepEqual((await readdir(join(state, 'torrents', HASH))).sort(), ['journal', 'meta.torrent']);
    await store.remove(HASH);
    assert.deepEqual(await store.load(HASH), {});
  });

  it('is checked anew when it is damaged, and the damage is kept', async (t) => {
    const { store, path } = await open(t);
    await store.saveTorrent(HASH, Buffer.from('meta'));
    const seen: Buffer[] = [];
    for (let round = 0; round < 3; round++) {
      const bytes = await readFile(path);
      bytes[20 + round]! ^= 1;
      await writeFile(path, bytes);
      seen.push(bytes);
      const { torrent, record: none, damaged } = await store.load(HASH);
      assert.deepEqual([none, damaged, torrent?.length], [undefined, true, 4]);
      await (await store.openJournal(record()))!.close();
      assert.ok((await store.load(HASH)).record !== undefined);
    }
    for (const [index, name] of ['', '-2', '-3'].entries())
      assert.deepEqual(await readFile(`${path}.damaged${name}`), seen[index]);
  });

  it('is not that of another torrent', async (t) => {
    const { state, store, path } = await open(t);
    const other = 'cd'.repeat(20);
    await mkdir(join(state, 'torrents', other), { recursive: true });
    await writeFile(join(state, 'torrents', other, 'journal'), await readFile(path));
    assert.equal((await store.load(other)).record, undefined);
  });

  it('is left alone when a newer version wrote it', async (t) => {
    const { store, path } = await open(t);
    const newer = Buffer.concat([encodeHeader(HASH, JOURNAL_VERSION + 1).bytes, Buffer.from('new things')]);
    await writeFile(path, newer);
    const refusal = { code: 'ERR_STATE', reason: 'newer_version', message: /newer Shoal \(format 2/ };
    await assert.rejects(store.load(HASH), refusal);
    await assert.rejects(store.openJournal(record()), refusal);
    assert.deepEqual(await readFile(path), newer);
  });

  it('is read from what was kept before there was a journal, and goes on as one', async (t) => {
    const state = await temporaryFolder(t);
    const store = new TorrentStore(state);
    const folder = join(state, 'torrents', HASH);
    await mkdir(folder, { recursive: true });
    const old = Buffer.from(OLD);
    await writeFile(join(folder, 'resume'), old);
    const expected = record({ have: Bitfield.from(Uint8Array.of(0xf0, 0x80), 9)!, downloaded: 9 });
    assert.deepEqual((await store.load(HASH)).record, expected);
    const journal = (await store.openJournal(expected))!;
    await journal.close();
    assert.deepEqual((await readdir(folder)).sort(), ['journal', 'resume.old']);
    assert.deepEqual((await store.load(HASH)).record, expected);
    await rm(join(folder, 'journal'));
    await writeFile(join(folder, 'resume'), OLD.replace('/data', '/date'));
    assert.equal((await store.load(HASH)).record, undefined, 'damaged');
    await writeFile(join(folder, 'resume'), OLD.replace('resume 1', 'resume 2'));
    await assert.rejects(store.load(HASH), { reason: 'newer_version' });
  });

  it('says which state directory it cannot use', async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, 'file'), '');
    const store = new TorrentStore(join(folder, 'file'));
    assert.deepEqual(await store.load(HASH), {});
    await assert.rejects(store.openJournal(record()), { code: 'ERR_STATE', message: /--state/ });
  });

  it('is not kept without a directory', async () => {
    const store = new TorrentStore(null);
    assert.equal(await store.openJournal(record()), undefined);
    await store.saveTorrent(HASH, Buffer.from('x'));
    assert.deepEqual(await store.load(HASH), {});
    assert.equal(store.folder(HASH), undefined);
  });

  it('is left as it is for a complete torrent until there is something new to say', async (t) => {
    const whole = () => record({ have: Bitfield.full(9), begun: new Set(), partials: new Map() });
    const { store, path, journal } = await open(t, whole());
    const totals = { type: 'totals', uploaded: whole().uploaded, downloaded: whole().downloaded } as const;
    await journal.add([totals, { type: 'closed' }]);
    await journal.close();
    const bytes = await readFile(path);
    const { ino } = await stat(path);
    const reopen = async (): Promise<Journal> => (await store.openJournal(whole(), await store.load(HASH)))!;
    const still = await reopen();
    await still.add([totals, { type: 'closed' }]);
    await still.close();
    assert.deepEqual(await readFile(path), bytes);
    assert.equal((await stat(path)).ino, ino, 'it was not written anew');
    const gave = await reopen();
    await gave.add([{ ...totals, uploaded: 77 }]);
    const { record: known } = await store.load(HASH);
    assert.deepEqual([known!.uploaded, known!.clean, known!.have.complete], [77, false, true]);
    await gave.add([{ type: 'closed' }]);
    await gave.close();
    assert.equal((await store.load(HASH)).record!.clean, true);
    const writes = (await store.openJournal({ ...whole(), uploaded: 77 }, await store.load(HASH)))!;
    await begin(writes, 3);
    await writes.close();
    const { record: begun } = await store.load(HASH);
    assert.deepEqual([[...begun!.begun], begun!.clean], [[3], false]);
  });

  it('is free of drafts that an earlier run did not finish', async (t) => {
    const { state, store, path } = await open(t);
    await appendFile(`${path}.77-aa.tmp`, 'half');
    await (await store.openJournal(record()))!.close();
    assert.deepEqual((await readdir(join(state, 'torrents', HASH))).sort(), ['journal', 'journal.bak']);
  });
});

/** Written by the version before the journal. */
const OLD =
  'shoal-resume 1 30aa28a9b810744252a91e895d8cf252283b7d7327cdb09b2c4a6e635c39de17\n' +
  '{"infoHash":"abababababababababababababababababababab","path":"/data/film","pieces":9,"have":"8IA=","files":[[1048576,"1700000000123456789","1152921504606846977"],null],"uploaded":5,"downloaded":9,"ours":true,"clean":false}\n';
