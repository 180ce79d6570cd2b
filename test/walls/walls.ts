// The walls of the house as a check: which folder may import which, no cycles between files, no effects in the pure
// folders. Works on a map of sources so that it can be tried on made-up ones; reads no files itself.

import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { type Token, tokenize } from './tokens.ts';

/** Rooms of src/ in order: a room imports from itself and from those before it. */
const ROOMS = 'base protocol swarm dht registry api io engine http tracker daemon cli'.split(' ');
/** No effects, no clock, no chance, no packages. */
const PURE = new Set('base protocol swarm dht registry'.split(' '));
/** Used by the page as well, where there is no Node. */
const WITHOUT_NODE = new Set([...PURE, 'api']);
/** What the package exports; the only files that gather others, and no file inside src imports them. */
const ENTRIES = new Set(['src/engine/index.ts', 'src/protocol/index.ts', 'src/tracker/index.ts']);

const EFFECTS = new Set(
  'Date Promise async await setTimeout setInterval setImmediate queueMicrotask performance process Buffer console fetch crypto'.split(
    ' ',
  ),
);

export interface Violation {
  file: string;
  line: number;
  /** Short name of the rule. */
  rule: 'upward' | 'cycle' | 'node' | 'package' | 'effect' | 'outside' | 'missing' | 'computed' | 'barrel' | 'room';
  message: string;
}

interface Reference {
  /** As written; templates with `\0` for what is filled in at run time. */
  specifier: string;
  line: number;
  /** `url` is the path in `new URL(path, import.meta.url)`, which names workers and data files. */
  kind: 'import' | 'url';
}

/** Checks all files of `sources`: keys are paths from the root such as `src/base/bytes.ts`, values their text. */
export function checkWalls(sources: ReadonlyMap<string, string>): Violation[] {
  const violations: Violation[] = [];
  const graph = new Map<string, { to: string; line: number }[]>();
  for (const [file, source] of sources) {
    const say = (line: number, rule: Violation['rule'], message: string) =>
      violations.push({ file, line, rule, message });
    const room = roomOf(file);
    const isTest = file.endsWith('.test.ts');
    const tokens = tokenize(source);
    const edges: { to: string; line: number }[] = [];
    graph.set(file, edges);

    if (!ROOMS.includes(room)) say(1, 'room', `is in no room; the rooms are ${ROOMS.join(', ')}`);
    if (posix.basename(file) === 'index.ts' && !ENTRIES.has(file))
      say(1, 'barrel', `is a barrel; only ${[...ENTRIES].join(', ')} may gather others`);
    if (PURE.has(room) && !isTest) for (const { line, text } of findEffects(tokens)) say(line, 'effect', text);

    for (const reference of findReferences(tokens)) {
      const { specifier, line } = reference;
      if (specifier === '') {
        say(line, 'computed', `takes a path that only running shows; write it as a literal`);
      } else if (!specifier.startsWith('.')) {
        if (reference.kind === 'url') continue;
        if (isBuiltin(specifier)) {
          if (WITHOUT_NODE.has(room) && !isTest)
            say(line, 'node', `${room}/ must do without Node, yet imports ${specifier}`);
        } else if (PURE.has(room) && !isTest)
          say(line, 'package', `${room}/ is pure, yet imports the package ${specifier}`);
      } else {
        const target = resolve(file, reference, sources);
        if (target === undefined) {
          if (reference.kind === 'import') say(line, 'missing', `imports ${specifier}, which is no file`);
        } else if (!target.startsWith('src/')) {
          if (!isTest && reference.kind === 'import') say(line, 'outside', `imports ${target}, which is outside src/`);
        } else {
          edges.push({ to: target, line });
          if (ROOMS.indexOf(roomOf(target)) > ROOMS.indexOf(room))
            say(
              line,
              'upward',
              `${room}/ must not import ${target}: ${roomOf(target)}/ stands below it in the list of rooms`,
            );
          if (ENTRIES.has(target) && !isTest)
            say(line, 'barrel', `imports the package entry ${target}; import the file that owns the name`);
        }
      }
    }
  }
  return [...violations, ...findCycles(graph)];
}

/** One line a violation, as a compiler would say it. */
export function formatViolation({ file, line, rule, message }: Violation): string {
  return `${file}:${line}: [${rule}] ${message}`;
}

function roomOf(file: string): string {
  return file.split('/')[1] ?? '';
}

/** A path from the root; outside src/ it is taken as it stands, inside it must be a known file. */
function resolve(file: string, reference: Reference, sources: ReadonlyMap<string, string>): string | undefined {
  const path = posix.normalize(posix.join(posix.dirname(file), reference.specifier));
  if (!path.startsWith('src/')) return path.startsWith('..') ? undefined : path;
  if (sources.has(path)) return path;
  if (reference.kind === 'import') return undefined;
  // a worker: `./name.js` in the published form, or `./name` with the extension filled in
  const stem = path.replace(/\0.*$|\.js$/, '').replace(/\.$/, '');
  return sources.has(`${stem}.ts`) ? `${stem}.ts` : undefined;
}

