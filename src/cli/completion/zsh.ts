// The script of `shoal completion zsh`: a specification of _arguments for each command, and one function that offers what
// can stand in a place. zsh itself does the quoting.

import type { CompletedCommand, CompletedFlag } from './table.ts';

export function zshScript(commands: readonly CompletedCommand[]): string {
  return `#compdef shoal
# Completes shoal's command line in zsh. Made by: shoal completion zsh

_shoal() {
  local shoal=$words[1]
  local -a asked commands
  local i
  for ((i = 3; i < CURRENT; i++)); do
    case $words[i] in
      --state | --tracker) asked+=("$words[i]=\${\${(Q)words[i + 1]}/#\\~\\//$HOME/}") ;;
      --state=* | --tracker=*) asked+=("\${\${(Q)words[i]}/#--state=\\~\\//--state=$HOME/}") ;;
    esac
  done
  if ((CURRENT == 2)); then
    commands=(
${commands.map(({ name, brief }) => `      '${name}:${escapeColons(brief)}'`).join('\n')}
    )
    _describe -t commands command commands
    _arguments '(- *)'{-h,--help}'[show help]' '(- *)'{-V,--version}'[show the version]'
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
${commands.map(commandCase).join('\n')}
  esac
}

# Offers what can stand here: each argument is a kind of thing, or a word after a +.
_shoal_offer() {
  local source name ret=1
  local -a expl names choices
  for source in "$@"; do
    case $source in
      +*) choices+=(\${source#+}) ;;
      path) _files && ret=0 ;;
      directory) _files -/ && ret=0 ;;
      torrentFile) _files -g '*.torrent' && ret=0 ;;
      *)
        names=(\${(f)"$("\${(Q)shoal/#\\~\\//$HOME/}" suggest $source $asked -- "\${(Q)PREFIX}" 2>/dev/null </dev/null)"})
        _wanted names expl $source compadd -a names && ret=0
        ;;
    esac
  done
  (($#choices)) && _wanted words expl word compadd -a choices && ret=0
  return ret
}

if [[ $funcstack[1] == _shoal ]]; then
  _shoal "$@"
else
  compdef _shoal shoal
fi
`;
}

function commandCase({ name, flags, words, maxWords }: CompletedCommand): string {
  const specs = [...flags.flatMap(flagSpecs), ...wordSpecs(words, maxWords)];
  return `    ${name})
      _arguments -S : \\
${specs.map((spec) => `        '${spec}'`).join(' \\\n')}
      ;;`;
}

function flagSpecs({ name, alias, brief, placeholder, repeats, sources }: CompletedFlag): string[] {
  const once = repeats ? '*' : alias === undefined ? '' : `(${name} ${alias})`;
  const explained = `[${escapeBrackets(brief)}]`;
  if (placeholder === undefined)
    return [name, ...(alias === undefined ? [] : [alias])].map((each) => once + each + explained);
  const value = `:${escapeColons(placeholder)}:${action(sources)}`;
  const long = `${once}${name}=${explained}${value}`;
  return alias === undefined ? [long] : [long, `${once}${alias}${explained}${value}`];
}

function wordSpecs(words: readonly (readonly string[])[], maxWords: number): string[] {
  return words.map((sources, index) => {
    const isLast = index === words.length - 1 && maxWords > words.length;
    return `${isLast ? '*' : index + 1}: :${action(sources)}`;
  });
}

/** The space keeps _arguments from putting words of its own after the function. */
function action(sources: readonly string[]): string {
  return sources.length === 0 ? ' ' : ` _shoal_offer ${sources.join(' ')}`;
}

function escapeColons(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll(':', '\\:');
}

function escapeBrackets(text: string): string {
  return escapeColons(text).replaceAll('[', '\\[').replaceAll(']', '\\]');
}
