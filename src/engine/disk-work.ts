// Has a torrent's disk do what its swarm decided, and tells the swarm how that went. Knows neither peers nor trackers.

import type { StoreResult } from '../io/disk/piece-writer.ts';
import type { Command, StoreExtent, SwarmEvent } from '../swarm/commands.ts';
import type { Swarm } from '../swarm/swarm.ts';
import type { TorrentDisk } from './torrent-disk.ts';

/** The commands that are the disk's. */
export type DiskCommand = Extract<Command, { type: 'commitPiece' | 'storeExtent' | 'verifyPiece' | 'forgetPiece' }>;

export interface DiskWorkContext {
  readonly swarm: Swarm;
  readonly clock: () => number;
  /** Carries out what the swarm has decided. */
  settle(): void;
  /** The disk refused, or there is a mistake of ours: the torrent cannot go on, the process can. */
  onFailed(error: unknown): void;
}

export class DiskWork {
  readonly #context: DiskWorkContext;
  #disk: TorrentDisk | undefined;
  /** The swarm was told of something, and what it decided is about to be carried out. */
  #told = false;

  constructor(context: DiskWorkContext) {
    this.#context = context;
  }

  /** The disk is checked: commands come from now on. */
  open(disk: TorrentDisk): void {
    this.#disk = disk;
  }

  carryOut(command: DiskCommand): void {
    const disk = this.#disk!;
    switch (command.type) {
      case 'commitPiece': {
        const { piece, offset, digests } = command;
        disk.commit(piece, offset, digests, (result) => this.#settlePiece(piece, result));
        return;
      }
      case 'storeExtent':
        disk.storeExtent(command, (result) => {
          this.#extentDone(command, result);
          if (!result.ok && result.kind === 'disk') this.#context.onFailed(result.error);
        });
        return;
      case 'verifyPiece': {
        const { piece, digests } = command;
        disk.verify(piece, digests, (result) => this.#settlePiece(piece, result));
        return;
      }
      case 'forgetPiece':
        disk.forget(command.piece);
        return;
      default:
        command satisfies never;
    }
  }

  /** What has arrived of unfinished pieces is kept for the next run. Everybody has left. */
  spill(): void {
    const disk = this.#disk;
    if (disk === undefined || disk.full !== undefined) return;
    for (const command of this.#context.swarm.spill())
      disk.spill(command, (result) => this.#extentDone(command, result));
  }

  #extentDone({ piece, extent }: StoreExtent, { ok }: StoreResult): void {
    this.#tell({ type: ok ? 'extentStored' : 'extentUnwritten', piece, extent });
  }

  #settlePiece(piece: number, result: StoreResult): void {
    if (!result.ok && result.kind === 'disk') {
      this.#tell({ type: 'pieceUnwritten', piece });
      this.#context.onFailed(result.error);
      return;
    }
    const digests = result.digests === undefined ? {} : { digests: result.digests };
    this.#tell({ type: result.ok ? 'pieceVerified' : 'pieceFailed', piece, ...digests });
  }

  /** A worker tells of many short pieces at once: what follows from all of them is carried out together. */
  #tell(event: SwarmEvent): void {
    try {
      this.#context.swarm.handle(event, this.#context.clock());
    } catch (error) {
      this.#context.onFailed(error);
    }
    if (this.#told) return;
    this.#told = true;
    queueMicrotask(() => {
      this.#told = false;
      this.#context.settle();
    });
  }
}
