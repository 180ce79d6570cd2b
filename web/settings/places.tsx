// What was decided when the daemon was started and holds until it is started again: directories, addresses, trackers. Shown
// with the flag that decides it.

import type { ComponentChildren } from 'preact';
import { formatSize } from '../../src/base/quantity.ts';
import { useFeed } from '../data/feed.ts';

export function Places() {
  const session = useFeed(({ session }) => session);
  if (session === undefined) return null;
  const { downloads, shareRoot, roots, free } = session;
  const others = roots.filter((root) => root !== downloads && root !== shareRoot);
  return (
    <>
      <Fact label="Downloads" flag="--downloads">
        <Values values={[downloads]} />
        <span class="quiet"> {formatSize(free)} free</span>
      </Fact>
      <Fact label="What is sent to it" flag="--share-root">
        <Values values={[shareRoot]} />
      </Fact>
      <Fact label="Other directories" flag="--allow">
        <Values values={others} none="none: data stays below the two above" />
      </Fact>
    </>
  );
}

export function Connections() {
  const session = useFeed(({ session }) => session);
  if (session === undefined) return null;
  const { listen, port, trackers } = session;
  return (
    <>
      <Fact label="Peers reach it at" flag="--listen">
        <Values values={listen} none={`port ${port}`} />
      </Fact>
      <Fact label="Trackers" flag="--tracker">
        <Values values={trackers} none="none: only those that a link or a .torrent names" />
      </Fact>
    </>
  );
}

function Fact({ label, flag, children }: { label: string; flag: string; children: ComponentChildren }) {
  return (
    <div class="setting">
      <span class="setting-label">{label}</span>
      <div class="setting-control setting-fact">{children}</div>
      <p class="setting-hint small quiet">
        Set when the daemon starts: <span class="mono">{flag}</span>
      </p>
    </div>
  );
}

function Values({ values, none = '' }: { values: readonly string[]; none?: string }) {
  if (values.length === 0) return <span class="quiet">{none}</span>;
  return (
    <ul>
      {values.map((value) => (
        <li key={value} class="mono">
          {value}
        </li>
      ))}
    </ul>
  );
}
