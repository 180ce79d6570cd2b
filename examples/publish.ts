// Publishes a file under its own name in a tracker's catalog and serves it until Ctrl-C.
//
//   node publish.ts FILE TRACKER

import { once } from 'node:events';
import { Session } from 'shoal';

const [file, tracker] = process.argv.slice(2);
if (file === undefined || tracker === undefined) throw new Error('usage: publish.ts FILE TRACKER');

await using session = await Session.open({ trackers: [tracker] });
const torrent = await session.seed(file);
await session.publish(torrent);
console.log(`${torrent.status.name} can be fetched by name`);
await once(process, 'SIGINT');
