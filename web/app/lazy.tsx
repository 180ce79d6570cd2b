// A part of the page: there from the beginning, or fetched when it is first opened. Says so when it cannot be had: after an
// update of the daemon its parts have other names, and the page has to be loaded anew.

import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** What draws a part; `() => import('./part.tsx')` for those that are fetched when they are opened. */
export type Source = { Part: ComponentType } | { load: Load };
type Load = () => Promise<{ default: ComponentType }>;

const loaded = new Map<Load, ComponentType>();

export function Lazy({ source }: { source: Source }) {
  return 'Part' in source ? <source.Part /> : <Fetched load={source.load} />;
}

function Fetched({ load }: { load: Load }) {
  const [failed, setFailed] = useState(false);
  const [, render] = useState(0);
  const Part = loaded.get(load);
  useEffect(() => {
    if (Part !== undefined || failed) return;
    load().then(
      (part) => {
        loaded.set(load, part.default);
        render((count) => count + 1);
      },
      () => setFailed(true),
    );
  }, [load, failed, Part]);
  if (Part !== undefined) return <Part />;
  if (!failed) return <div class="lazy" aria-busy="true" />;
  return (
    <div class="lazy-failed">
      <p>This part of the page could not be loaded from the daemon.</p>
      <button type="button" class="button" onClick={() => location.reload()}>
        Load the page anew
      </button>
    </div>
  );
}
