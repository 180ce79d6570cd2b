// Runs the program under strace, which makes chosen system calls fail or kills the process at one of them. strace counts
// calls by thread, so the program gets one thread of each kind: for the loop, for files, for pieces.

import { readFileSync } from 'node:fs';
import type { SpawnOptions } from './shoal.ts';

/** `words`: of strace, such as `-e inject=fsync:error=EIO:when=2`. */
export function traced(words: readonly string[]): Required<Pick<SpawnOptions, 'wrap' | 'env'>> {
  const [processor] = /(?<=^Cpus_allowed_list:\s*)\d+/m.exec(readFileSync('/proc/self/status', 'utf8'))!;
  return {
    // one processor is one worker for pieces
    wrap: ['taskset', '-c', processor, 'strace', '-f', '-qq', ...words],
    env: { UV_THREADPOOL_SIZE: '1', NODE_DISABLE_COMPILE_CACHE: '1' },
  };
}

/** The call fails with this errno at this path, from the `from`-th time on. */
export function failing(call: string, errno: string, path: string, from = 1): ReturnType<typeof traced> {
  const inject = `inject=${call}:error=${errno}:when=${from}+`;
  return traced(['-o', '/dev/null', '-P', path, '-e', `trace=${call}`, '-e', inject]);
}
