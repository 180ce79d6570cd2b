// Which files are wanted, in the words of Transmission's RPC: lists of numbers, of which an empty one means all files. There
// pads have no number, so the numbers are not those of the metadata.

import type { FilePriority } from '../../api/daemon-schemas.ts';
import type { Metainfo } from '../../protocol/metainfo.ts';
import { type FileChoice, nameOfPriority } from '../file-choice.ts';
import { type Arguments, RpcFailure } from './arguments.ts';

/** One of the lists; `normal` wants a file that was not wanted and leaves the priority of others. */
export interface ListedFiles {
  priority: FilePriority | 'wanted';
  numbers: readonly number[];
}

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

/**
 * What the lists say of the files of the metadata. A priority says nothing of whether a file is wanted, so that one that is
 * not wanted stays so. Throws RpcFailure for a file that is not there.
 */
export function choicesOf(
  { files }: Metainfo,
  before: readonly number[] | undefined,
  lists: readonly ListedFiles[],
): FileChoice[] {
  const indices = files.flatMap(({ pad }, index) => (pad ? [] : [index]));
  const priorities = new Map<number, FilePriority>();
  const current = (index: number): FilePriority => priorities.get(index) ?? nameOfPriority(before?.[index]);
  for (const { priority, numbers } of lists) {
    for (const number of numbers.length === 0 ? indices.keys() : numbers) {
      const index = indices[number];
      if (index === undefined) throw new RpcFailure(`there is no file ${number}`);
      const isWanted = current(index) !== 'skip';
      if (priority === 'skip') priorities.set(index, 'skip');
      else if (priority === 'wanted') priorities.set(index, isWanted ? current(index) : 'normal');
      else if (isWanted) priorities.set(index, priority);
    }
  }
  return [...priorities].map(([index, priority]) => ({ index, priority }));
}
