// What a torrent's user wants of its files, kept from before its metadata is known, and what that makes of its swarm's
// pieces. Knows nothing of disk and peers.

import type { Metainfo } from '../protocol/metainfo.ts';
import type { Swarm } from '../swarm/swarm.ts';
import { isWanted } from '../swarm/swarm-state.ts';
import { checkFilePriorities, contentBytes, piecePriorities, prioritiesOf } from './file-priorities.ts';
import type { AddOptions } from './types.ts';

export class TorrentSelection {
  readonly #swarm: Swarm;
  /** One a file, as far as the user has said. */
  #priorities: readonly number[] | undefined;
  #unwantedBytes = 0;

  /** Throws ERR_USAGE when something is no priority. */
  constructor(swarm: Swarm, priorities: readonly number[] | undefined) {
    checkFilePriorities(priorities ?? []);
    this.#swarm = swarm;
    this.#priorities = priorities;
  }

  get priorities(): readonly number[] | undefined {
    return this.#priorities;
  }

  /** Bytes of what is neither here nor to come. */
  get unwantedBytes(): number {
    return this.#unwantedBytes;
  }

  /**
   * The metadata is here: what `choose`, or else `files`, makes of it (`AddOptions`) counts where nothing was said by files.
   * Comes back with one priority a piece, or nothing when all are wanted alike. Throws ERR_USAGE when no file is meant.
   */
  resolve(metainfo: Metainfo, choose: AddOptions['choose'], files: AddOptions['files']): Uint8Array | undefined {
    if (choose !== undefined) this.#priorities ??= choose(metainfo);
    else if (files !== undefined) this.#priorities ??= prioritiesOf(metainfo, files);
    return this.#priorities === undefined ? undefined : piecePriorities(metainfo, this.#priorities);
  }

  /** Takes effect at once where the swarm has its pieces, else with them. Throws ERR_USAGE when something is no priority. */
  set(priorities: readonly number[], metainfo: Metainfo | undefined, now: number): void {
    checkFilePriorities(priorities);
    this.#priorities = [...priorities];
    if (metainfo === undefined || this.#swarm.view.content === undefined) return;
    this.#swarm.setPriorities(piecePriorities(metainfo, priorities), now);
    this.count(metainfo);
  }

  isUnwanted(piece: number): boolean {
    const { content } = this.#swarm.view;
    return content !== undefined && !content.ledger.have.has(piece) && !isWanted(content, piece);
  }

  /** Call when what is here or wanted has changed other than by pieces that arrive. */
  count(metainfo: Metainfo): void {
    this.#unwantedBytes =
      this.#priorities === undefined ? 0 : contentBytes(metainfo, (piece) => this.isUnwanted(piece));
  }
}
