// The script of `shoal completion fish`: one `complete` for each command, flag and word. fish itself does the quoting.

import type { CompletedCommand, CompletedFlag } from './table.ts';

export function fishScript(commands: readonly CompletedCommand[]): string {
  const withValue = new Set(
    commands.flatMap(({ flags }) =>
      flags.flatMap(({ name, alias, placeholder }) =>
        placeholder === undefined ? [] : alias === undefined ? [name] : [name, alias],
      ),
    ),
  );
  return `# Completes shoal's command line in fish 3 and newer. Made by: shoal completion fish

# The words before the one under the cursor, flags and their values left out; fails when another command was typed.
function __shoal_words
    set -l words (commandline -opc)
    test "$words[2]" = "$argv[1]"; or return 1
    set -l flag
    set -l plain
    for word in $words[3..-1]
        if test -n "$flag"
            set flag
        else if test -n "$plain"; or not string match -q -- '-?*' $word
            echo $word
        else if test "$word" = --
            set plain yes
        else if contains -- $word ${[...withValue].join(' ')}
            set flag $word
        end
    end
end

# Whether word number $argv[2] to $argv[3] of the command $argv[1] comes next.
function __shoal_at
    set -l given (__shoal_words $argv[1]); or return 1
    set -l place (math (count $given) + 1)
    test $place -ge $argv[2]; and test $place -le $argv[3]
end

function __shoal_in
    set -l words (commandline -opc)
    test "$words[2]" = "$argv[1]"; and not contains -- -- $words
end

# Names that only the daemon or a tracker knows.
function __shoal_ask
    set -l words (commandline -opc)
    set -l asked
    set -l flag
    for word in $words[3..-1]
        if test -n "$flag"
            set -a asked $flag=(string replace -r '^~/' $HOME/ -- $word)
            set flag
        else if contains -- $word --state --tracker
            set flag $word
        else if string match -q -r -- '^--(state|tracker)=' $word
            set -a asked (string replace -r '^--state=~/' -- --state=$HOME/ $word)
        end
    end
    set -l current (commandline -ct | string replace -r -- '^--[^=]*=' '' | string unescape)
    $words[1] suggest $argv[1] $asked -- "$current" 2>/dev/null </dev/null
end

# These only: __fish_complete_suffix lists all other files, too, and what stands after a = is taken for a path.
function __shoal_torrent_files
    for path in (complete -C "'' "(commandline -ct) | string match -r -- '^.*(?:/|\\.torrent)$')
        test -e (string replace -r '^~/' $HOME/ -- $path); and echo $path
    end
end

complete -c shoal -e
complete -c shoal -f
complete -c shoal -n 'test (count (commandline -opc)) -eq 1' -s h -l help -d 'show help'
complete -c shoal -n 'test (count (commandline -opc)) -eq 1' -s V -l version -d 'show the version'
${commands.map(({ name, brief }) => `complete -c shoal -n 'test (count (commandline -opc)) -eq 1' -a ${name} -d '${quote(brief)}'`).join('\n')}
${commands.flatMap(commandLines).join('\n')}
`;
}

function commandLines({ name, flags, words, maxWords }: CompletedCommand): string[] {
  return [
    ...flags.map((flag) => `complete -c shoal -n '__shoal_in ${name}' ${flagWords(flag)}`),
    ...words.flatMap((sources, index) => {
      const to = index === words.length - 1 ? maxWords : index + 1;
      return `complete -c shoal -n '__shoal_at ${name} ${index + 1} ${to}' ${sourceWords(sources)}`;
    }),
  ];
}

function flagWords({ name, alias, brief, placeholder, sources }: CompletedFlag): string {
  return [
    ...(alias === undefined ? [] : [`-s ${alias.slice(1)}`]),
    `-l ${name.slice(2)}`,
    ...(placeholder === undefined ? [] : ['-r', sourceWords(sources)]),
    `-d '${quote(brief)}'`,
  ].join(' ');
}

const CALLS: Readonly<Record<string, string>> = {
  directory: '(__fish_complete_directories)',
  torrentFile: '(__shoal_torrent_files)',
};

function sourceWords(sources: readonly string[]): string {
  if (sources.includes('path')) return '-F';
  const offers = sources.map((source) =>
    source.startsWith('+') ? source.slice(1) : (CALLS[source] ?? `(__shoal_ask ${source})`),
  );
  return offers.length === 0 ? '-f' : `-f -a '${offers.join(' ')}'`;
}

/** In single quotes of fish. */
function quote(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
}
