// The ed25519 key that signs one's catalog entries: made on first use, kept in one small text file, exported and
// imported as that text. Knows nothing of what is signed. The secret never leaves this file except by `exportText`.
//
// The text is one line besides comments: `shoal-identity-v1 SEED PUBLIC`, both 32 bytes in hex, where PUBLIC (which
// follows from SEED) guards against a mistyped line.

import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fromHex, toHex } from '../base/bytes.ts';
import { ShoalError } from '../base/errors.ts';
import { createExclusively } from './stores/exclusive-file.ts';

const FILE = 'identity.key';
const COMMENT = '# Shoal identity. Whoever has the line below can publish in your name: keep it secret.';
// DER headers of an ed25519 key without parameters (RFC 8410): what precedes the 32 raw bytes.
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

export class Identity {
  /** Raw public key, 64 hex digits: how others name this publisher. */
  readonly publicKey: string;
  readonly #seed: Uint8Array;
  readonly #key: KeyObject;

  constructor(seed: Uint8Array) {
    this.#seed = seed;
    this.#key = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
    const spki = createPublicKey(this.#key).export({ format: 'der', type: 'spki' });
    this.publicKey = toHex(spki.subarray(SPKI_HEAD.length));
  }

  /** The 64-byte signature over `bytes`. */
  sign(bytes: Uint8Array): Uint8Array {
    return new Uint8Array(sign(null, bytes, this.#key));
  }

  /** The identity as text, secret included. */
  exportText(): string {
    return `${COMMENT}\nshoal-identity-v1 ${toHex(this.#seed)} ${this.publicKey}\n`;
  }
}

/** Whether `signature` over `bytes` is by the holder of `publicKey` (64 hex digits). False for malformed keys too. */
export function verifySignature(publicKey: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  const raw = fromHex(publicKey);
  if (raw?.length !== 32 || signature.length !== 64) return false;
  try {
    const key = createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), format: 'der', type: 'spki' });
    return verify(null, bytes, key, signature);
  } catch {
    return false;
  }
}

/** A new identity that is kept nowhere. */
export function createIdentity(): Identity {
  return new Identity(new Uint8Array(randomBytes(32)));
}

/** Reads exported text. @throws ShoalError ERR_USAGE when it is none. */
export function parseIdentity(text: string, source: string): Identity {
  const line = text
    .split(/\r?\n/)
    .map((each) => each.trim())
    .find((each) => each !== '' && !each.startsWith('#'));
  const match = /^shoal-identity-v1 ([0-9a-f]{64}) ([0-9a-f]{64})$/.exec(line ?? '');
  if (match === null)
    throw new ShoalError(
      'ERR_USAGE',
      `${source} holds no Shoal identity: expected a line "shoal-identity-v1 SEED KEY"`,
      {
        reason: 'no_identity',
      },
    );
  const identity = new Identity(fromHex(match[1]!)!);
  if (identity.publicKey !== match[2])
    throw new ShoalError('ERR_USAGE', `the identity in ${source} is damaged: its two keys do not belong together`, {
      reason: 'damaged_identity',
    });
  return identity;
}

/** The identity kept in `directory`, or undefined. @throws ShoalError when it is there and cannot be read. */
export async function readIdentity(directory: string): Promise<Identity | undefined> {
  const path = join(directory, FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ShoalError('ERR_STATE', `cannot read the identity ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  try {
    return parseIdentity(text, path);
  } catch (cause) {
    throw new ShoalError('ERR_STATE', `${(cause as Error).message}; restore it from a backup, or move it away`, {
      cause,
    });
  }
}

/** The identity kept in `directory`, made when there is none. Processes that race all get the same one. */
export async function openIdentity(directory: string): Promise<Identity> {
  const existing = await readIdentity(directory);
  if (existing !== undefined) return existing;
  const made = createIdentity();
  if (await keep(directory, made)) return made;
  const winner = await readIdentity(directory);
  if (winner !== undefined) return winner;
  throw new ShoalError('ERR_STATE', `the identity in ${directory} vanished while it was opened; try again`);
}

/**
 * Makes `identity` the one kept in `directory`. Another one already there is moved aside to a file that is named in
 * the result, and only with `replace`.
 * @throws ShoalError ERR_STATE reason `identity_exists` without `replace`.
 */
export async function importIdentity(
  directory: string,
  identity: Identity,
  options: { replace?: boolean } = {},
): Promise<{ keptOld: string | undefined }> {
  const existing = await readIdentity(directory);
  if (existing?.publicKey === identity.publicKey) return { keptOld: undefined };
  let keptOld: string | undefined;
  if (existing !== undefined) {
    if (options.replace !== true)
      throw new ShoalError(
        'ERR_STATE',
        `${directory} already holds the identity ${existing.publicKey.slice(0, 16)}…; export it first, then replace it`,
        { reason: 'identity_exists' },
      );
    keptOld = join(directory, `identity-${existing.publicKey.slice(0, 16)}.key`);
    await rename(join(directory, FILE), keptOld);
  }
  if (!(await keep(directory, identity)))
    throw new ShoalError('ERR_STATE', `another process made an identity in ${directory} meanwhile; try again`);
  return { keptOld };
}

/** Writes the file whole or not at all; false when one is there already. */
async function keep(directory: string, identity: Identity): Promise<boolean> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return await createExclusively(join(directory, FILE), identity.exportText());
  } catch (error) {
    throw new ShoalError('ERR_STATE', `cannot keep the identity in ${directory}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
