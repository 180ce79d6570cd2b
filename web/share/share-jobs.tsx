// What is being sent and shared, and what was: how far it is, and the link when it is done.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { ShareRow, UploadRow } from '../../src/api/share-schemas.ts';
import { formatPercent, formatSize } from '../../src/base/quantity.ts';
import { attempt } from '../app/notices.tsx';
import { hrefOf } from '../app/route.ts';
import { LinkBox } from '../catalog/link-box.tsx';
import { api } from '../data/api.ts';
import { useFeed } from '../data/feed.ts';
import { Strip } from '../strip/strip.tsx';
import { draft } from './draft.ts';
import { partCells } from './part-cells.ts';
import { cancelSending, type Sending, sendings, sendOn } from './sending.ts';
import './share-jobs.css';

export function ShareJobs() {
  const own = sendings.use();
  const uploads = useFeed(({ uploads }) => uploads);
  const shares = useFeed(({ shares }) => shares);
  const [opened] = useState(Date.now);
  const others = uploads.filter(({ id }) => !own.some((each) => each.id === id));
  const newest = shares.toSorted((a, b) => b.started - a.started);
  return (
    <ul class="share-jobs" aria-label="What is being shared">
      {own.map((sending) => (
        <OwnUpload key={sending.id} sending={sending} row={uploads.find(({ id }) => id === sending.id)} />
      ))}
      {others.map((row) => (
        <OtherUpload key={row.id} row={row} />
      ))}
      {newest.map((row, index) => (
        <Share key={row.id} row={row} fresh={index === 0 && row.started > opened} />
      ))}
    </ul>
  );
}

function OwnUpload({ sending, row }: { sending: Sending; row: UploadRow | undefined }) {
  const { id, name, size, state, message } = sending;
  // What the daemon counts moves more smoothly than what it has confirmed.
  const sent = Math.max(sending.sent, row?.received ?? 0);
  const words = state === 'sending' ? `sending, ${formatSize(sent)} of ${formatSize(size)}` : (message ?? '');
  return (
    <li class="share-job">
      <Head name={name} words={state === 'cut' ? `${words}; it goes on by itself` : words} failed={state !== 'sending'}>
        {state === 'failed' && (
          <button type="button" class="button" onClick={() => void attempt(sendOn(id))}>
            Go on
          </button>
        )}
        <button type="button" class="button" onClick={() => void attempt(cancelSending(id), 'Cancelled.')}>
          Cancel
        </button>
      </Head>
      <Progress done={sent} size={size} what="sent" />
    </li>
  );
}

/** Of another page, or of this one before it was loaded anew: its bytes are not here until they are chosen again. */
function OtherUpload({ row }: { row: UploadRow }) {
  const { id, name, size, received } = row;
  return (
    <li class="share-job">
      <Head name={name} words={`${formatSize(received)} of ${formatSize(size)} have come; choose it again to go on`}>
        <button
          type="button"
          class="button"
          onClick={() => void attempt(api.cancelUpload({ params: { id } }), 'Cancelled.')}
        >
          Cancel
        </button>
      </Head>
      <Progress done={received} size={size} what="sent" />
    </li>
  );
}

function Share({ row, fresh }: { row: ShareRow; fresh: boolean }) {
  const { id, name, state, hashed, size, error, magnet, infoHash, leftOut, warnings } = row;
  const [open, setOpen] = useState(fresh);
  const ended = state === 'done' || state === 'failed';
  const cancel = (
    <button
      type="button"
      class="button"
      title={ended ? 'Off this list; what is shared goes on being shared' : undefined}
      onClick={() => void attempt(api.cancelShare({ params: { id } }))}
    >
      {ended ? 'Dismiss' : 'Cancel'}
    </button>
  );
  return (
    <li class="share-job">
      <Head
        name={name}
        href={infoHash === null ? undefined : hrefOf(['transfers', infoHash])}
        words={error?.message ?? wordsOf(row)}
        failed={state === 'failed'}
      >
        {state === 'failed' && (
          <button type="button" class="button" onClick={() => draft.set({ kind: 'path', path: row.path, name })}>
            Under another name…
          </button>
        )}
        {magnet !== null && (
          <button type="button" class="button" aria-expanded={open} onClick={() => setOpen(!open)}>
            Link
          </button>
        )}
        {cancel}
      </Head>
      {!ended && <Progress done={hashed} size={size} what="hashed" />}
      {[...warnings, ...(leftOut > 0 ? [`${leftOut} things in it cannot be shared and were left out.`] : [])].map(
        (warning) => (
          <p key={warning} class="warning small">
            {warning}
          </p>
        ),
      )}
      {open && magnet !== null && <LinkBox magnet={magnet} name={name} />}
    </li>
  );
}

interface HeadProps {
  name: string;
  href?: string | undefined;
  words: string;
  failed?: boolean;
  children: ComponentChildren;
}

function Head({ name, href, words, failed = false, children }: HeadProps) {
  return (
    <div class="share-job-head">
      <strong class="clip" title={name}>
        {href === undefined ? <bdi>{name}</bdi> : <a href={href}>{name}</a>}
      </strong>
      <span class={failed ? 'share-job-words warning' : 'share-job-words quiet'}>{words}</span>
      <span class="share-buttons">{children}</span>
    </div>
  );
}

function Progress({ done, size, what }: { done: number; size: number; what: string }) {
  const percent = size > 0 ? formatPercent(done, size) : '';
  return (
    <div class="share-job-progress">
      <Strip cells={partCells(done, size)} label={`${percent} ${what}`} />
      <span class="number small">{percent}</span>
    </div>
  );
}

function wordsOf({ state, size, version }: ShareRow): string {
  const words = {
    waiting: 'waits for those before it',
    hashing: size === 0 ? 'looking for its files' : `hashing ${formatSize(size)}`,
    publishing: 'publishing',
    failed: 'failed',
    done:
      version === null
        ? `shared by its link, ${formatSize(size)}`
        : `version ${version} in the catalog, ${formatSize(size)}`,
  };
  return words[state];
}
