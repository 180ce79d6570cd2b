// Trades the token in the address for a cookie, and takes it out of the address and the history before anything else.

import { api } from '../data/api.ts';

/** The token behind `#token=`, which is gone from the address afterwards. */
export function takeToken(): string | undefined {
  const match = /^#token=([^&]*)/.exec(location.hash);
  if (match === null) return undefined;
  history.replaceState(null, '', location.pathname);
  return decodeURIComponent(match[1]!);
}

/** Throws what the daemon says against it. */
export async function login(token: string): Promise<void> {
  await api.login({ body: { token } });
}
