// Splits a line typed at the shell's prompt into words, quotes and escaped spaces understood. No variables, no patterns.

import { ShoalError } from '../../base/errors.ts';

/**
 * Words are separated by blanks. '…' is taken as it stands; in "…" a backslash escapes `"` and itself. Outside quotes a
 * backslash escapes a blank, a quote or itself, and is an ordinary character elsewhere, so that C:\films needs no care.
 * Throws ERR_USAGE for a quote that is never closed.
 */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  const characters = [...line];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    const next = characters[at + 1] ?? '';
    if (quote !== '') {
      if (character === quote) quote = '';
      else if (character === '\\' && quote === '"' && (next === '"' || next === '\\')) {
        word += next;
        at++;
      } else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === '\\' && next !== '' && /[\s"'\\]/.test(next)) {
      word = (word ?? '') + next;
      at++;
    } else word = (word ?? '') + character;
  }
  if (quote !== '') throw new ShoalError('ERR_USAGE', `the quote ${quote} is never closed`);
  if (word !== undefined) words.push(word);
  return words;
}