/** Everything by which one file names another: static, dynamic and type imports, re-exports, and worker URLs. */
function findReferences(tokens: readonly Token[]): Reference[] {
  const found: Reference[] = [];
  const is = (index: number, text: string) => tokens[index]?.text === text && isCode(tokens[index]);
  for (const [index, token] of tokens.entries()) {
    if (!isCode(token) || is(index - 1, '.')) continue;
    if (token.text === 'import' && is(index + 1, '(')) {
      found.push(...literalsIn(tokens, index + 2, token.line, 'import'));
    } else if (token.text === 'import' || token.text === 'export') {
      const specifier = fromClause(tokens, index);
      if (specifier !== undefined) found.push({ specifier: specifier.text, line: specifier.line, kind: 'import' });
    } else if (token.text === 'require' && is(index + 1, '(')) {
      found.push(...literalsIn(tokens, index + 2, token.line, 'import'));
    } else if (token.text === 'new' && is(index + 1, 'URL') && is(index + 2, '(')) {
      const end = closing(tokens, index + 2);
      const relative = tokens.slice(index, end).some((_, i) => is(index + i, 'meta') && is(index + i + 1, '.'));
      if (relative) found.push(...literalsIn(tokens, index + 3, token.line, 'url'));
    }
  }
  return found;
}

function isCode(token: Token | undefined): boolean {
  return token !== undefined && (token.kind === 'name' || token.kind === 'mark');
}

/** The string of `import … from 'x'`, `export … from 'x'` or `import 'x'`; undefined for other statements. */
function fromClause(tokens: readonly Token[], index: number): Token | undefined {
  if (tokens[index]!.text === 'import' && tokens[index + 1]?.kind === 'string') return tokens[index + 1];
  for (let at = index + 1, depth = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (token.kind === 'string' && depth > 0) continue; // `export { "a b" as c }`
    if (token.text === 'from' && token.kind === 'name' && depth === 0 && tokens[at + 1]?.kind === 'string')
      return tokens[at + 1];
    if (token.text === '{') depth++;
    else if (token.text === '}') depth--;
    else if (token.kind !== 'name' && token.text !== ',' && token.text !== '*') return undefined;
    else if (depth === 0 && /^(const|let|var|function|class|interface|enum|default|abstract|declare)$/.test(token.text))
      return undefined;
  }
  return undefined;
}

/** Index of the bracket that closes the one at `open`. */
function closing(tokens: readonly Token[], open: number): number {
  for (let at = open, depth = 0; at < tokens.length; at++) {
    if (tokens[at]!.kind !== 'mark') continue;
    if ('([{'.includes(tokens[at]!.text)) depth++;
    else if (')]}'.includes(tokens[at]!.text) && --depth === 0) return at;
  }
  return tokens.length;
}

/** Path literals of a call's first argument, however it chooses among them; an empty specifier when there is none. */
function literalsIn(tokens: readonly Token[], from: number, line: number, kind: Reference['kind']): Reference[] {
  const found: Reference[] = [];
  for (let at = from, depth = 0; at < tokens.length; at++) {
    const { kind: tokenKind, text } = tokens[at]!;
    if (tokenKind === 'mark') {
      if ('([{'.includes(text)) depth++;
      else if (')]}'.includes(text) && --depth < 0) break;
      else if (text === ',' && depth === 0) break;
    } else if (tokenKind === 'string' || tokenKind === 'template') {
      const computed = text.startsWith('\0') || (kind === 'import' && text.includes('\0'));
      if (depth === 0 && !computed) found.push({ specifier: text, line, kind });
    }
  }
  return found.length > 0 ? found : [{ specifier: '', line, kind }];
}

/** Uses of the clock, of chance and of everything asynchronous. Members of other objects may carry such names. */
function findEffects(tokens: readonly Token[]): { line: number; text: string }[] {
  const found: { line: number; text: string }[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'name') continue;
    const before = tokens[index - 1]?.text;
    const owner = tokens[index - 2]?.text;
    if (before === '.' && owner !== 'globalThis') continue;
    const next = tokens[index + 1];
    if (EFFECTS.has(token.text)) {
      const isKey = next?.text === ':' && (before === '{' || before === ',' || before === ';');
      if (!isKey)
        found.push({ line: token.line, text: `${token.text} has no place in a pure folder; take it as an argument` });
    } else if (token.text === 'globalThis' && next?.text !== '.') {
      found.push({ line: token.line, text: 'globalThis hides what is used; name it' });
    } else if (token.text === 'Math') {
      const member = next?.text === '.' ? tokens[index + 2]?.text : undefined;
      if (member === undefined || member === 'random')
        found.push({
          line: token.line,
          text: 'Math.random has no place in a pure folder; take a random source as an argument',
        });
    }
  }
  return found;
}

/** One violation for each circle of files, reported at the first file of it in the alphabet. */
function findCycles(graph: ReadonlyMap<string, readonly { to: string; line: number }[]>): Violation[] {
  const state = new Map<string, 'open' | 'done'>();
  const path: string[] = [];
  const cycles = new Map<string, Violation>();
  const visit = (file: string): void => {
    state.set(file, 'open');
    path.push(file);
    for (const { to } of graph.get(file) ?? []) {
      if (state.get(to) === 'open') {
        const circle = path.slice(path.indexOf(to));
        const first = circle.indexOf([...circle].sort()[0]!);
        const turned = [...circle.slice(first), ...circle.slice(0, first)];
        const line = graph.get(turned[0]!)!.find((edge) => edge.to === (turned[1] ?? turned[0]))!.line;
        const message = `imports in a circle: ${[...turned, turned[0]].join(' -> ')}`;
        cycles.set(message, { file: turned[0]!, line, rule: 'cycle', message });
      } else if (state.get(to) === undefined) visit(to);
    }
    path.pop();
    state.set(file, 'done');
  };
  for (const file of [...graph.keys()].sort()) if (state.get(file) === undefined) visit(file);
  return [...cycles.values()];
}
