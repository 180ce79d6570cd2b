// Shell blocks of a Markdown document, to be run as they stand.

export interface ShellBlock {
  /** The commands, as written. */
  script: string;
  /** Marked `in-background`: it runs while the following blocks do. */
  background: boolean;
  /** Heading under which it stands. */
  section: string;
  line: number;
}

/** Every block fenced as ```sh, in order. */
export function shellBlocks(markdown: string): ShellBlock[] {
  const blocks: ShellBlock[] = [];
  let section = '';
  let open: { language: string; from: number; text: string[] } | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line);
    if (open === undefined) {
      if (fence !== null) open = { language: fence[1]!, from: index + 2, text: [] };
      else section = /^#+ (.*)$/.exec(line)?.[1] ?? section;
    } else if (fence !== null) {
      const words = open.language.split(' ');
      if (words[0] === 'sh')
        blocks.push({
          script: open.text.join('\n'),
          background: words.includes('in-background'),
          section,
          line: open.from,
        });
      open = undefined;
    } else open.text.push(line);
  }
  return blocks;
}
