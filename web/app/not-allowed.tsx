// For who has no cookie: how to get in, and a field for the token.

import { useState } from 'preact/hooks';
import { DaemonProblem } from '../../src/api/daemon-events.ts';
import { openFeed } from '../data/feed.ts';
import { login } from './login.ts';
import './not-allowed.css';

export function NotAllowed() {
  const [token, setToken] = useState('');
  const [failure, setFailure] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setFailure(undefined);
    try {
      // Pasted with the address around it, as often as not.
      await login(token.trim().replace(/^.*#token=/, ''));
      openFeed();
    } catch (error) {
      setFailure(
        error instanceof DaemonProblem && error.status === 401 ? 'This is not its token.' : (error as Error).message,
      );
      setBusy(false);
    }
  };
  return (
    <main class="not-allowed">
      <form onSubmit={(event) => void submit(event)}>
        <h1>Shoal</h1>
        <p>
          This page belongs to whoever runs the daemon. Open the address that <code>shoal daemon</code> printed when it
          started, or paste the token at its end.
        </p>
        <label for="token">Token</label>
        <div class="not-allowed-row">
          <input
            id="token"
            class="field mono"
            type="password"
            autocomplete="current-password"
            required
            maxLength={512}
            value={token}
            aria-describedby="token-hint"
            aria-invalid={failure !== undefined}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
          <button type="submit" class="button main" disabled={busy || token.trim() === ''}>
            Open
          </button>
        </div>
        <p role="alert" class="danger">
          {failure}
        </p>
        <p id="token-hint" class="quiet small">
          It is kept in <code>daemon/api.token</code> of the daemon's state directory, for its user only:{' '}
          <code>cat ~/.local/state/shoal/daemon/api.token</code>
        </p>
      </form>
    </main>
  );
}
