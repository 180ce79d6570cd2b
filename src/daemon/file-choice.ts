// What of a torrent is wanted, between the words of the API and the numbers of the engine. Pure.

import type { FilePriority } from '../api/daemon-schemas.ts';
import { ShoalError } from '../base/errors.ts';
import type { Metainfo } from '../protocol/metainfo.ts';

const NUMBERS: Readonly<Record<FilePriority, number>> = { skip: 0, low: 1, normal: 4, high: 7 };

/** A file by its number in the metadata. */
export interface FileChoice {
  index: number;
  priority: FilePriority;
}

/** Of a priority as the engine has it, 0 to 7; undefined: nothing was said of the file. */
export function nameOfPriority(priority: number = NUMBERS.normal): FilePriority {
  if (priority === NUMBERS.skip) return 'skip';
  return priority < NUMBERS.normal ? 'low' : priority > NUMBERS.normal ? 'high' : 'normal';
}

/** One priority a file of the metadata; those that no choice names stay as in `before`. Throws ERR_USAGE for no file. */
export function changePriorities(
  { files, name }: Metainfo,
  before: readonly number[] | undefined,
  choices: readonly FileChoice[],
): number[] {
  const priorities = files.map((_file, index) => before?.[index] ?? NUMBERS.normal);
  for (const { index, priority } of choices) {
    const file = files[index];
    if (file === undefined || file.pad)
      throw new ShoalError('ERR_USAGE', `${name} has no file ${index}`, { reason: 'no_such_file' });
    priorities[index] = NUMBERS[priority];
  }
  return priorities;
}
