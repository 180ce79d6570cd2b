// Makes text that came from others (names, client strings, tracker messages) harmless to show: on a terminal, in a log, on
// a page. It shows every dangerous character instead of dropping it, so that two different names never look the same.

/**
 * Control characters (terminal escapes begin with one), line and paragraph separators, characters that turn the reading
 * direction (CVE-2021-42574), invisible ones, tags, unpaired surrogates and noncharacters. ZWNJ and ZWJ stay: Persian,
 * Indic scripts and emoji need them.
 */
const DANGEROUS =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\u{e0000}-\u{e0fff}]/gu;

/** Longer texts are cut where they are only quoted. */
const MAX_QUOTED = 200;

/** The text as an error message quotes it: printable, and not longer than anyone reads. */
export function quoted(text: string): string {
  return `"${printable(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text)}"`;
}

/** The text with each dangerous character written as `\xNN` or `\u{N}`. Stable: applying it twice changes nothing more. */
export function printable(text: string): string {
  return text.replace(DANGEROUS, (character) => {
    const code = character.codePointAt(0)!;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}
