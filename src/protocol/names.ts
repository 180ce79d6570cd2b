// What a name may be: file names that came from a torrent, and names in a catalog. One set of rules on every system, so
// that the same torrent has the same paths everywhere. No name leaves its folder, hides its end or controls a terminal;
// names in any script, emoji included, stay as they are.

import { ShoalError } from '../base/errors.ts';
import { encodeUtf8 } from '../base/utf8.ts';
import { CAPITAL_LOOKALIKES, LOOKALIKES } from './lookalikes.ts';

/** Longest component that common file systems take, in UTF-8 bytes. */
export const MAX_NAME_BYTES = 255;
/** What a longer one is cut to: leaves room for what others append (`.part`, `.1`). */
const CUT_NAME_BYTES = 240;

const SEPARATORS = /[/\\]/g;
/** C0, DEL, C1 and the two Unicode line separators. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** Invisible and without a use inside words; the two joiners have one and are handled by `dropStrayJoiners`. */
const ZERO_WIDTH = /\u034f|[\u00ad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb]/g;
/** Tag characters are part of some flags and otherwise hidden text. */
const TAGS = /(\u{1f3f4}[\u{e0020}-\u{e007e}]{1,32}\u{e007f})|[\u{e0000}-\u{e007f}]/gu;
const JOINERS = /[\u200c\u200d]/u;
/** Scripts in which a joiner changes how a word is written, and what joins into one emoji. */
const JOINING =
  /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}\p{Script=Nko}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}\p{Extended_Pictographic}\p{Emoji_Modifier}]|\ufe0f/u;
/** Marks after which a joiner may also end a word. */
const VIRAMA = /[\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca\u1039\u103a\u17d2]/u;

/**
 * A component of a path that is safe to create in a folder, by these rules: separators, bidi and zero-width characters
 * are removed, control characters become `_`, `..` becomes `_`, a bare drive such as `C:` becomes `C_`, what is longer
 * than 255 bytes is cut to 240 keeping its extension. Empty only for `` and `.`, which callers leave out. Applying it
 * twice changes nothing more.
 */
export function sanitizeComponent(text: string): string {
  if (text === '' || text === '.') return '';
  return guardSpecial(cutName(filterCharacters(text.toWellFormed()), MAX_NAME_BYTES, CUT_NAME_BYTES));
}

/** The name of a whole torrent: as a component, and `_` for `.` too; empty when nothing printable is left. */
export function sanitizeName(text: string): string {
  return filterCharacters(text) === '' ? '' : sanitizeComponent(text) || '_';
}

/** A name as stem and extension; the extension (with its dot) is empty unless it is short enough to be one. */
export function splitExtension(name: string): [stem: string, extension: string] {
  const dot = name.lastIndexOf('.');
  if (dot <= 0 || encodeUtf8(name.slice(dot)).length > 24) return [name, ''];
  return [name.slice(0, dot), name.slice(dot)];
}

/** `name` unless it has over `limit` bytes of UTF-8; else cut to `target` bytes at a code point, extension kept. */
export function cutName(name: string, limit: number, target: number): string {
  if (encodeUtf8(name).length <= limit) return name;
  const [whole, extension] = splitExtension(name);
  let room = target - encodeUtf8(extension).length;
  let stem = '';
  for (const character of whole) {
    room -= encodeUtf8(character).length;
    if (room < 0) break;
    stem += character;
  }
  // The cut may have parted a sequence, whose rest would be filtered the next time.
  return filterCharacters(stem + extension);
}

/**
 * The component as Windows can store it: its forbidden characters and a trailing dot or space go, device names such as
 * `CON` or `com1.txt` get a `_` in front. Unchanged for a name that is fine everywhere. To be applied to sanitised
 * components when files are created on Windows; elsewhere such names are kept and only warned about.
 */
export function windowsName(component: string): string {
  const plain = component.replace(/[<>:"|?*]/g, '_').replace(/[. ]+$/, '');
  if (plain === '') return '_';
  return /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\.|$)/i.test(plain) ? `_${plain}` : plain;
}

/** Equal for components that some common file system would take for the same one: by case, by composition, by Windows. */
export function foldComponent(component: string): string {
  // Lower first, so that the capital and the small sharp s are one: only the small one has an upper form of two letters.
  return windowsName(component).normalize('NFC').toLowerCase().toUpperCase().toLowerCase().normalize('NFC');
}

/**
 * The catalog name in NFC. Throws ERR_NAME with `reason` empty, too_long, slash, dot_name, control, bidi, zero_width or
 * not_unicode. At most 255 bytes of UTF-8. Bytes of a name never change between publisher and catalog: compare with
 * what this returns.
 */
export function catalogName(name: string): string {
  const normal = name.normalize('NFC');
  const refuse = (reason: string, what: string): never => {
    throw new ShoalError('ERR_NAME', `The name ${quote(normal)} ${what}; choose another with --name.`, { reason });
  };
  if (normal.trim() === '') refuse('empty', 'is empty');
  if (!normal.isWellFormed()) refuse('not_unicode', 'is not valid Unicode');
  if (encodeUtf8(normal).length > MAX_NAME_BYTES) refuse('too_long', `is longer than ${MAX_NAME_BYTES} bytes of UTF-8`);
  if (normal.search(SEPARATORS) >= 0) refuse('slash', 'contains a slash');
  if (normal === '.' || normal === '..') refuse('dot_name', 'stands for a folder');
  if (normal.search(CONTROLS) >= 0) refuse('control', 'contains a control character');
  if (normal.search(BIDI) >= 0) refuse('bidi', 'contains a character that changes the direction of text');
  if (filterCharacters(normal) !== normal) refuse('zero_width', 'contains an invisible character');
  return normal;
}

/**
 * Names with the same skeleton may be mistaken for each other: compatibility forms, case, look-alike letters of Latin,
 * Cyrillic and Greek, digits for letters, kinds of dash and space. For warnings only; it is not a name.
 */
export function confusableSkeleton(name: string): string {
  const text = name.normalize('NFKC');
  const mixed = /\p{Script=Latin}/u.test(text);
  let skeleton = '';
  for (const character of text) {
    const capital = mixed ? CAPITAL_LOOKALIKES.get(character) : undefined;
    // Upper first, so that the two small sigmas are one.
    const small = character.toUpperCase().toLowerCase();
    skeleton += capital ?? LOOKALIKES.get(character) ?? LOOKALIKES.get(small) ?? small;
  }
  return skeleton.normalize('NFC').replace(/\s+/g, ' ').trim();
}

function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

function filterCharacters(text: string): string {
  const visible = text
    .replace(SEPARATORS, '')
    .replace(CONTROLS, '_')
    .replace(BIDI, '')
    .replace(ZERO_WIDTH, '')
    .replace(TAGS, '$1');
  return JOINERS.test(visible) ? dropStrayJoiners(visible) : visible;
}

function guardSpecial(name: string): string {
  if (name === '' || name === '.' || name === '..') return '_';
  return /^[A-Za-z]:$/.test(name) ? `${name[0]}_` : name;
}

/** Keeps U+200C and U+200D only where they belong: between joining characters, or after a virama. */
function dropStrayJoiners(text: string): string {
  const characters = [...text];
  let kept = '';
  let before = '';
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!;
    if (!JOINERS.test(character)) {
      kept += character;
      before = character;
      continue;
    }
    const after = characters[i + 1] ?? '';
    if (JOINERS.test(after)) continue;
    if (VIRAMA.test(before) || (JOINING.test(before) && JOINING.test(after))) kept += character;
  }
  return kept;
}
