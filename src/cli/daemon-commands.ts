// The daemon and the commands that drive it: their words, flags and help. The modules that do the work are loaded when a
// command runs.

import { CHOICE, COMMON, type CommandDefinition, command, LISTEN_PEER } from './command.ts';

const daemon = command({
  name: 'daemon',
  brief: 'run a long-running peer with a page and an API',
  settings: [
    'api',
    'apiName',
    'downloads',
    'shareRoot',
    'moveTo',
    'watch',
    'allow',
    'tracker',
    'embedTracker',
    'listen',
    'state',
    'down',
    'up',
    'noLimitLan',
    'schedule',
    'memory',
    'activeDownloads',
    'activeSeeds',
    'ratio',
    'seedTime',
    'idleTime',
    ...COMMON,
  ],
  briefs: {
    listen: LISTEN_PEER,
    tracker: 'tracker to talk to; may repeat (default the embedded one, else http://127.0.0.1:7070)',
    downloads: 'where downloads go (default Downloads in the home directory)',
    shareRoot: 'where files go that are sent over the API to be shared (default shared in the downloads)',
    down: 'download at most so much a second, all torrents together',
    up: 'upload at most so much a second, all torrents together',
  },
  description: [
    'Fetches and seeds any number of torrents until it is stopped, and goes on with all of them when it is started again. add, status, files, stream, peers, pause, resume, remove, limit and why drive it; its page is at the address it prints; programs use its HTTP API with the token it makes on its first run.',
    'It listens on this machine only. SIGHUP has it read the config file anew; what flags, environment and file say cannot be changed over the API.',
  ],
  examples: [
    ['shoal daemon', 'downloads go to the home directory'],
    ['shoal daemon --downloads /srv/files --up 5M', 'elsewhere, and at most 5 MiB a second upward'],
    ['shoal daemon --embed-tracker 0.0.0.0:7070', 'and be the meeting point for others, too'],
    ['shoal daemon --active-downloads 5 --ratio 2', 'five at a time, seeded up to twice their size'],
  ],
  load: () => import('./commands/daemon.ts'),
});

const WHICH = 'name or info-hash of a torrent of the daemon; all for every one';
const ONE = { placeholder: 'NAME|INFOHASH', brief: WHICH, min: 1, max: 1, suggest: [['torrent']] } as const;
const SOME = {
  placeholder: 'NAME|INFOHASH…|all',
  short: 'NAME…|all',
  brief: WHICH,
  min: 1,
  max: 1000,
  suggest: [['torrent', ['all']]],
} as const;

const add = command({
  name: 'add',
  brief: 'give the daemon something to fetch',
  words: {
    placeholder: 'NAME[@VERSION]|MAGNET|FILE.torrent|URL…',
    short: 'NAME|MAGNET|FILE|URL…',
    brief: 'names in the catalog, magnet links, .torrent files, or http addresses of some',
    min: 1,
    max: 1000,
    suggest: [['entry', 'torrentFile']],
  },
  settings: [
    'output',
    'overwrite',
    'files',
    'sequential',
    'paused',
    'label',
    'peer',
    'publisher',
    'trust',
    'tracker',
    'state',
    'down',
    'up',
    'ratio',
    'seedTime',
    ...COMMON,
  ],
  briefs: {
    output: "where to put it, as for get (default the daemon's downloads)",
    tracker: "tracker to talk to; may repeat (default the daemon's own)",
  },
  description: ['Hands it over and comes back; shoal status tells how it goes on.', CHOICE],
  examples: [
    ['shoal add film.mkv', 'a name in the catalog'],
    ['shoal add *.torrent --label music --paused', 'files, not yet started'],
    ['shoal add album --files "cd 1" --files cover.jpg', 'one of its folders and the cover'],
  ],
  load: () => import('./commands/add.ts'),
});

const status = command({
  name: 'status',
  brief: "how the daemon's torrents stand",
  words: { placeholder: '[NAME|INFOHASH…]', brief: WHICH, min: 0, max: 1000, suggest: [['torrent']] },
  settings: ['label', 'state', ...COMMON],
  briefs: { label: 'only those with this label; may repeat' },
  description: ['Shows each torrent with what is here of it, rates, peers and what went wrong.'],
  examples: [
    ['shoal status', 'all'],
    ['shoal status --label music --json', 'one JSON object a torrent'],
  ],
  load: () => import('./commands/status.ts'),
});

