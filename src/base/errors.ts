// The one catalog of coded errors. Every failure a user or a program can meet has a code here and the exit code the
// command line ends with. Never throw a bare Error for something a user, a file or a peer can cause.

/** Process exit codes of the command line. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  notInCatalog: 3,
  noPeer: 4,
  badData: 5,
  disk: 6,
  trackerUnreachable: 7,
  refused: 8,
  interrupted: 130,
  terminated: 143,
} as const;

/** Each code with the exit code it leads to. Codes are stable: scripts compare them. */
const CATALOG = {
  // anything else
  ERR_INTERNAL: EXIT.failed,
  ERR_USAGE: EXIT.usage,
  ERR_CONFIG: EXIT.usage,
  ERR_NOT_FOUND: EXIT.failed,
  ERR_INTERRUPTED: EXIT.interrupted,
  ERR_TERMINATED: EXIT.terminated,
  // metadata: .torrent files, magnets, bencode; `reason` says which defect
  ERR_BENCODE: EXIT.failed,
  ERR_METAINFO: EXIT.failed,
  ERR_MAGNET: EXIT.failed,
  // peers and wire
  ERR_WIRE: EXIT.failed,
  ERR_LISTEN: EXIT.failed,
  ERR_NO_PEER: EXIT.noPeer,
  ERR_BAD_DATA: EXIT.badData,
  // disk
  ERR_DISK: EXIT.disk,
  ERR_DISK_FULL: EXIT.disk,
  ERR_DISK_READ_ONLY: EXIT.disk,
  ERR_DISK_MISSING: EXIT.disk,
  ERR_DESTINATION: EXIT.failed,
  ERR_DESTINATION_ESCAPES: EXIT.disk,
  ERR_SOURCE: EXIT.disk,
  ERR_LOCKED: EXIT.failed,
  ERR_STATE: EXIT.disk,
  // the daemon: not running, not reachable, or not answering as it should
  ERR_DAEMON: EXIT.failed,
  // trackers and the catalog
  ERR_TRACKER_UNREACHABLE: EXIT.trackerUnreachable,
  ERR_TRACKER_REPLY: EXIT.trackerUnreachable,
  ERR_NOT_IN_CATALOG: EXIT.notInCatalog,
  ERR_NAME_TAKEN: EXIT.refused,
  ERR_PUBLISHER_CHANGED: EXIT.refused,
  ERR_ROLLBACK: EXIT.refused,
  ERR_SIGNATURE: EXIT.refused,
  ERR_NOT_ALLOWED: EXIT.refused,
  ERR_QUOTA: EXIT.refused,
  ERR_NAME: EXIT.usage,
} as const;

export type ErrorCode = keyof typeof CATALOG;

export interface ErrorDetail {
  /** A finer, machine-readable reason inside the code, such as `bad_piece_length` or `packet_too_large`. */
  reason?: string;
  cause?: unknown;
}

/** The only error class thrown on purpose. The message says what happened, to what, and what the user can do. */
export class ShoalError extends Error {
  readonly code: ErrorCode;
  readonly reason: string | undefined;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'ShoalError';
    this.code = code;
    this.reason = detail.reason;
  }

  get exitCode(): number {
    return CATALOG[this.code];
  }
}

/** Whether a text from elsewhere, such as a reply, is one of the codes. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(CATALOG, text);
}
