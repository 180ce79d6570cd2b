// The way out: this browser forgets that it may look. And which daemon it is.

import { attempt } from '../app/notices.tsx';
import { api } from '../data/api.ts';
import { useFeed } from '../data/feed.ts';
import { When } from '../format/when.tsx';

export function ThisBrowser() {
  const session = useFeed(({ session }) => session);
  const signOut = async (): Promise<void> => {
    // What is still shown goes with the page.
    if (await attempt(api.logout({}))) location.reload();
  };
  return (
    <>
      <div class="setting">
        <span class="setting-label">This browser</span>
        <div class="setting-control">
          <button type="button" class="button" onClick={() => void signOut()}>
            Sign out
          </button>
        </div>
        <p class="setting-hint small quiet">
          To come back, open the address that the daemon printed, or paste its token.
        </p>
      </div>
      {session !== undefined && (
        <p class="settings-about small quiet">
          Shoal {session.version}, started <When at={session.started} />
        </p>
      )}
    </>
  );
}
