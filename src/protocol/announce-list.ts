// Which tracker and web seed addresses of a torrent are worth keeping: well-formed, of a scheme we speak, not too many.
// Order is kept; shuffling tiers (BEP 12) is the announcer's duty.

import { encodeUtf8 } from '../base/utf8.ts';
import { asBytes, asList, asText, type BDict, type BValue } from './bencode.ts';

/** URLs kept of one torrent or magnet, over all tiers. */
export const MAX_TRACKERS = 256;
const MAX_URL_BYTES = 4096;

/** The URL trimmed, when it names a host by http, https or udp and holds no space or control character. */
export function trackerUrl(text: string): string | undefined {
  return acceptUrl(text, /^(?:https?|udp):\/\/[^/?#]/i);
}

/** Tiers by BEP 12: `announce-list` when it holds something usable, else `announce`. */
export function announceTiers(root: BDict, warnings: Set<string>): string[][] {
  const seen = new Set<string>();
  const tiers: string[][] = [];
  for (const entry of asList(root.get('announce-list')) ?? []) {
    // Some makers write a flat list: each address is a tier then.
    const urls = keepUrls(asList(entry) ?? [entry], trackerUrl, seen, warnings);
    if (urls.length > 0) tiers.push(urls);
    if (seen.size >= MAX_TRACKERS) break;
  }
  if (tiers.length > 0) return tiers;
  const announce = root.get('announce');
  const urls = announce === undefined ? [] : keepUrls([announce], trackerUrl, seen, warnings);
  return urls.length > 0 ? [urls] : [];
}

/** `url-list` (BEP 19), which may be one string or a list: http and https only, each once. */
export function webSeeds(root: BDict, warnings: Set<string>): string[] {
  const value = root.get('url-list');
  if (value === undefined || asBytes(value)?.length === 0) return [];
  const web = (text: string): string | undefined => acceptUrl(text, /^https?:\/\/[^/?#]/i);
  return keepUrls(asList(value) ?? [value], web, new Set(), warnings);
}

function acceptUrl(text: string, form: RegExp): string | undefined {
  if (text.length > 2 * MAX_URL_BYTES) return undefined;
  const url = text.trim();
  if (!form.test(url) || /[\s\u0000-\u001f\u007f-\u009f]/.test(url)) return undefined;
  return encodeUtf8(url).length <= MAX_URL_BYTES ? url : undefined;
}

function keepUrls(
  values: readonly BValue[],
  accept: (text: string) => string | undefined,
  seen: Set<string>,
  warnings: Set<string>,
): string[] {
  const kept: string[] = [];
  for (const value of values) {
    const bytes = asBytes(value);
    const url = bytes === undefined || bytes.length > 2 * MAX_URL_BYTES ? undefined : accept(asText(bytes)!);
    if (url === undefined || seen.size >= MAX_TRACKERS) {
      warnings.add('url_dropped');
      if (seen.size >= MAX_TRACKERS) break;
    } else if (!seen.has(url)) {
      seen.add(url);
      kept.push(url);
    }
  }
  return kept;
}
