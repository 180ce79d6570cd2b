// The language of the shell: which verb a line means, in any of the five dialects it understands, and with which words.
// Decides from the line alone; does nothing.

import { ShoalError } from '../../base/errors.ts';
import { splitWords } from './tokenizer.ts';

export type Request = { tracker: string | undefined } & (
  | { verb: 'share'; name: string | undefined; path: string }
  | { verb: 'get'; name: string; destination: string | undefined }
  | { verb: 'list'; query: string | undefined }
  | { verb: 'where'; name: string }
  | { verb: 'progress' }
  | { verb: 'leave'; name: string | undefined }
  | { verb: 'help' }
  | { verb: 'quit' }
);

type Verb = Request['verb'];

interface Form {
  verb: Verb;
  /** Fewest and most words after the verb. */
  min: number;
  max: number;
}

const SHARE: Form = { verb: 'share', min: 1, max: 2 };
const GET: Form = { verb: 'get', min: 1, max: 2 };
const LIST: Form = { verb: 'list', min: 0, max: 1 };
const WHERE: Form = { verb: 'where', min: 1, max: 1 };
const PROGRESS: Form = { verb: 'progress', min: 0, max: 0 };
const LEAVE: Form = { verb: 'leave', min: 0, max: 1 };
const HELP: Form = { verb: 'help', min: 0, max: 1 };
const QUIT: Form = { verb: 'quit', min: 0, max: 0 };

/** A verb may be two words ("file list"); a hyphen or a blank is as good as the underscore. */
const FORMS: Readonly<Record<string, Form>> = {
  share: SHARE,
  upload: SHARE,
  register: SHARE,
  get: GET,
  download: GET,
  list: LIST,
  view_available: LIST,
  file_list: LIST,
  lookup: WHERE,
  where: WHERE,
  file_locations: WHERE,
  progress: PROGRESS,
  unregister: LEAVE,
  leave: LEAVE,
  help: HELP,
  '?': HELP,
  quit: QUIT,
  exit: QUIT,
};

export const HELP_LINES: readonly (readonly [form: string, meaning: string])[] = [
  ['share PATH | upload PATH', 'publish a file or folder under its own name and serve it'],
  ['register NAME PATH', 'the same under another name'],
  ['get NAME [DESTINATION] | download …', 'fetch in the background; DESTINATION as with shoal get -o'],
  ['list [QUERY] | view_available', 'what the tracker offers'],
  ['where NAME | lookup NAME', 'who holds which pieces'],
  ['progress', 'how the downloads and shares are doing'],
  ['leave [NAME] | unregister NAME', 'take back a share of yours; without a name, everything'],
  ['help', 'this'],
  ['quit | exit', 'stop serving and leave'],
];

/**
 * What a line asks for; undefined for an empty one and for a comment. A tracker at its end, as `HOST PORT`, is taken off
 * when enough words are left and `isPath` does not know the words. Throws ERR_USAGE saying how the verb is written.
 */
export function parseRequest(line: string, isPath: (word: string) => boolean): Request | undefined {
  const words = splitWords(line);
  if (words.length === 0 || words[0]!.startsWith('#')) return undefined;
  const single = normalizeVerb(words[0]!);
  const double = words.length > 1 ? `${single}_${normalizeVerb(words[1]!)}` : '';
  const taken = FORMS[double] !== undefined && FORMS[single] === undefined ? 2 : 1;
  const form = taken === 2 ? FORMS[double] : FORMS[single];
  if (form === undefined)
    throw new ShoalError('ERR_USAGE', `there is no verb "${words[0]}"; help lists those there are`);
  const { rest, tracker } = splitTracker(words.slice(taken), form, isPath);
  if (rest.length < form.min || rest.length > form.max) throw usage(form.verb, words[0]!);
  return { tracker, ...toRequest(form.verb, rest) };
}

function normalizeVerb(word: string): string {
  return word.toLowerCase().replaceAll('-', '_');
}

function toRequest(verb: Verb, words: readonly string[]) {
  const [first, second] = words;
  switch (verb) {
    case 'share':
      return second === undefined ? { verb, name: undefined, path: first! } : { verb, name: first!, path: second };
    case 'get':
      return { verb, name: first!, destination: second };
    case 'list':
      return { verb, query: first };
    case 'where':
      return { verb, name: first! };
    case 'leave':
      return { verb, name: first };
    default:
      return { verb };
  }
}

function splitTracker(words: readonly string[], form: Form, isPath: (word: string) => boolean) {
  const [host, port] = words.slice(-2);
  const rest = words.slice(0, -2);
  const isTracker =
    port !== undefined &&
    /^[0-9]{1,5}$/.test(port) &&
    Number(port) > 0 &&
    Number(port) < 65536 &&
    rest.length >= form.min &&
    isHost(host!) &&
    !isPath(host!) &&
    !isPath(port);
  if (!isTracker) return { rest: words, tracker: undefined };
  return { rest, tracker: `http://${host!.includes(':') ? `[${host}]` : host}:${port}` };
}

function isHost(word: string): boolean {
  return /^[0-9a-f:]*:[0-9a-f:.]*$/i.test(word) || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(word);
}

function usage(verb: Verb, written: string): ShoalError {
  const forms: Record<Verb, string> = {
    share: 'PATH, or NAME PATH',
    get: 'NAME [DESTINATION]',
    list: '[QUERY]',
    where: 'NAME',
    progress: '',
    leave: '[NAME]',
    help: '',
    quit: '',
  };
  const form = `${written} ${forms[verb]}`.trim();
  return new ShoalError('ERR_USAGE', `it is written: ${form} (names with blanks in quotes)`);
}
