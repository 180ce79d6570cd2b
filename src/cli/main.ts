// Entry of the program: runs the command line and sets the exit code. The process then ends by itself, once everything is
// closed and written, so that no output is cut off.

import { ShoalError } from '../base/errors.ts';
import { runCommandLine } from './application.ts';
import { asShoalError } from './errors.ts';
import { Output } from './output.ts';

const readerGone = new AbortController();
const streams = {
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  readerGone: readerGone.signal,
};

/**
 * A reader that went away (`shoal list | head -1`) wants no more lines and no complaint. Commands that took the signals
 * over have something to close first.
 */
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (process.listenerCount('SIGTERM') === 0) process.exit(0);
    readerGone.abort(new ShoalError('ERR_INTERRUPTED', 'nobody reads any more'));
  });

/** What escaped every handler is a fault of the program; it still gets a sentence and an exit code. */
process.on('uncaughtException', (error) => {
  const failure = asShoalError(error);
  new Output(streams, { json: process.argv.includes('--json'), verbose: process.argv.includes('--verbose') }).fail(
    failure,
  );
  process.exit(failure.exitCode);
});

process.exitCode = await runCommandLine(process.argv.slice(2), streams);
