// How much one heartbeat of a session may carry. Apart from the schemas, so that a peer needs no schema library.

/** Torrents that one heartbeat may tell of; whoever has more sends several. */
export const MAX_REPORTS = 1000;
/** Ranges that one report may add; whoever has more sends the whole. */
export const MAX_RANGES = 1000;
