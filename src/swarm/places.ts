// Where blocks lie between the socket and the disk: the port through which a ledger gets room for an extent. The engine
// cuts a slab that all torrents of a session share; a ledger knows offsets and nothing of what is behind them.

export interface Places {
  /** Offset in the slab of room for one extent, or -1 when there is none now. */
  take(): number;
  /** Gives back what `take` gave. Nothing may write there any more. */
  give(offset: number): void;
  /** How many could be taken now. */
  readonly free: number;
}
