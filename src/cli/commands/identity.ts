// `shoal identity show|export|import`: the key that signs one's entries. The secret is written only where it was asked to
// go, readable by its owner only.

import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ShoalError } from '../../base/errors.ts';
import { importIdentity, openIdentity, parseIdentity } from '../../io/identity.ts';
import type { COMMON, CommandContext, CommandRun } from '../command.ts';
import { stateDirectory } from '../peer-session.ts';

const MAX_LENGTH = 4096;

type Taken = 'output' | 'overwrite' | 'state' | (typeof COMMON)[number];

export const run: CommandRun<Taken> = async (context, settings, [action, file]) => {
  const directory = stateDirectory(settings, context.environment);
  if (action === 'import') return importFrom(context, directory, file, settings.overwrite);
  if (file !== undefined) throw new ShoalError('ERR_USAGE', `identity ${action} takes no file; name one with -o`);
  if (action === 'show') return show(context, directory);
  if (action === 'export') return exportTo(context, directory, settings.output);
  throw new ShoalError('ERR_USAGE', `identity takes show, export or import, not "${action}"`);
};

async function show({ output }: CommandContext, directory: string): Promise<void> {
  const { publicKey } = await openIdentity(directory);
  output.event('identity', { publicKey, state: directory });
  output.result(publicKey);
}

async function exportTo({ output }: CommandContext, directory: string, destination: string | undefined): Promise<void> {
  const identity = await openIdentity(directory);
  const text = identity.exportText();
  if (destination === undefined || destination === '-') {
    output.event('identity', { publicKey: identity.publicKey, text });
    output.result(text.trimEnd());
    return;
  }
  const path = resolve(destination);
  await writeFile(path, text, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    throw new ShoalError('ERR_DESTINATION', `${path} is there already; name another file with -o`, { cause: error });
  });
  output.event('identity', { publicKey: identity.publicKey, path });
  output.result(path);
  output.say('Whoever has this file can publish in your name: keep it safe.');
}

async function importFrom(
  { output }: CommandContext,
  directory: string,
  file: string | undefined,
  replace: boolean,
): Promise<void> {
  if (file === undefined) throw new ShoalError('ERR_USAGE', 'identity import needs the file that export wrote');
  const text = file === '-' ? await readStandardInput() : await readFile(resolve(file), 'utf8');
  const identity = parseIdentity(text.slice(0, MAX_LENGTH), file);
  const { keptOld } = await importIdentity(directory, identity, { replace }).catch((error: unknown) => {
    if (!(error instanceof ShoalError) || error.reason !== 'identity_exists') throw error;
    throw new ShoalError('ERR_DESTINATION', `${error.message}: --overwrite keeps the old one beside it`, {
      cause: error,
    });
  });
  output.event('identity', { publicKey: identity.publicKey, state: directory, keptOld });
  output.result(identity.publicKey);
  if (keptOld !== undefined) output.say(`The identity that was there is now ${keptOld}`);
}

async function readStandardInput(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_LENGTH) break;
  }
  return text;
}
