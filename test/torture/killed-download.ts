// A download that is killed and run again: what each run must have left on disk, and what the next one must make of it.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { HashPool } from '../../src/io/disk/hash-pool.ts';
import { Storage } from '../../src/io/disk/storage.ts';
import { TorrentStore } from '../../src/io/stores/torrent-store.ts';
import type { Metainfo } from '../../src/protocol/metainfo.ts';
import { lastHave } from '../harness/jobs.ts';
import { range, type Sample, SampleSlab } from '../harness/sample-torrent.ts';
import { type ShoalProcess, temporaryDirectory } from '../harness/shoal.ts';
import { GoodPieces } from './good-pieces.ts';

export class KilledDownload {
  readonly destination: string;
  /** The program's own directory. */
  readonly state: string;
  readonly #good: GoodPieces;
  /** Pieces that were told to be had, by any run. */
  readonly #told = new Set<number>();
  /** Bytes on disk when the last run was over. */
  #onDisk = 0;

  private constructor(metainfo: Metainfo, destination: string, state: string) {
    this.destination = destination;
    this.state = state;
    this.#good = new GoodPieces(metainfo, destination);
  }

  /** In temporary directories; the torrent has one file. */
  static async make(metainfo: Metainfo): Promise<KilledDownload> {
    const destination = join(await temporaryDirectory(), 'copy');
    return new KilledDownload(metainfo, destination, await temporaryDirectory('state'));
  }

  /** Leaves every second piece on disk, as a run that was stopped in order does. Before the first run. */
  async beginHalf(metainfo: Metainfo, data: Uint8Array, pool: HashPool): Promise<void> {
    const { infoHash, pieceCount, pieceLength } = metainfo;
    const { storage } = await Storage.open({ metainfo, path: this.destination, pool });
    const store = new TorrentStore(this.state);
    const journal = (await store.openJournal(await storage.state({ uploaded: 0, downloaded: 0 })))!;
    storage.keep(journal);
    const piece = (index: number): Uint8Array => data.subarray(index * pieceLength, (index + 1) * pieceLength);
    const sample: Sample = { metainfo, data, pieceCount, piece, contents: new Map() };
    const pieces = range(pieceCount).filter((index) => index % 2 === 0);
    await new SampleSlab(sample, pool).commitAll(storage, pieces);
    await storage.close();
    await storage.flush([{ type: 'closed' }]);
    await journal.close();
    const { record } = await store.load(infoHash);
    assert.equal(record?.have.count, pieces.length);
    for (const index of pieces) this.#told.add(index);
    this.#onDisk = this.#good.look();
  }

  /**
   * Holds a run with --verbose that is over to what was on disk before it and to what is there now. True when it said that
   * it went on with what another had left. `where` names it in failures.
   */
  judge(run: ShoalProcess, where: string): boolean {
    const first = run.all('progress')[0] ?? run.all('done')[0];
    if (first !== undefined)
      assert.equal(first.reused, this.#onDisk, `${where}: what was on disk is taken, all of it and no more`);
    for (const { index } of run.all('piece')) {
      assert.ok(!this.#told.has(Number(index)), `${where}: piece ${index} was verified before and is fetched again`);
      this.#told.add(Number(index));
    }
    const onDisk = this.#good.look();
    assert.ok(onDisk >= this.#onDisk, `${where}: nothing good is damaged`);
    assert.ok(onDisk >= lastHave(run), `${where}: ${lastHave(run)} bytes were reported, ${onDisk} are there`);
    this.#onDisk = onDisk;
    return Number(first?.reused ?? 0) > 0;
  }
}
