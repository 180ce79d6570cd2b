// Limits as one writes them, the way parseRate and parseSeconds read them. Pure.

const POWERS = ['', 'K', 'M', 'G', 'T'];

/** `500K`; empty when it is not set. */
export function rateText(bytesPerSecond: number | null | undefined): string {
  if (bytesPerSecond === undefined || bytesPerSecond === null) return '';
  let value = bytesPerSecond;
  let power = 0;
  while (value >= 1024 && value % 1024 === 0 && power < POWERS.length - 1) {
    value /= 1024;
    power++;
  }
  return `${value}${POWERS[power]}`;
}

/** `90m`; empty when it is not set, `none` when there is no end. */
export function secondsText(seconds: number | null | undefined): string {
  if (seconds === undefined) return '';
  if (seconds === null) return 'none';
  if (seconds > 0 && seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds > 0 && seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}
