// Which files of a torrent are wanted, said in lists of numbers in which pads have none, as other programs count them; an
// empty list means all files. Such lists can be kept until the metadata says which files they mean. Pure.

import type { FilePriority } from '../api/daemon-schemas.ts';
import { ShoalError } from '../base/errors.ts';
import type { Metainfo } from '../protocol/metainfo.ts';
import { type FileChoice, nameOfPriority } from './file-choice.ts';

/** One of the lists; `wanted` wants a file that was not wanted and leaves the priority of others. */
export interface ListedFiles {
  priority: FilePriority | 'wanted';
  numbers: readonly number[];
}

/** Kept of one torrent until its metadata is here, at most. */
export const MAX_LISTS = 20;

const PRIORITIES: readonly unknown[] = ['skip', 'low', 'normal', 'high', 'wanted'];

/** Whether what was read from a file is such lists. */
export function areListedFiles(value: unknown): value is ListedFiles[] {
  if (!Array.isArray(value) || value.length > MAX_LISTS) return false;
  return value.every(({ priority, numbers }: Partial<Record<keyof ListedFiles, unknown>>) => {
    const isNumber = (each: unknown) => Number.isInteger(each) && (each as number) >= 0;
    return PRIORITIES.includes(priority) && Array.isArray(numbers) && numbers.every(isNumber);
  });
}

/**
 * What the lists say of the files of the metadata. A priority says nothing of whether a file is wanted, so that one that is
 * not wanted stays so. A file that is not there: throws ERR_USAGE, or with `lenient` is passed over.
 */
export function choicesOf(
  { files, name }: Metainfo,
  before: readonly number[] | undefined,
  lists: readonly ListedFiles[],
  lenient = false,
): FileChoice[] {
  const indices = files.flatMap(({ pad }, index) => (pad ? [] : [index]));
  const priorities = new Map<number, FilePriority>();
  const current = (index: number): FilePriority => priorities.get(index) ?? nameOfPriority(before?.[index]);
  for (const { priority, numbers } of lists) {
    for (const number of numbers.length === 0 ? indices.keys() : numbers) {
      const index = indices[number];
      if (index === undefined) {
        if (lenient) continue;
        throw new ShoalError('ERR_USAGE', `${name} has no file ${number}`, { reason: 'no_such_file' });
      }
      const isWanted = current(index) !== 'skip';
      if (priority === 'skip') priorities.set(index, 'skip');
      else if (priority === 'wanted') priorities.set(index, isWanted ? current(index) : 'normal');
      else if (isWanted) priorities.set(index, priority);
    }
  }
  return [...priorities].map(([index, priority]) => ({ index, priority }));
}
