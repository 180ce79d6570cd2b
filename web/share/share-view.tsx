// Sharing: how to begin, what is about to be shared, and what is under way or done.

import { useState } from 'preact/hooks';
import { useFeed } from '../data/feed.ts';
import { DirectoryList } from './directory-list.tsx';
import { draft, nameOf } from './draft.ts';
import { PickButtons } from './pick-buttons.tsx';
import { sendings } from './sending.ts';
import { ShareForm } from './share-form.tsx';
import { ShareJobs } from './share-jobs.tsx';
import './share-view.css';

export default function ShareView() {
  const what = draft.use();
  const [browsing, setBrowsing] = useState(false);
  const under = useFeed(({ uploads, shares }) => uploads.length + shares.length);
  const sending = sendings.use(({ length }) => length);
  return (
    <div class="share">
      {what === undefined ? (
        <>
          {under + sending === 0 && <FirstShare />}
          <div class="share-buttons share-begin">
            <PickButtons />
            <button type="button" class="button" aria-expanded={browsing} onClick={() => setBrowsing(!browsing)}>
              On the daemon's machine…
            </button>
          </div>
          {browsing && <DirectoryList />}
        </>
      ) : (
        <ShareForm key={nameOf(what)} what={what} />
      )}
      <ShareJobs />
    </div>
  );
}

/** Three lines that get a file shared. */
function FirstShare() {
  return (
    <ol class="share-first">
      <li>Drop a file or a folder anywhere on this page, or choose one here.</li>
      <li>Give it a name that others find it by.</li>
      <li>Hand on the link. Who fetches it shares it, too.</li>
    </ol>
  );
}