const files = command({
  name: 'files',
  brief: "the files of one of the daemon's torrents, and which are wanted",
  words: ONE,
  settings: ['only', 'skip', 'low', 'normal', 'high', 'state', ...COMMON],
  description: [
    'Shows each file with its number, its size, how much of it is here and its priority, after what was said here has been done: first --only, then --skip, --low, --normal and --high; files that are not named stay as they are. It may be changed at any time.',
    'FILES are numbers (0,2,4-6) or a pattern in which * stands for any text and ? for one character: "*.flac", or the path or name of a file or folder. Each may repeat.',
  ],
  examples: [
    ['shoal files album', 'a table'],
    ['shoal files album --skip 1,2 --high 3', 'two that are not wanted, and one that is first'],
    ['shoal files album --only "*.flac"', 'these and no others'],
  ],
  load: () => import('./commands/files.ts'),
});

const stream = command({
  name: 'stream',
  brief: 'an address at which a file plays while it is fetched',
  words: {
    placeholder: 'NAME|INFOHASH [FILE]',
    brief: 'a torrent of the daemon, and the number or the name of one of its files (default the largest)',
    min: 1,
    max: 2,
    suggest: [['torrent']],
  },
  settings: ['state', ...COMMON],
  description: [
    'Prints an http address of the daemon for a player or a browser. What is played next is fetched first, one may seek at once, and nobody who has the address needs a token: it is for this file only and for twelve hours. A file that was skipped is wanted from then on.',
  ],
  examples: [
    ['mpv "$(shoal stream film.mkv)"', 'play it'],
    ['shoal stream album "*.flac"', 'the one file that is called so'],
  ],
  load: () => import('./commands/stream.ts'),
});

const peers = command({
  name: 'peers',
  brief: "whom one of the daemon's torrents is connected to",
  words: ONE,
  settings: ['state', ...COMMON],
  description: ['Shows each peer with its client, its share, rates and what it gave and got.'],
  examples: [['shoal peers album', 'a table']],
  load: () => import('./commands/peers.ts'),
});

const pause = command({
  name: 'pause',
  brief: 'stop torrents of the daemon until they are resumed',
  words: SOME,
  settings: ['state', ...COMMON],
  description: ['They leave their swarms and stay as they are, over restarts too.'],
  examples: [['shoal pause all', 'everything']],
  load: () => import('./commands/pause.ts'),
});

const resume = command({
  name: 'resume',
  brief: 'let torrents of the daemon run again',
  words: SOME,
  settings: ['state', ...COMMON],
  description: ['They run when their turn in the queue comes. One that failed is tried again.'],
  examples: [['shoal resume film.mkv', 'one']],
  load: () => import('./commands/resume.ts'),
});

const remove = command({
  name: 'remove',
  brief: 'have the daemon forget torrents',
  words: SOME,
  settings: ['withData', 'state', ...COMMON],
  description: [
    'Their data stays where it is unless --with-data is given; that deletes what they fetched, as they left it. What is shared from where it lies, was there before, or has been changed since is never deleted.',
  ],
  examples: [
    ['shoal remove film.mkv', 'and keep the file'],
    ['shoal remove film.mkv --with-data', 'and delete it'],
  ],
  load: () => import('./commands/remove.ts'),
});

const limit = command({
  name: 'limit',
  brief: 'limits of the daemon, or of some of its torrents',
  words: {
    placeholder: '[NAME|INFOHASH…]',
    brief: `${WHICH}; none for the daemon as a whole`,
    min: 0,
    max: 1000,
    suggest: [['torrent', ['all']]],
  },
  settings: ['down', 'up', 'ratio', 'seedTime', 'idleTime', 'activeDownloads', 'activeSeeds', 'state', ...COMMON],
  description: [
    'Changes what is given, at once and for good, and shows what holds then. Rates of 0 lift the limit; none as a ratio or a time lifts that.',
  ],
  examples: [
    ['shoal limit --down 2M', 'all downloads together'],
    ['shoal limit film.mkv --up 100K --ratio 1', 'one of them'],
  ],
  load: () => import('./commands/limit.ts'),
});

export const DAEMON_COMMANDS: readonly CommandDefinition[] = [
  daemon,
  add,
  status,
  files,
  stream,
  peers,
  pause,
  resume,
  remove,
  limit,
];
