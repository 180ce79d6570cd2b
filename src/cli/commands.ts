// Every command there is: its words, flags and help (those about a daemon are in a file of their own). The modules that
// do the work are loaded when a command runs.

import { CHOICE, COMMON, type CommandDefinition, command, LISTEN_PEER } from './command.ts';
import { DAEMON_COMMANDS } from './daemon-commands.ts';

const PEER = ['tracker', 'listen', 'state', 'down', 'up', 'noLimitLan', 'schedule', 'memory', 'noDaemon'] as const;

const tracker = command({
  name: 'tracker',
  brief: 'run a tracker with a catalog',
  settings: ['listen', 'publicUrl', 'data', 'open', 'admin', ...COMMON],
  briefs: {
    listen: 'where to listen (default 127.0.0.1:7070)',
    publicUrl: 'address others use; goes into .torrent files and magnet links',
    admin: "file of the operator's token (default admin.token in the data directory; made on first start)",
  },
  description: [
    'Runs the meeting point: a BitTorrent tracker, the catalog in which files are published under names, its API and a page for browsers, until it is stopped. Only torrents in the catalog are served unless --open is given.',
    'It listens on this machine only. To serve others, give an address they can reach.',
  ],
  examples: [
    ['shoal tracker', 'for this machine'],
    ['shoal tracker --listen 0.0.0.0:7070', 'for the network'],
    [
      'shoal tracker --listen 0.0.0.0:7070 --public-url https://files.example',
      'behind a proxy that others reach under that name',
    ],
  ],
  load: () => import('./commands/tracker.ts'),
});

const share = command({
  name: 'share',
  brief: 'hash, sign, publish in the catalog, seed until stopped',
  words: { placeholder: 'PATH…', brief: 'files and folders to share', min: 1, max: 10_000, suggest: [['path']] },
  settings: ['name', 'exclude', 'peer', 'superSeed', 'pieceLength', ...PEER, ...COMMON],
  briefs: { listen: LISTEN_PEER, tracker: 'tracker to publish on; may repeat (default http://127.0.0.1:7070)' },
  description: [
    'Publishes each PATH in the catalog of every tracker under its own name, or all of them as one entry with --name, and serves them until it is stopped. Run it again to go on serving.',
    'Hidden files are shared; sockets, devices and empty folders are not, and symbolic links are followed only inside what is shared. What is left out is said.',
    'On a terminal with room for it the magnet link is shown as a QR code, too.',
  ],
  examples: [
    ['shoal share film.mkv', 'others get it with: shoal get film.mkv'],
    ['shoal share results/ --name "run 12"', 'a folder under a name of its own'],
    ['shoal share a.iso b.iso --up 5M', 'two entries, at most 5 MiB a second'],
  ],
  load: () => import('./commands/share.ts'),
});

const list = command({
  name: 'list',
  brief: 'what the tracker offers: name, size, seeds, peers',
  words: { placeholder: '[QUERY]', brief: 'only names that contain this', min: 0, max: 1, suggest: [['entry']] },
  settings: ['tracker', 'state', ...COMMON],
  description: ['Lists the catalog; over several trackers, each entry once.'],
  examples: [
    ['shoal list', 'everything'],
    ['shoal list iso', 'names with "iso" in them'],
    ['shoal list --json', 'one JSON object a line'],
  ],
  load: () => import('./commands/list.ts'),
});

const get = command({
  name: 'get',
  brief: 'fetch, verify, show progress; resumes by itself',
  words: {
    placeholder: 'NAME[@VERSION]|MAGNET|FILE.torrent|URL',
    short: 'NAME|MAGNET|FILE|URL',
    brief: 'a name in the catalog, a magnet link, a .torrent file, or the http address of one',
    min: 1,
    max: 1,
    suggest: [['entry', 'torrentFile']],
  },
  settings: [
    'output',
    'overwrite',
    'files',
    'sequential',
    'seed',
    'peer',
    'timeout',
    'publisher',
    'trust',
    ...PEER,
    ...COMMON,
  ],
  briefs: {
    output:
      'where to put it: an existing directory or a path that ends in / takes it under its own name; anything else is the destination itself',
    listen: LISTEN_PEER,
  },
  description: [
    'Fetches from every peer that has some of it, checks each piece against its hash, and serves what has arrived while it loads. Stop it at any moment and run the same command again: it goes on where it was.',
    "The first time a name is fetched its publisher is remembered; later a tracker can no longer pass off somebody else's file or an old version under that name.",
    CHOICE,
  ],
  examples: [
    ['shoal get film.mkv', 'into this directory'],
    ['shoal get film.mkv -o /media/', 'into another'],
    ['shoal get film.mkv@2 -o old.mkv', 'an earlier version, under another name'],
    ['shoal get album --files "*.flac" --files 0,2', 'some of its files'],
    ['shoal get "magnet:?xt=urn:btih:…" --seed', 'anything BitTorrent; and go on seeding'],
  ],
  load: () => import('./commands/get.ts'),
});

