// Cuts TypeScript source into the tokens that the wall check needs: names, strings, punctuation, each with its line.
// Comments vanish, the insides of strings and regular expressions never look like code. Knows no grammar.

export interface Token {
  kind: 'name' | 'string' | 'template' | 'mark' | 'regex' | 'number';
  /** Names and marks as written; strings without their quotes; templates with `\0` where a substitution stood. */
  text: string;
  line: number;
}

/** After these names a slash begins a regular expression; after any other name or a closing bracket it divides. */
const BEFORE_REGEX = new Set(
  'return typeof case in of do else void delete throw new instanceof yield await'.split(' '),
);

/** Tokens in order. The tokens of a template's substitutions come before the template itself. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;

  function readString(quote: string): void {
    const from = ++at;
    while (at < source.length && source[at] !== quote && source[at] !== '\n') at += source[at] === '\\' ? 2 : 1;
    tokens.push({ kind: 'string', text: source.slice(from, at), line });
    at++;
  }

  function readTemplate(): void {
    const first = line;
    let text = '';
    at++;
    while (at < source.length && source[at] !== '`') {
      if (source[at] === '\\') {
        text += source.slice(at, at + 2);
        at += 2;
      } else if (source.startsWith('${', at)) {
        text += '\0';
        at += 2;
        read('}');
        at++;
      } else {
        if (source[at] === '\n') line++;
        text += source[at++];
      }
    }
    at++;
    tokens.push({ kind: 'template', text, line: first });
  }

  function readRegex(): void {
    const from = at++;
    for (let inClass = false; at < source.length && (inClass || source[at] !== '/') && source[at] !== '\n'; at++) {
      if (source[at] === '\\') at++;
      else if (source[at] === '[') inClass = true;
      else if (source[at] === ']') inClass = false;
    }
    at++;
    tokens.push({ kind: 'regex', text: source.slice(from, at), line });
  }

  function regexMayBegin(): boolean {
    const last = tokens.at(-1);
    if (last === undefined) return true;
    if (last.kind === 'name') return BEFORE_REGEX.has(last.text);
    return last.kind === 'mark' && !')]}'.includes(last.text);
  }

  /** Reads until `end` stands alone at this depth of braces. */
  function read(end: string): void {
    for (let depth = 0; at < source.length; ) {
      const letter = source[at]!;
      if (letter === end && depth === 0) return;
      if (letter === '\n') {
        line++;
        at++;
      } else if (/\s/.test(letter)) at++;
      else if (source.startsWith('//', at)) {
        const next = source.indexOf('\n', at);
        at = next < 0 ? source.length : next;
      } else if (source.startsWith('/*', at)) {
        const close = source.indexOf('*/', at + 2);
        const stop = close < 0 ? source.length : close + 2;
        line += source.slice(at, stop).split('\n').length - 1;
        at = stop;
      } else if (letter === "'" || letter === '"') readString(letter);
      else if (letter === '`') readTemplate();
      else if (letter === '/' && regexMayBegin()) readRegex();
      else {
        const word = /^[\p{ID_Start}$_#@][\p{ID_Continue}$]*/u.exec(source.slice(at, at + 200))?.[0];
        const number = word === undefined ? /^\d[\w.]*/.exec(source.slice(at, at + 100))?.[0] : undefined;
        const text = word ?? number ?? (source.startsWith('...', at) ? '...' : letter);
        tokens.push({ kind: word !== undefined ? 'name' : number !== undefined ? 'number' : 'mark', text, line });
        at += text.length;
        if (text === '{') depth++;
        else if (text === '}') depth--;
      }
    }
  }

  read('');
  return tokens;
}
