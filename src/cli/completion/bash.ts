// The script of `shoal completion bash`. Readline breaks words at = and : too, so the script joins them again; what it
// offers is quoted as the word under the cursor is.

import type { CompletedCommand, CompletedFlag } from './table.ts';

export function bashScript(commands: readonly CompletedCommand[]): string {
  const flags = new Map(commands.flatMap((command) => command.flags).map((flag) => [flag.name, flag]));
  return `# Completes shoal's command line in bash 4 and newer. Made by: shoal completion bash

_shoal_commands='${commands.map(({ name }) => `+${name}`).join(' ')}'

# The flags of a command.
_shoal_flags() {
  case $1 in
${commands.map(({ name, flags }) => `    ${name}) REPLY='${namesOf(flags)}' ;;`).join('\n')}
    *) REPLY= ;;
  esac
}

# What can be the value of a flag. Fails when the flag takes none.
_shoal_value() {
  case $1 in
${[...flags.values()].filter(takesValue).map(valueCase).join('\n')}
    *) return 1 ;;
  esac
}

# What can be the word number $2 of a command.
_shoal_word() {
  REPLY=
  case $1:$2 in
${commands.flatMap(wordCases).join('\n')}
  esac
}
${REST}`;
}

function namesOf(flags: readonly CompletedFlag[]): string {
  return flags.map(({ name }) => `+${name}`).join(' ');
}

function takesValue({ placeholder }: CompletedFlag): boolean {
  return placeholder !== undefined;
}

function valueCase({ name, alias, sources }: CompletedFlag): string {
  return `    ${alias === undefined ? name : `${name} | ${alias}`}) REPLY='${sources.join(' ')}' ;;`;
}

function wordCases({ name, words, maxWords }: CompletedCommand): string[] {
  return words.map((sources, index) => {
    const position = index === words.length - 1 && maxWords > words.length ? '*' : String(index + 1);
    return `    ${name}:${position}) REPLY='${sources.join(' ')}' ;;`;
  });
}

const REST = `
# What is typed up to the cursor, whose place is counted in bytes.
_shoal_typed() {
  local LC_ALL=C
  REPLY=\${COMP_LINE:0:COMP_POINT}
}

# $1 as the shell will take it in REPLY, and the quote that is still open in _shoal_quote.
_shoal_unquote() {
  local text=$1 char i
  REPLY= _shoal_quote=
  for ((i = 0; i < \${#text}; i++)); do
    char=\${text:i:1}
    case $_shoal_quote$char in
      \\' | \\") _shoal_quote=$char ;;
      \\'\\' | \\"\\") _shoal_quote= ;;
      \\'*) REPLY+=$char ;;
      *\\\\)
        ((++i))
        REPLY+=\${text:i:1}
        ;;
      *) REPLY+=$char ;;
    esac
  done
}

# $1 as it has to be written after the open quote.
_shoal_write() {
  case $_shoal_quote in
    \\') REPLY=\${1//\\'/\\'\\\\\\'\\'} ;;
    \\")
      REPLY=\${1//\\\\/\\\\\\\\}
      REPLY=\${REPLY//\\"/\\\\\\"}
      REPLY=\${REPLY//\\$/\\\\$}
      REPLY=\${REPLY//\\\`/\\\\\\\`}
      ;;
    *) printf -v REPLY %q "$1" ;;
  esac
}

_shoal() {
  ((BASH_VERSINFO[0] >= 4)) || return 0
  local IFS=$' \\t\\n' REPLY _shoal_quote word i gap typed broken=
  local -a words=() asked=() sources=() names=() files=()
  COMPREPLY=()
  _shoal_typed
  typed=$REPLY
  for ((i = 0; i <= COMP_CWORD; i++)); do
    gap=\${typed%%[![:space:]]*}
    typed=\${typed#"$gap"}
    word=\${COMP_WORDS[i]}
    ((i < COMP_CWORD)) || word=$typed
    typed=\${typed:\${#word}}
    if [[ -z $gap && i -gt 0 ]]; then
      broken=\${words[-1]}
      words[-1]+=$word
    else
      broken=
      words+=("$word")
    fi
  done
  [[ $word == [=:@] ]] && broken=\${words[-1]}

  local current=\${words[-1]} last=$((\${#words[@]} - 1)) before= plain= place=1 flag=
  for ((i = 2; i < last; i++)); do
    _shoal_unquote "\${words[i]}"
    word=\${REPLY/#'~/'/$HOME/}
    if [[ -n $flag ]]; then
      [[ $flag == --state || $flag == --tracker ]] && asked+=("$flag=$word")
      flag=
    elif [[ -n $plain || $word != -?* ]]; then
      ((++place))
    elif [[ $word == -- ]]; then
      plain=yes
    elif [[ $word == --state=* || $word == --tracker=* ]]; then
      asked+=("\${word/#--state='~/'/--state=$HOME/}")
    elif _shoal_value "$word"; then
      flag=$word
    fi
  done

  if ((last == 1)); then
    REPLY="$_shoal_commands +--help +--version"
  elif [[ -n $flag ]]; then
    _shoal_value "$flag"
  elif [[ -z $plain && $current == --*=* ]]; then
    before=\${current%%=*}=
    current=\${current#*=}
    _shoal_value "\${before%=}" || return 0
  elif [[ -z $plain && $current == -* ]]; then
    _shoal_flags "\${words[1]}"
  else
    _shoal_word "\${words[1]}" "$place"
  fi
  sources=($REPLY)

  _shoal_unquote "$current"
  current=$REPLY
  local source name
  for source in "\${sources[@]}"; do
    case $source in
      +*) [[ \${source#+} == "$current"* ]] && names+=("\${source#+}") ;;
      entry | torrent | label)
        while IFS= read -r name; do
          [[ $name == "$current"* ]] && names+=("$name")
        done < <("\${words[0]/#'~/'/$HOME/}" suggest "$source" "\${asked[@]}" -- "$current" 2>/dev/null </dev/null)
        ;;
      path) mapfile -t -O \${#files[@]} files < <(compgen -f -- "$current") ;;
      directory) mapfile -t -O \${#files[@]} files < <(compgen -d -- "$current") ;;
      torrentFile)
        mapfile -t -O \${#files[@]} files < <(compgen -d -- "$current"; compgen -f -X '!*.torrent' -- "$current")
        ;;
    esac
  done

  # Paths alone are left to readline, which knows how to quote them. Among names they are written as names are.
  if ((\${#names[@]} == 0)); then
    ((\${#files[@]} == 0)) && return 0
    compopt -o filenames 2>/dev/null
    for name in "\${files[@]}"; do
      name=$before$name
      COMPREPLY+=("\${name#"$broken"}")
    done
    return 0
  fi
  for name in "\${names[@]}"; do
    _shoal_write "$name"
    name=$before$REPLY
    COMPREPLY+=("\${name#"$broken"}")
  done
  for name in "\${files[@]}"; do
    _shoal_write "$name"
    [[ -d $name ]] && REPLY+=/
    COMPREPLY+=("$REPLY")
  done
}

complete -F _shoal shoal
`;