const where = command({
  name: 'where',
  brief: 'who holds which pieces, and which pieces are rarest',
  words: { placeholder: 'NAME', brief: 'a name in the catalog', min: 1, max: 1, suggest: [['entry']] },
  settings: ['tracker', 'state', ...COMMON],
  description: ['Shows each peer the tracker knows for a file, with its address, client, share and pieces.'],
  examples: [
    ['shoal where film.mkv', 'a table'],
    ['shoal where film.mkv --json', 'one JSON object a peer'],
  ],
  load: () => import('./commands/where.ts'),
});

const why = command({
  name: 'why',
  brief: 'why a download is slow, and the one change that would help most',
  words: {
    placeholder: '[NAME|INFOHASH]',
    brief: 'the name of a download or its info-hash (default the latest one)',
    min: 0,
    max: 1,
    suggest: [['torrent']],
  },
  settings: ['state', ...COMMON],
  briefs: { state: "the download's own state directory (default by XDG)" },
  description: [
    "Tells where the time of a running download went, or of the last one, a daemon's too: what the download and each of its peers waited for, and what to change. A running one is up to a second old.",
  ],
  examples: [
    ['shoal why', 'the latest download'],
    ['shoal why film.mkv', 'that one'],
    ['shoal why film.mkv --json', 'one JSON object for the download and one for each peer'],
  ],
  load: () => import('./commands/why.ts'),
});

const create = command({
  name: 'create',
  brief: 'make a .torrent file, publish nothing',
  words: { placeholder: 'PATH…', brief: 'files and folders to describe', min: 1, max: 10_000, suggest: [['path']] },
  settings: ['output', 'name', 'exclude', 'pieceLength', 'tracker', ...COMMON],
  briefs: {
    output: 'the file to write (default NAME.torrent here)',
    name: 'name of the torrent (default the name of PATH; needed for several)',
    tracker: 'tracker to put into the file; may repeat',
  },
  description: ['Hashes the data and writes the metadata other BitTorrent programs read.'],
  examples: [
    ['shoal create film.mkv -o film.torrent', 'one file'],
    ['shoal create album/ --exclude "*.log" -o album.torrent', 'a folder without its logs'],
  ],
  load: () => import('./commands/create.ts'),
});

const show = command({
  name: 'show',
  brief: 'read a .torrent file or a magnet link',
  words: { placeholder: 'FILE.torrent|MAGNET', brief: 'what to read', min: 1, max: 1, suggest: [['torrentFile']] },
  settings: [...COMMON],
  description: ['Shows name, info-hash, size, pieces, trackers and files. Asks nobody else.'],
  examples: [['shoal show film.torrent', 'what is in it']],
  load: () => import('./commands/show.ts'),
});

const verify = command({
  name: 'verify',
  brief: 'check data on disk against a .torrent file',
  words: {
    placeholder: 'FILE.torrent PATH',
    brief: 'the metadata, and the file or folder to check',
    min: 2,
    max: 2,
    suggest: [['torrentFile'], ['path']],
  },
  settings: [...COMMON],
  description: ['Hashes the data and says, file by file, what matches. Exit code 5 when something does not.'],
  examples: [['shoal verify film.torrent film.mkv', 'is it whole?']],
  load: () => import('./commands/verify.ts'),
});

const unshare = command({
  name: 'unshare',
  brief: 'take an entry out of the catalog',
  words: { placeholder: 'NAME', brief: 'a name in the catalog', min: 1, max: 1, suggest: [['entry']] },
  settings: ['tracker', 'admin', 'state', ...COMMON],
  description: [
    "Removes what you published; with the operator's token, anything. Peers that have the data keep it and can go on serving it.",
  ],
  examples: [
    ['shoal unshare film.mkv', 'your own entry'],
    ['shoal unshare film.mkv --admin /var/lib/shoal/tracker/admin.token', 'as the operator of the tracker'],
  ],
  load: () => import('./commands/unshare.ts'),
});

