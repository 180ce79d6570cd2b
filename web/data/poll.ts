// Asks the daemon again and again for as long as a component looks, never twice at a time, and not while the page is hidden.

import { useEffect, useRef, useState } from 'preact/hooks';
import { ShoalError } from '../../src/base/errors.ts';

export interface Polled<T> {
  /** The last answer; undefined until there is one. */
  value: T | undefined;
  /** Why the last question failed; undefined when it did not. */
  failure: ShoalError | undefined;
}

/** `key`: what is asked about; another key begins anew. `every`: milliseconds from an answer to the next question. */
export function usePoll<T>(key: string, every: number, call: (signal: AbortSignal) => Promise<T>): Polled<T> {
  const [state, setState] = useState<Polled<T> & { key: string }>({ key, value: undefined, failure: undefined });
  const latest = useRef(call);
  latest.current = call;
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      try {
        if (!document.hidden) {
          const value = await latest.current(stop.signal);
          if (!stop.signal.aborted) setState({ key, value, failure: undefined });
        }
      } catch (error) {
        if (stop.signal.aborted) return;
        const failure = error instanceof ShoalError ? error : new ShoalError('ERR_DAEMON', String(error));
        setState((before) => ({ key, value: before.key === key ? before.value : undefined, failure }));
      }
      if (!stop.signal.aborted) timer = setTimeout(() => void look(), every);
    };
    void look();
    return () => {
      stop.abort(new Error('not looked at any more'));
      clearTimeout(timer);
    };
  }, [key, every]);
  return state.key === key ? state : { value: undefined, failure: undefined };
}
