// Keeps a media element on its track: begins where it was when the address had to be renewed, goes on by itself when the daemon
// is back, and finds out why it stopped.

import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useFeed } from '../data/feed.ts';
import type { Track } from './player.ts';
import { useStreamPath } from './stream-paths.ts';
import type { Trouble } from './trouble.tsx';

export interface Playback {
  path: string | undefined;
  trouble: Trouble | undefined;
  /** Begins again where it was. */
  retry(): void;
}

/** How often in a row the address is renewed because the daemon does not know it. */
const TRIES = 3;

export function usePlayback(media: RefObject<HTMLMediaElement | null>, track: Track): Playback {
  const { path, failure, renew } = useStreamPath(track);
  const live = useFeed(({ link }) => link.state === 'live');
  const away = useFeed(({ link }) => link.state === 'away');
  const [trouble, setTrouble] = useState<Trouble>();
  const resumeAt = useRef(0);
  const tries = useRef(0);
  const id = `${track.infoHash} ${track.index}`;
  const retry = (): void => {
    const element = media.current;
    if (element !== null && element.currentTime > 0) resumeAt.current = element.currentTime;
    setTrouble(undefined);
    renew();
  };
  const latest = useRef({ retry, path });
  latest.current = { retry, path };
  useEffect(() => {
    resumeAt.current = 0;
    tries.current = 0;
    setTrouble(undefined);
  }, [id]);
  useEffect(() => {
    const element = media.current!;
    const onError = async (): Promise<void> => {
      const asked = latest.current.path;
      if (asked === undefined || !element.currentSrc.endsWith(asked)) return;
      const status = await statusOf(asked);
      if (latest.current.path !== asked) return;
      if (status === 404 && tries.current++ < TRIES) latest.current.retry();
      else if (status === undefined) setTrouble({ kind: 'away' });
      else setTrouble({ kind: 'format' });
    };
    const onReady = (): void => {
      if (resumeAt.current > 0 && resumeAt.current < element.duration) element.currentTime = resumeAt.current;
      resumeAt.current = 0;
      void element.play().catch(() => undefined);
    };
    const onPlaying = (): void => {
      tries.current = 0;
      setTrouble(undefined);
    };
    element.addEventListener('error', onError);
    element.addEventListener('loadedmetadata', onReady);
    element.addEventListener('playing', onPlaying);
    return () => {
      element.removeEventListener('error', onError);
      element.removeEventListener('loadedmetadata', onReady);
      element.removeEventListener('playing', onPlaying);
    };
  }, [media, track.kind]);
  const was = useRef(live);
  useEffect(() => {
    const back = live && !was.current;
    was.current = live;
    const { path: asked, retry: again } = latest.current;
    // A daemon that was started anew knows no address of the one before.
    if (back) void (asked === undefined ? again() : statusOf(asked).then((status) => status !== 200 && again()));
  }, [live]);
  const said: Trouble | undefined = failure === undefined ? trouble : { kind: 'said', text: failure };
  return { path, trouble: away ? { kind: 'away' } : said, retry };
}

/** Undefined: nobody answers. */
async function statusOf(path: string): Promise<number | undefined> {
  try {
    return (await fetch(path, { method: 'HEAD', cache: 'no-store' })).status;
  } catch {
    return undefined;
  }
}
