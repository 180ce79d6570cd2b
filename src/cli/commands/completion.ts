// `shoal completion bash|zsh|fish`: the script that has a shell complete the command line.

import { ShoalError } from '../../base/errors.ts';
import type { COMMON, CommandRun } from '../command.ts';
import { bashScript } from '../completion/bash.ts';
import { fishScript } from '../completion/fish.ts';
import { completionTable } from '../completion/table.ts';
import { zshScript } from '../completion/zsh.ts';

const SCRIPTS: Readonly<Record<string, typeof bashScript>> = { bash: bashScript, zsh: zshScript, fish: fishScript };

export const run: CommandRun<(typeof COMMON)[number]> = async ({ output, commands }, _settings, [shell = '']) => {
  const make = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (make === undefined) throw new ShoalError('ERR_USAGE', `completion takes bash, zsh or fish, not "${shell}"`);
  const script = make(completionTable(commands));
  output.event('completion', { shell, script });
  output.result(script.trimEnd());
};
