// One setting of the daemon for a field: what it is, whether it can be changed here, and what became of the last change.

import { type Dispatch, type StateUpdater, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Settings, SettingsChange } from '../../src/api/settings-schemas.ts';
import { api } from '../data/api.ts';
import { useFeed } from '../data/feed.ts';

export interface Setting<T> {
  value: T;
  /** What fixed it; undefined: it can be changed. */
  lockedBy: string | undefined;
  note: Note | undefined;
  /** At the daemon, at once. True when it took it. */
  save(value: T): Promise<boolean>;
  /** What cannot even be sent. */
  refuse(message: string): void;
}

export interface Note {
  kind: 'saving' | 'saved' | 'failed';
  text: string;
}

const STAYS = 4_000;
/** By then the daemon has told what it took. */
const SETTLES = 3_000;

/** Undefined while the daemon has not said what it is. */
export function useSetting<K extends keyof Settings>(name: K): Setting<Settings[K]> | undefined {
  // As text, so that a list that is told again is the same one.
  const told = useFeed(({ session }) => session && JSON.stringify(session.settings[name]));
  const value = useMemo(() => (told === undefined ? undefined : (JSON.parse(told) as Settings[K])), [told]);
  const lockedBy = useFeed(({ session }) => session?.locked.find((each) => each.name === name)?.by);
  const [note, setNote] = useState<Note>();
  const calls = useRef(0);
  useEffect(() => {
    if (note?.kind !== 'saved') return undefined;
    const timer = setTimeout(() => setNote(undefined), STAYS);
    return () => clearTimeout(timer);
  }, [note]);
  if (value === undefined) return undefined;
  const save = async (next: Settings[K]): Promise<boolean> => {
    const call = ++calls.current;
    setNote({ kind: 'saving', text: 'Saving…' });
    try {
      await api.changeSettings({ body: { [name]: next } as SettingsChange });
      if (call === calls.current) setNote({ kind: 'saved', text: 'Saved; it holds from now on.' });
      return true;
    } catch (error) {
      if (call === calls.current) setNote({ kind: 'failed', text: sayPlainly((error as Error).message) });
      return false;
    }
  };
  const refuse = (text: string): void => {
    // What a call before it comes to is not to be said over it.
    calls.current++;
    setNote({ kind: 'failed', text });
  };
  return { value, lockedBy, note, save, refuse };
}

/** What was just chosen, until the daemon has it. */
export function useDraft<T>(value: T | undefined): [T | undefined, Dispatch<StateUpdater<T | undefined>>] {
  const [draft, setDraft] = useState<T>();
  useEffect(() => {
    if (draft === undefined) return undefined;
    // What is told meanwhile may be from before the last change; in the end it is what the daemon made of it.
    const same = JSON.stringify(draft) === JSON.stringify(value);
    const timer = setTimeout(() => setDraft(undefined), same ? 0 : SETTLES);
    return () => clearTimeout(timer);
  }, [draft, value]);
  return [draft, setDraft];
}

/** Beside the field, its place in the request says nothing. */
function sayPlainly(message: string): string {
  return message
    .replace(/^body\/\w+ /, 'It ')
    .replace('<=', 'at most')
    .replace('>=', 'at least');
}
