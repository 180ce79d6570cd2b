// What a media element does now, for components: the element is the truth, its events say when to look again.

import type { RefObject } from 'preact';
import { useEffect, useReducer } from 'preact/hooks';

const EVENTS = [
  'timeupdate',
  'progress',
  'durationchange',
  'loadedmetadata',
  'play',
  'pause',
  'playing',
  'waiting',
  'seeking',
  'seeked',
  'ended',
  'volumechange',
  'emptied',
] as const;

export interface MediaState {
  paused: boolean;
  /** It would go on, but has nothing to play yet. */
  starved: boolean;
  time: number;
  /** Not finite while it is not known. */
  duration: number;
  volume: number;
  muted: boolean;
  /** Shares of the duration, from and to. */
  buffered: readonly (readonly [number, number])[];
}

/** `key`: changes with the element. */
export function useMediaState(media: RefObject<HTMLMediaElement | null>, key: string): MediaState {
  const [, look] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const element = media.current!;
    const onEvent = (): void => look(undefined);
    for (const name of EVENTS) element.addEventListener(name, onEvent);
    onEvent();
    return () => {
      for (const name of EVENTS) element.removeEventListener(name, onEvent);
    };
  }, [media, key]);
  const element = media.current;
  if (element === null)
    return { paused: true, starved: true, time: 0, duration: Number.NaN, volume: 1, muted: false, buffered: [] };
  const { paused, currentTime, duration, volume, muted, readyState, buffered, ended } = element;
  const parts = Array.from({ length: duration > 0 && Number.isFinite(duration) ? buffered.length : 0 }, (_, index) => {
    return [buffered.start(index) / duration, buffered.end(index) / duration] as const;
  });
  const starved = !paused && !ended && readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
  return { paused, starved, time: currentTime, duration, volume, muted, buffered: parts };
}
