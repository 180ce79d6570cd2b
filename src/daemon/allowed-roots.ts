// Where callers of the API may have data put: below directories the owner allowed, with all symbolic links resolved. The
// owner at the command line is not asked here. What the daemon itself keeps is nobody's to put data into or to share.

import { isAbsolute, normalize } from 'node:path';
import { ShoalError } from '../base/errors.ts';
import { isInside, resolveRoot } from '../io/disk/safe-path.ts';

export class AllowedRoots {
  /** As given, absolute. */
  readonly roots: readonly string[];

  /** Where keys and tokens are. */
  readonly #own: string | undefined;

  /** `own`: the daemon's own directory, which may lie below one of the roots. */
  constructor(roots: readonly string[], own?: string) {
    this.roots = [...new Set(roots.map((root) => normalize(root)))];
    this.#own = own;
  }

  /** Whether a resolved path is the daemon's own. */
  isOwn(path: string): boolean {
    return this.#own !== undefined && isInside(this.#own, path);
  }

  /** The path with its links resolved. Throws ERR_NOT_ALLOWED with reason `bad_path` or `outside_roots`. */
  async check(path: string): Promise<string> {
    if (path.includes('\0') || !isAbsolute(path) || path.split(/[\\/]/).includes('..'))
      throw new ShoalError('ERR_NOT_ALLOWED', 'a save path is an absolute path without ".."', { reason: 'bad_path' });
    // A device path or a share of another machine is absolute on Windows, too.
    if (/^[\\/]{2}/.test(path))
      throw new ShoalError('ERR_NOT_ALLOWED', 'a save path is a path of this machine', { reason: 'bad_path' });
    const resolved = await this.#resolve(path);
    await this.#refuseOwn(resolved, path);
    for (const root of this.roots) if (isInside(await resolveRoot(root), resolved)) return resolved;
    throw new ShoalError(
      'ERR_NOT_ALLOWED',
      `${path} is outside the directories this daemon may put data into (${this.roots.join(', ')}); allow more with --allow DIR`,
      { reason: 'outside_roots' },
    );
  }

  /** As `check`; `anywhere`: the owner asks, who may name any absolute path. */
  async checkWritable(path: string, anywhere: boolean): Promise<string> {
    if (!anywhere) return this.check(path);
    if (!isAbsolute(path)) throw new ShoalError('ERR_USAGE', `${path} is no absolute path`, { reason: 'bad_path' });
    return this.#resolve(path);
  }

  /** As `check`, for what others are to read. `anywhere`: the owner asks. */
  async checkShared(path: string, anywhere: boolean): Promise<string> {
    const resolved = anywhere ? await this.#resolve(path) : await this.check(path);
    await this.#refuseOwn(resolved, path);
    const own = this.#own === undefined ? undefined : await resolveRoot(this.#own);
    if (own !== undefined && isInside(resolved, own)) throw ownError(path, 'contains');
    return resolved;
  }

  async #refuseOwn(resolved: string, path: string): Promise<void> {
    if (this.#own !== undefined && isInside(await resolveRoot(this.#own), resolved)) throw ownError(path, 'is inside');
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

function ownError(path: string, what: string): ShoalError {
  return new ShoalError('ERR_NOT_ALLOWED', `${path} ${what} the daemon's own directory, with its keys`, {
    reason: 'own_state',
  });
}
