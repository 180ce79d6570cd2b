// The one way the wire codecs refuse what a peer sent. The reason is the machine-readable part and stays stable.

import { ShoalError } from '../../base/errors.ts';

/** An ERR_WIRE error: `reason` such as `invalid_have`, `what` a clause that completes "the peer …". */
export function violation(reason: string, what: string): ShoalError {
  return new ShoalError('ERR_WIRE', `the peer ${what} (${reason}); the connection is closed`, { reason });
}
