// Many seeds in one process, each a session of its own on a port of its own: for downloads from more peers than there is
// memory for processes. Arguments: the .torrent file, the content, how many. Says {"event":"seeding","ports":[…]}.

import { readFile } from 'node:fs/promises';
import { Session } from '../src/engine/index.ts';

const [torrent, path, count] = process.argv.slice(2) as [string, string, string];
const bytes = await readFile(torrent);
const ports: number[] = [];
for (let i = 0; i < Number(count); i++) {
  const session = await Session.open({ listen: { host: '127.0.0.1', port: 0 }, state: null });
  const added = await session.add(bytes, { path });
  await added.done;
  ports.push(session.port);
}
console.log(JSON.stringify({ event: 'seeding', ports }));
