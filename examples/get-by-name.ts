// Fetches a name from a tracker's catalog into a directory, with progress, and leaves.
//
//   node get-by-name.ts NAME TRACKER DIRECTORY

import { Session, ShoalError } from 'shoal';

const [name, tracker, directory] = process.argv.slice(2);
if (name === undefined || tracker === undefined || directory === undefined)
  throw new Error('usage: get-by-name.ts NAME TRACKER DIRECTORY');

await using session = await Session.open({ trackers: [tracker] });
try {
  const torrent = await session.get(name, { directory });
  const progress = setInterval(() => {
    const { have, size, down, peers } = torrent.status;
    console.log(`${have} of ${size} bytes, ${Math.round(down / 1024)} KiB/s from ${peers} peers`);
  }, 1000);
  const summary = await torrent.done.finally(() => clearInterval(progress));
  console.log(`${summary.path}: ${summary.size} bytes in ${summary.seconds.toFixed(1)} s`);
} catch (error) {
  // every failure has a code to compare and a message to show
  if (!(error instanceof ShoalError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = error.exitCode;
}
