// A value that components can share and that renders them again when it changes.

import { useEffect, useReducer, useRef } from 'preact/hooks';

export interface Store<T> {
  get(): T;
  set(value: T): void;
  change(how: (value: T) => T): void;
  /** Within a component: the value, or what `select` takes of it. */
  use(): T;
  use<S>(select: (value: T) => S): S;
}

export function createStore<T>(initial: T, onChange?: (value: T) => void): Store<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  const set = (next: T): void => {
    if (Object.is(next, value)) return;
    value = next;
    onChange?.(value);
    for (const listener of listeners) listener();
  };
  function use<S>(select: (value: T) => S = (all) => all as unknown as S): S {
    const [, render] = useReducer((count: number) => count + 1, 0);
    const taken = select(value);
    const last = useRef({ taken, select });
    last.current = { taken, select };
    useEffect(() => {
      const look = (): void => {
        if (!Object.is(last.current.select(value), last.current.taken)) render(undefined);
      };
      listeners.add(look);
      look();
      return () => void listeners.delete(look);
    }, []);
    return taken;
  }
  return { get: () => value, set, change: (how) => set(how(value)), use };
}
