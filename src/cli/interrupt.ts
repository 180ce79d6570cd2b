// Ctrl-C, SIGTERM and SIGHUP: the first asks the command to leave politely, the next one ends the process at once. A command
// that has something to read anew takes SIGHUP for that.

import { EXIT, ShoalError } from '../base/errors.ts';

const SIGNALS = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated, SIGHUP: EXIT.terminated } as const;

/**
 * Milliseconds in which a signal is still the same one: npm and npx pass on to their program what the terminal has sent to
 * it already.
 */
const ECHO = 500;

/**
 * Listens for the signals from now on. The returned signal's reason is the ShoalError the command should end with; it is
 * aborted with `also`, too. What `hangUp` gives is called at SIGHUP, which then asks nothing to stop.
 */
export function listenForSignals(
  onFirst: () => void,
  hangUp: () => (() => void) | undefined,
  also?: AbortSignal,
): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  for (const [name, exitCode] of Object.entries(SIGNALS)) {
    process.on(name, () => {
      const instead = name === 'SIGHUP' ? hangUp() : undefined;
      if (instead !== undefined) return instead();
      if (controller.signal.aborted) {
        if (performance.now() - first > ECHO) process.exit(exitCode);
        return;
      }
      first = performance.now();
      onFirst();
      controller.abort(
        exitCode === EXIT.interrupted
          ? new ShoalError('ERR_INTERRUPTED', 'interrupted')
          : new ShoalError('ERR_TERMINATED', 'terminated'),
      );
    });
  }
  return also === undefined ? controller.signal : AbortSignal.any([controller.signal, also]);
}

/** Settles as `work` does, or rejects with the signal's reason as soon as it is aborted; `work` itself goes on. */
export function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Resolves when the signal is aborted. Keeps the process alive. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const alive = setInterval(() => {}, 1 << 30);
    signal.addEventListener('abort', () => {
      clearInterval(alive);
      resolve();
    });
  });
}
