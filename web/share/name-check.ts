// Whether a name can be had in the catalog, asked a moment after the last key.

import { useEffect, useState } from 'preact/hooks';
import { DaemonProblem } from '../../src/api/daemon-events.ts';
import { catalogName } from '../../src/protocol/names.ts';
import { api } from '../data/api.ts';

export interface NameCheck {
  /** `unknown`: nobody could be asked, and the daemon decides when it shares. */
  state: 'bad' | 'asking' | 'free' | 'own' | 'taken' | 'unknown';
  text: string;
}

const AFTER_KEY = 200;
const ASKING: NameCheck = { state: 'asking', text: 'Looking whether it is free…' };

/** `wanted` false: it is not to be published, and only has to be a name. */
export function useNameCheck(name: string, wanted: boolean): NameCheck {
  const bad = wordsAgainst(name);
  const [known, setKnown] = useState<{ name: string; check: NameCheck }>();
  useEffect(() => {
    if (bad !== undefined || !wanted) return undefined;
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      const check = await ask(name, stop.signal);
      if (!stop.signal.aborted) setKnown({ name, check });
    }, AFTER_KEY);
    return () => {
      clearTimeout(timer);
      stop.abort(new Error('another name'));
    };
  }, [name, bad, wanted]);
  if (bad !== undefined) return { state: 'bad', text: bad };
  if (!wanted) return { state: 'free', text: 'Only the link leads to it.' };
  return known?.name === name ? known.check : ASKING;
}

async function ask(name: string, signal: AbortSignal): Promise<NameCheck> {
  try {
    const { own, seq, publisher } = await api.catalogEntry({ params: { name }, query: {}, signal });
    if (own) return { state: 'own', text: `It is yours: this becomes version ${seq + 1}.` };
    return { state: 'taken', text: `It belongs to ${publisher.slice(0, 8)}. Choose another one.` };
  } catch (error) {
    if (error instanceof DaemonProblem && error.status === 404)
      return error.reason === 'no_tracker'
        ? { state: 'unknown', text: 'This daemon has no tracker: only the link leads to it.' }
        : { state: 'free', text: 'It is free.' };
    return { state: 'unknown', text: `Whether it is free is not known: ${(error as Error).message}` };
  }
}

function wordsAgainst(name: string): string | undefined {
  try {
    catalogName(name);
    return undefined;
  } catch (error) {
    // What follows is for the command line.
    return (error as Error).message.replace(/; choose another with --name\.$/, '.');
  }
}