const identity = command({
  name: 'identity',
  brief: "the key that signs one's entries",
  words: {
    placeholder: 'show|export|import [FILE]',
    short: 'show|export|import',
    brief: 'what to do, and the file of an import',
    min: 1,
    max: 2,
    suggest: [[['show', 'export', 'import']], ['path']],
  },
  settings: ['output', 'overwrite', 'state', ...COMMON],
  briefs: {
    output: 'file for an export (default standard output)',
    overwrite: 'let an import replace the identity that is there',
  },
  description: [
    'Entries are signed with a key made on first use. show prints the public half, which others give to get --publisher; export writes the secret, to carry it to another machine; import takes it in.',
  ],
  examples: [
    ['shoal identity show', 'your public key'],
    ['shoal identity export -o my-key', 'a copy of the secret; keep it safe'],
    ['shoal identity import my-key', 'on the other machine'],
  ],
  load: () => import('./commands/identity.ts'),
});

const shell = command({
  name: 'shell',
  brief: 'a prompt with share, download, list, progress, quit, …',
  settings: [...PEER, ...COMMON],
  briefs: { listen: LISTEN_PEER },
  description: [
    'A prompt that takes the verbs of older file sharing programs in any case: share, upload, register; download, get; list, view_available; lookup, where; progress; unregister, leave; help; quit, exit. Downloads run in the background, several at once. Commands may also come from a pipe, one a line; then it waits for the downloads before it ends.',
  ],
  examples: [
    ['shoal shell', 'the prompt'],
    ['echo \'GET "my film.mkv" /media/\' | shoal shell', 'one command'],
  ],
  load: () => import('./commands/shell.ts'),
});

const demo = command({
  name: 'demo',
  brief: 'a tracker and four peers on this machine, to watch',
  words: {
    placeholder: '[FILE]',
    brief: 'what to share (default 256 MiB made for it)',
    min: 0,
    max: 1,
    suggest: [['path']],
  },
  settings: [...COMMON],
  description: [
    'Starts a tracker and four peers as processes of their own. One shares a file, three fetch it by name at the same time while serving each other. At the end a table says who sent what to whom, and the digests are compared. Leaves nothing behind.',
  ],
  examples: [
    ['shoal demo', 'with a file it makes'],
    ['shoal demo film.mkv', 'with one of yours'],
  ],
  load: () => import('./commands/demo.ts'),
});

const completion = command({
  name: 'completion',
  brief: 'have a shell complete commands, flags and names',
  words: {
    placeholder: 'bash|zsh|fish',
    brief: 'the shell to write a script for',
    min: 1,
    max: 1,
    suggest: [[['bash', 'zsh', 'fish']]],
  },
  settings: [...COMMON],
  description: [
    'Writes a script that has the shell complete commands, flags, paths, names in the catalog and torrents of the running daemon. It is for shoal as a command of its own, not for npx shoal, and for bash 4, zsh 5 and fish 3 or newer.',
  ],
  examples: [
    ['source <(shoal completion bash)', 'in ~/.bashrc'],
    ['source <(shoal completion zsh)', 'in ~/.zshrc, after compinit'],
    ['shoal completion fish > ~/.config/fish/completions/shoal.fish', 'once'],
  ],
  load: () => import('./commands/completion.ts'),
});

const suggest = command({
  name: 'suggest',
  hidden: true,
  brief: 'names for a shell to offer',
  words: { placeholder: 'entry|torrent|label [BEGINNING]', brief: 'what to ask for', min: 1, max: 2 },
  settings: ['tracker', 'state', ...COMMON],
  description: [
    'Prints names that begin so, one a line, from the catalog or the daemon; nothing when nobody answers soon.',
  ],
  examples: [['shoal suggest torrent fi', 'torrents of the daemon whose names begin with fi']],
  load: () => import('./commands/suggest.ts'),
});

export const COMMANDS: readonly CommandDefinition[] = [
  tracker,
  share,
  list,
  get,
  where,
  why,
  create,
  show,
  verify,
  unshare,
  identity,
  shell,
  ...DAEMON_COMMANDS,
  demo,
  completion,
  suggest,
];
