// Sizes, rates and times as people write them, both ways. K is 1024 everywhere; what is printed says KiB.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `1.2 GiB`; three significant digits at most, so that columns stay narrow. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const text = unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1);
  return `${text} ${UNITS[unit]}`;
}

/** Bytes per second as `1.2 MiB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatSize(bytesPerSecond)}/s`;
}

/** `45s`, `2m 05s`, `3h 10m`, `2d 04h`; `–` when it is not known. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  const whole = Math.round(seconds);
  const [large, small, units] =
    whole < 60
      ? [whole, undefined, ['s', '']]
      : whole < 3600
        ? [Math.floor(whole / 60), whole % 60, ['m', 's']]
        : whole < 86400
          ? [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), ['h', 'm']]
          : [Math.floor(whole / 86400), Math.floor((whole % 86400) / 3600), ['d', 'h']];
  return small === undefined ? `${large}s` : `${large}${units[0]} ${String(small).padStart(2, '0')}${units[1]}`;
}

/** Whole percent, rounded down: 100 % is said only when everything is there. */
export function formatPercent(part: number, whole: number): string {
  return `${percentOf(part, whole)}%`;
}

export function percentOf(part: number, whole: number): number {
  return whole <= 0 || part >= whole ? 100 : Math.floor((100 * part) / whole);
}

const POWERS: Record<string, number> = { '': 0, k: 1, m: 2, g: 3, t: 4 };

/** Bytes of `512`, `16K`, `20M`, `1.5G`, `10MiB`; undefined when it is none of these. */
export function parseSize(text: string): number | undefined {
  const match = /^([0-9]{1,15}(?:\.[0-9]{1,6})?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  if (match === null) return undefined;
  const bytes = Math.round(Number(match[1]) * 1024 ** POWERS[match[2]!.toLowerCase()]!);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Bytes per second of `500K`, `20M`, `1.5M/s`; 0 is no limit. */
export function parseRate(text: string): number | undefined {
  return parseSize(text.replace(/\/s$/i, ''));
}

/** Seconds of `90`, `90s`, `5m`, `2h`. */
export function parseSeconds(text: string): number | undefined {
  const match = /^([0-9]{1,9}(?:\.[0-9]{1,3})?)\s*([smh]?)$/i.exec(text.trim());
  if (match === null) return undefined;
  return Number(match[1]) * { '': 1, s: 1, m: 60, h: 3600 }[match[2]!.toLowerCase() as '' | 's' | 'm' | 'h'];
}
