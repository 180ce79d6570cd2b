// A secret that lets whoever holds it act as the operator: made once, kept in a file only its owner can read, shown as
// `Authorization: Bearer`. Compared in constant time and never logged.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { ShoalError } from '../base/errors.ts';
import { createExclusively } from '../io/stores/exclusive-file.ts';

/** 256 random bits as text. */
const SHAPE = /^[A-Za-z0-9_-]{43}$/;

export class BearerToken {
  readonly #digest: Buffer;

  constructor(token: string) {
    this.#digest = digest(token);
  }

  /** Whether an Authorization header carries this token. */
  matches(header: string | undefined): boolean {
    const match = /^Bearer +([^\s]+)$/i.exec(header ?? '');
    return match !== null && timingSafeEqual(digest(match[1]!), this.#digest);
  }
}

/**
 * The token kept in `path`, made when the file is missing.
 * @throws ShoalError ERR_STATE when the file cannot be read or written, or holds something else.
 */
export async function openTokenFile(path: string): Promise<BearerToken> {
  const token = randomBytes(32).toString('base64url');
  try {
    if (!existsSync(path) && (await createExclusively(path, `${token}\n`))) return new BearerToken(token);
  } catch (error) {
    throw unusable(path, (error as Error).message, error);
  }
  return new BearerToken(await readTokenFile(path));
}

/** The token a file holds, for who wants to show it. @throws ShoalError ERR_STATE. */
export async function readTokenFile(path: string): Promise<string> {
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw unusable(path, (error as Error).message, error);
  }
  if (!SHAPE.test(text)) throw unusable(path, 'it holds no token; remove it to have a new one made', undefined);
  return text;
}

function unusable(path: string, why: string, cause: unknown): ShoalError {
  return new ShoalError('ERR_STATE', `cannot use the token file ${path}: ${why}`, { cause });
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
