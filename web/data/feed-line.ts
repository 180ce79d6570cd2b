// A `fetch` that notices when the other side has fallen silent: the daemon says something at least every fifteen seconds,
// and a machine that slept does not learn by itself that its connection is gone.

import type { Fetch } from '../../src/api/http-call.ts';

const SILENCE = 40_000;
const LOOK_EVERY = 5_000;

export interface WatchedFetch {
  fetch: Fetch;
  /** Aborts with `outer`, and after too long a silence. */
  signal: AbortSignal;
  stop(): void;
}

export function watchedFetch(outer: AbortSignal): WatchedFetch {
  const silent = new AbortController();
  let heard = Date.now();
  const timer = setInterval(() => {
    if (Date.now() - heard > SILENCE) silent.abort(new Error('The daemon has fallen silent.'));
  }, LOOK_EVERY);
  return {
    async fetch(url, init) {
      const response = await fetch(url, init);
      const { ok, status, body } = response;
      if (body === null) return { ok, status, url, body: null };
      const reader = body.getReader();
      const read = async () => {
        const part = await reader.read();
        heard = Date.now();
        return part;
      };
      return { ok, status, url, body: { getReader: () => ({ read, cancel: () => reader.cancel() }) } };
    },
    signal: AbortSignal.any([outer, silent.signal]),
    stop: () => clearInterval(timer),
  };
}
