// Which files are offered to be played, by the end of their names, and how positions in them are said. Pure.

const AUDIO = /\.(aac|flac|m4a|m4b|mka|mp3|oga|ogg|opus|wav|weba)$/i;
const VIDEO = /\.(avi|m2ts|m4v|mkv|mov|mp4|mpe?g|ogv|webm|wmv)$/i;

export type MediaKind = 'audio' | 'video';

/** Undefined: nothing to play. Whether this browser can is seen when it tries. */
export function kindOf(path: string): MediaKind | undefined {
  if (AUDIO.test(path)) return 'audio';
  return VIDEO.test(path) ? 'video' : undefined;
}

/** `4:05`, `1:02:33`; `–:––` while it is not known. */
export function formatPosition(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '–:––';
  const whole = Math.floor(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}
