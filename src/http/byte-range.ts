// Which part of a representation a request asks for (RFC 9110 §14): one range, or all of it. Pure; foreign input.

/** `end` is one past the last byte. */
export interface ByteRange {
  start: number;
  end: number;
}

const RANGES = /^bytes=(.*)$/i;
const ONE = /^(\d*)-(\d*)$/;
/** More digits than any size has. */
const MAX_DIGITS = 15;

/**
 * The range that a `Range` header asks for, of so many bytes. 'whole' when there is none, or one that means nothing, as the RFC
 * has it; 'unsatisfiable' when nothing of it is there, and for several ranges at once, of which this server sends none.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | 'whole' | 'unsatisfiable' {
  const text = RANGES.exec(header?.trim() ?? '')?.[1];
  if (text === undefined) return 'whole';
  if (text.includes(',')) return 'unsatisfiable';
  const [, first, last] = ONE.exec(text.trim()) ?? [];
  if (first === undefined || last === undefined || first + last === '') return 'whole';
  if (first === '') {
    const length = Math.min(toNumber(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size };
  }
  const start = toNumber(first);
  const end = last === '' ? size : Math.min(toNumber(last) + 1, size);
  if (last !== '' && toNumber(last) < start) return 'whole';
  return start >= size ? 'unsatisfiable' : { start, end };
}

function toNumber(digits: string): number {
  const significant = digits.replace(/^0+(?=\d)/, '');
  return significant.length > MAX_DIGITS ? Number.MAX_SAFE_INTEGER : Number(significant);
}
