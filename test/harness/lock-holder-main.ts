// A process that wants a lock: waits for a line on stdin, tries to lock the folder given as argument, prints "held" or
// the code of the error, and keeps the lock until stdin ends.

import { once } from 'node:events';
import { ShoalError } from '../../src/base/errors.ts';
import { lock } from '../../src/io/lock.ts';

process.stdout.write('ready\n');
await once(process.stdin, 'data');
try {
  await lock(process.argv[2]!, 'a test');
  process.stdout.write('held\n');
} catch (error) {
  process.stdout.write(`${error instanceof ShoalError ? error.code : String(error)}\n`);
}
process.stdin.resume();
await once(process.stdin, 'end');
