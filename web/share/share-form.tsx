// What is about to be shared: its name, checked as one types, whether it is published, and the button that begins.

import { useState } from 'preact/hooks';
import { DaemonProblem } from '../../src/api/daemon-events.ts';
import { formatSize } from '../../src/base/quantity.ts';
import { api } from '../data/api.ts';
import { useFeed } from '../data/feed.ts';
import { type Draft, draft, nameOf } from './draft.ts';
import { useNameCheck } from './name-check.ts';
import { send } from './sending.ts';
import './share-form.css';

export function ShareForm({ what }: { what: Draft }) {
  const trackers = useFeed(({ session }) => session?.trackers) ?? [];
  const [name, setName] = useState(nameOf(what));
  const [chosen, setChosen] = useState(true);
  const [keptAs, setKeptAs] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string>();
  const publish = chosen && trackers.length > 0;
  const check = useNameCheck(name, publish);
  const blocked = check.state === 'bad' || check.state === 'taken';

  const submit = async (): Promise<void> => {
    setBusy(true);
    setFailure(undefined);
    const terms = { name: name.normalize('NFC'), publish };
    try {
      if (what.kind === 'path') await api.share({ body: { path: what.path, ...terms } });
      else await send(what.picked, keptAs ?? nameOf(what), terms);
      draft.set(undefined);
    } catch (error) {
      setBusy(false);
      setFailure((error as Error).message);
      if (error instanceof DaemonProblem && (error.code === 'ERR_DESTINATION' || error.code === 'ERR_NAME'))
        setKeptAs((before) => before ?? nameOf(what));
    }
  };

  return (
    <form
      class="share-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!blocked && !busy) void submit();
      }}
    >
      <p class="share-what">
        <strong>
          <bdi>{nameOf(what)}</bdi>
        </strong>{' '}
        <span class="quiet">{describe(what)}</span>
      </p>
      <label>
        Name
        <input
          class="field"
          value={name}
          spellcheck={false}
          autocomplete="off"
          aria-describedby="share-name-check"
          aria-invalid={blocked}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <p id="share-name-check" class={`share-check small ${blocked ? 'danger' : 'quiet'}`} role="status">
        {check.text}
      </p>
      <label class="share-choice">
        <input
          type="checkbox"
          checked={publish}
          disabled={trackers.length === 0}
          onChange={(event) => setChosen(event.currentTarget.checked)}
        />
        <span>
          In the catalog{' '}
          <span class="quiet small">
            {trackers.length > 0 ? `of ${trackers.join(', ')}` : '(this daemon has no tracker)'}
          </span>
        </span>
      </label>
      {keptAs !== undefined && (
        <label>
          Kept on the daemon's disk as
          <input class="field" value={keptAs} onInput={(event) => setKeptAs(event.currentTarget.value)} />
        </label>
      )}
      {failure !== undefined && (
        <p class="danger" role="alert">
          {failure}
        </p>
      )}
      <div class="share-buttons">
        <button type="submit" class="button main" disabled={blocked || busy}>
          Share
        </button>
        <button type="button" class="button" onClick={() => draft.set(undefined)}>
          Cancel
        </button>
      </div>
    </form>
  );
}

function describe(what: Draft): string {
  if (what.kind === 'path') return `stays where it is: ${what.path}`;
  const { files, size } = what.picked;
  return files.length === 1 ? formatSize(size) : `${files.length} files, ${formatSize(size)}`;
}
