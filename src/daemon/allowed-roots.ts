// Where callers of the API may have data put: below directories the owner allowed, with all symbolic links resolved. The
// owner at the command line is not asked here.

import { isAbsolute, normalize } from 'node:path';
import { ShoalError } from '../base/errors.ts';
import { isInside, resolveRoot } from '../io/disk/safe-path.ts';

export class AllowedRoots {
  /** As given, absolute. */
  readonly roots: readonly string[];

  constructor(roots: readonly string[]) {
    this.roots = [...new Set(roots.map((root) => normalize(root)))];
  }

  /** The path with its links resolved. Throws ERR_NOT_ALLOWED with reason `bad_path` or `outside_roots`. */
  async check(path: string): Promise<string> {
    if (path.includes('\0') || !isAbsolute(path) || path.split(/[\\/]/).includes('..'))
      throw new ShoalError('ERR_NOT_ALLOWED', 'a save path is an absolute path without ".."', { reason: 'bad_path' });
    // A device path or a share of another machine is absolute on Windows, too.
    if (/^[\\/]{2}/.test(path))
      throw new ShoalError('ERR_NOT_ALLOWED', 'a save path is a path of this machine', { reason: 'bad_path' });
    const resolved = await this.#resolve(path);
    for (const root of this.roots) if (isInside(await resolveRoot(root), resolved)) return resolved;
    throw new ShoalError(
      'ERR_NOT_ALLOWED',
      `${path} is outside the directories this daemon may put data into (${this.roots.join(', ')}); allow more with --allow DIR`,
      { reason: 'outside_roots' },
    );
  }

  async #resolve(path: string): Promise<string> {
    try {
      return await resolveRoot(path);
    } catch (error) {
      throw new ShoalError('ERR_NOT_ALLOWED', `${path} cannot be used: ${(error as Error).message}`, {
        reason: 'bad_path',
        cause: error,
      });
    }
  }
}
