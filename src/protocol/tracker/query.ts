// URLs and query strings as trackers use them (BEP 3): names are text, values are raw bytes behind percent signs and
// never UTF-8. A plus sign is a plus sign. Both sides of the HTTP tracker protocol build on this.

const HEX = '0123456789ABCDEF';
/** Pairs beyond this are not looked at. */
const MAX_PAIRS = 256;

function isUnreserved(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2d ||
    byte === 0x2e ||
    byte === 0x5f ||
    byte === 0x7e
  );
}

/** RFC 3986: everything but letters, digits and `-._~` becomes `%XX`. */
export function percentEncode(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes)
    text += isUnreserved(byte) ? String.fromCharCode(byte) : `%${HEX[byte >> 4]}${HEX[byte & 15]}`;
  return text;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

/** The bytes of percent-encoded text, one byte per other character; undefined after a bad percent sign. */
export function percentDecode(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code !== 0x25) {
      if (code > 255) return undefined;
      bytes[length++] = code;
      continue;
    }
    const high = hexDigit(text.charCodeAt(at + 1));
    const low = hexDigit(text.charCodeAt(at + 2));
    if (high < 0 || low < 0) return undefined;
    bytes[length++] = high * 16 + low;
    at += 2;
  }
  return bytes.slice(0, length);
}

/** Calls `take` for each pair of a query string without its question mark; values are still percent-encoded. */
export function forEachPair(query: string, take: (name: string, value: string) => void): void {
  let at = 0;
  for (let pairs = 0; at <= query.length && pairs < MAX_PAIRS; pairs++) {
    const ampersand = query.indexOf('&', at);
    const end = ampersand < 0 ? query.length : ampersand;
    const equals = query.indexOf('=', at);
    if (equals >= 0 && equals < end) take(query.slice(at, equals), query.slice(equals + 1, end));
    else if (end > at) take(query.slice(at, end), '');
    at = end + 1;
  }
}

/** No part can take what belongs to the next one, so that a long text that is no URL is refused at once. */
const URL_PARTS = /^([a-z][a-z0-9+.-]*:\/\/[^\s/?#]+)(\/[^\s?#]*)?(\?[^\s#]*)?(?:#\S*)?$/i;

export interface UrlParts {
  /** Scheme and authority, such as `http://host:7070`. */
  origin: string;
  /** '' or from the first slash on. */
  path: string;
  /** '' or with its question mark. */
  query: string;
}

/** Undefined when the text is no URL with an authority. A fragment is dropped. */
export function splitUrl(url: string): UrlParts | undefined {
  const parts = URL_PARTS.exec(url.trim());
  return parts === null ? undefined : { origin: parts[1]!, path: parts[2] ?? '', query: parts[3] ?? '' };
}

/** Appends an encoded query to a URL that may have one already. A fragment is dropped. */
export function withQuery(url: string, query: string): string {
  const bare = url.split('#')[0]!;
  if (!bare.includes('?')) return `${bare}?${query}`;
  return bare.endsWith('?') || bare.endsWith('&') ? bare + query : `${bare}&${query}`;
}
