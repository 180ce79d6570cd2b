// Two peers in one process, no tracker: one seeds a file, the other fetches it by magnet link from the first one's address.
//
//   node seed-and-fetch.ts FILE

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from 'shoal';
import { formatMagnet } from 'shoal/protocol';

const file = process.argv[2];
if (file === undefined) throw new Error('usage: seed-and-fetch.ts FILE');

// `state: null` keeps no resume data; port 0 takes any free port
await using seeder = await Session.open({ listen: { host: '127.0.0.1', port: 0 }, state: null });
await using fetcher = await Session.open({ listen: { host: '127.0.0.1', port: 0 }, state: null });

const seeding = await seeder.seed(file);
const magnet = formatMagnet({ infoHash: seeding.infoHash, name: seeding.status.name, trackers: [] });

const directory = await mkdtemp(join(tmpdir(), 'shoal-example-'));
try {
  const fetching = await fetcher.add(magnet, { directory, peers: [{ host: '127.0.0.1', port: seeder.port }] });
  let pieces = 0;
  for await (const event of fetching.events()) {
    if (event.type === 'metadata') console.log(`${event.name}: ${event.size} bytes in ${event.pieceCount} pieces`);
    if (event.type === 'peerConnected') console.log(`connected to ${event.address} (${event.client})`);
    if (event.type === 'piece') pieces++;
    if (event.type === 'failed') throw event.error;
    if (event.type === 'done') {
      console.log(`${pieces} pieces, ${event.summary.downloaded} bytes from ${event.summary.peers.length} peer`);
      break;
    }
  }
} finally {
  await fetcher.close();
  await rm(directory, { recursive: true });
}
