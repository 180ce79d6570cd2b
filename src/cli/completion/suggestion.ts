// What can stand for a word or for the value of a flag, as the definitions of commands and settings say it and the
// scripts for shells ask for it. Knows no shell.

/**
 * `path`, `directory`, `torrentFile`: on this machine. `entry`: a name in the catalog. `torrent`, `label`: of the running
 * daemon. A list: these words.
 */
export type Suggestion = 'path' | 'directory' | 'torrentFile' | Asked | readonly string[];

/** Known only to a tracker or the daemon; `shoal suggest` asks when somebody presses Tab. */
export const ASKED = ['entry', 'torrent', 'label'] as const;
export type Asked = (typeof ASKED)[number];
