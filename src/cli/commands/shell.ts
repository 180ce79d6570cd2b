// `shoal shell`: a prompt on a terminal, one command a line from a pipe. Reads lines and asks the shell to carry them out.

import { existsSync } from 'node:fs';
import { clearLine, createInterface, cursorTo, type Interface } from 'node:readline';
import { ShoalError } from '../../base/errors.ts';
import { Session } from '../../engine/session.ts';
import type { COMMON, CommandContext, CommandRun } from '../command.ts';
import { asShoalError } from '../errors.ts';
import { unlessAborted } from '../interrupt.ts';
import { type PeerSettings, sessionOptions } from '../peer-session.ts';
import { countOf } from '../render/download-view.ts';
import { Shell } from '../shell/shell.ts';
import { parseRequest } from '../shell/verbs.ts';

const PROMPT = 'shoal> ';

type Taken = keyof PeerSettings | 'noDaemon' | (typeof COMMON)[number];

export const run: CommandRun<Taken> = async (context, settings) => {
  const { output, environment, signal } = context;
  const attended = process.stdin.isTTY === true && output.interactive;
  const session = await Session.open(
    await sessionOptions(settings, environment, 'shoal shell', (line) => output.detail(line)),
  );
  const shell = new Shell(context, settings, session, attended);
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: attended, prompt: PROMPT });
  try {
    if (attended) output.say('Type help for what can be said here.');
    await unlessAborted(signal, readLines(context, shell, lines, attended));
    if (!attended) await unlessAborted(signal, waitForDownloads(context, shell));
    else if (shell.jobs.running > 0) output.say('Downloads that are not complete go on with the same command.');
  } finally {
    output.around = (write) => write();
    lines.close();
    process.stdin.pause();
    output.endProgress();
    await session.close();
  }
  if (!attended && shell.failure !== undefined)
    throw new ShoalError(shell.failure.code, `${countOf(shell.failures, 'command')} of the shell failed`);
};

/** Until `quit` or the end of the input. */
async function readLines(context: CommandContext, shell: Shell, lines: Interface, attended: boolean): Promise<void> {
  const prompt = attended ? showPrompt(context, lines) : { show: () => {}, hide: () => {} };
  prompt.show();
  for await (const line of lines) {
    prompt.hide();
    try {
      const request = parseRequest(line, existsSync);
      if (request?.verb === 'quit') return;
      if (request !== undefined) await shell.execute(request);
    } catch (error) {
      context.signal.throwIfAborted();
      shell.fail(asShoalError(error));
    }
    prompt.show();
  }
}

/** While the prompt stands, whatever is written goes above it. Ctrl-C at the prompt leaves as a signal would. */
function showPrompt({ output }: CommandContext, lines: Interface): { show: () => void; hide: () => void } {
  let shown = false;
  output.around = (write) => {
    if (shown) {
      cursorTo(process.stderr, 0);
      clearLine(process.stderr, 0);
    }
    write();
    if (shown) lines.prompt(true);
  };
  lines.on('SIGINT', () => {
    shown = false;
    process.stderr.write('\n');
    process.kill(process.pid, 'SIGINT');
  });
  return {
    show: () => {
      shown = true;
      lines.prompt();
    },
    hide: () => {
      shown = false;
    },
  };
}

/** A pipe has no one to say quit later: what it asked for is finished first. */
async function waitForDownloads({ output }: CommandContext, { jobs }: Shell): Promise<void> {
  if (jobs.running === 0) return;
  const stopProgress = output.progress(jobs);
  await jobs.waitForAll();
  stopProgress();
}
