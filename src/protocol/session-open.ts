// The bytes a peer signs to open a session with a tracker, the same on both sides. Pure: signing is done elsewhere.

import { concatBytes } from '../base/bytes.ts';
import { encodeLatin1 } from '../base/utf8.ts';
import { encode } from './bencode.ts';

export interface SessionOpen {
  /** Raw ed25519 public key, 64 hex digits. */
  publisher: string;
  /** Where this peer listens. */
  port: number;
  /** Epoch seconds by the peer's clock. */
  timestamp: number;
  /** Random, 32 hex digits: never used twice by one key. */
  nonce: string;
}

const PREFIX = encodeLatin1('shoal-session-v1\0');

/** The prefix, so that the signature can mean nothing else, and a canonical bencoded dictionary of all four fields. */
export function sessionOpenBytes(open: SessionOpen): Uint8Array {
  const { publisher, port, timestamp, nonce } = open;
  return concatBytes([PREFIX, encode({ publisher, port, timestamp, nonce })]);
}
