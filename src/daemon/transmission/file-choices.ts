// Which files are wanted, in the words of Transmission's RPC.

import type { ListedFiles } from '../file-lists.ts';
import type { Arguments } from './arguments.ts';

/** In the order in which Transmission applies them. */
const LISTS = [
  ['files-unwanted', 'skip'],
  ['files-wanted', 'wanted'],
  ['priority-high', 'high'],
  ['priority-low', 'low'],
  ['priority-normal', 'normal'],
] as const;

/** Throws RpcFailure when a list holds something that is no number. */
export function readFileLists(args: Arguments): ListedFiles[] {
  return LISTS.flatMap(([name, priority]) => {
    const numbers = args.numbers(name);
    return numbers === undefined ? [] : [{ priority, numbers }];
  });
}
