// Short messages about what was done or could not be, for sighted readers and for those who listen. A failure stays until
// it is taken away.

import { createStore } from '../data/store.ts';
import './notices.css';

interface Notice {
  id: number;
  text: string;
  failed: boolean;
}

const STAYS = 5_000;
const notices = createStore<readonly Notice[]>([]);
let last = 0;

export function notify(text: string, failed = false): void {
  const id = ++last;
  notices.change((all) => [...all.slice(-3), { id, text, failed }]);
  if (!failed) setTimeout(() => dismiss(id), STAYS);
}

function dismiss(id: number): void {
  notices.change((all) => all.filter((each) => each.id !== id));
}

/** Does something at the daemon and says so: `done` when it worked, else what went wrong. True when it worked. */
export async function attempt(work: Promise<unknown>, done?: string): Promise<boolean> {
  try {
    await work;
    if (done !== undefined) notify(done);
    return true;
  } catch (error) {
    notify((error as Error).message, true);
    return false;
  }
}

export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.use().map(({ id, text, failed }) => (
        <div key={id} class={failed ? 'notice failed' : 'notice'}>
          <span>{text}</span>
          <button type="button" class="button plain" aria-label="Dismiss" onClick={() => dismiss(id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
