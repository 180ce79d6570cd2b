// The API on a page: what calls there are, and of each what it takes and gives.

import { useState } from 'preact/hooks';
import { CallDetails } from './call-details.tsx';
import { type ApiDocument, groupCalls, matches } from './document.ts';
import './reference.css';

export function Reference({ api, source }: { api: ApiDocument; source: string }) {
  const [words, setWords] = useState('');
  const { info, servers } = api;
  const groups = groupCalls(api)
    .map(({ name, calls }) => ({ name, calls: calls.filter((call) => matches(call, words)) }))
    .filter(({ calls }) => calls.length > 0);
  return (
    <main class="reference">
      <h1>
        {info.title} <span class="quiet">{info.version}</span>
      </h1>
      <p>{info.description}</p>
      <p class="quiet small">
        Below <span class="mono">{servers[0]?.url}</span>, as <a href={source}>OpenAPI 3.1</a>. What goes wrong is told
        as a problem document (RFC 9457).
      </p>
      <input
        class="field"
        type="search"
        placeholder="Look for a call"
        aria-label="Look for a call"
        value={words}
        onInput={(event) => setWords(event.currentTarget.value)}
      />
      {groups.map(({ name, calls }) => (
        <section key={name} aria-label={name}>
          <h2>{name}</h2>
          {calls.map((call) => (
            <CallDetails key={`${call.method} ${call.path}`} call={call} />
          ))}
        </section>
      ))}
      {groups.length === 0 && <p class="quiet">No call is like “{words}”.</p>}
    </main>
  );
}

/** `allowed`: the document may be had, but did not come. */
export function NotShown({ allowed, reason }: { allowed: boolean; reason: string }) {
  return (
    <main class="reference">
      <h1>The API is not shown</h1>
      {allowed ? (
        <p>Its document could not be loaded: {reason}.</p>
      ) : (
        <p>
          It is for those who have the daemon's token: <a href="/">open the page</a> with it first, then load this one
          anew.
        </p>
      )}
    </main>
  );
}
