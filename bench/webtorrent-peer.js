// One WebTorrent client as a process: plain TCP, nothing that finds peers. The one argument is a JSON object: "torrent"
// (file), "path" (directory that has or gets the content), "peers" (addresses to connect to), "seed". Events leave as JSON
// lines: listening, seeding, done.

import { readFileSync } from 'node:fs';
import WebTorrent from 'webtorrent';

const options = JSON.parse(process.argv[2]);
const say = (event, fields) => process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
const client = new WebTorrent({
  dht: false,
  tracker: false,
  lsd: false,
  utPex: false,
  natUpnp: false,
  natPmp: false,
  utp: false,
  webSeeds: false,
  maxConns: 100,
});
client.on('error', (error) => {
  console.error(error);
  process.exit(1);
});
const began = performance.now();
const torrent = client.add(readFileSync(options.torrent), { path: options.path, announce: [] });
let first;
torrent.on('download', () => {
  first ??= performance.now();
});
torrent.on('ready', () => {
  const port = client.torrentPort;
  say('listening', { port });
  if (options.seed && torrent.done) say('seeding', { port });
  for (const peer of options.peers ?? []) torrent.addPeer(peer);
});
torrent.on('done', () => {
  if (options.seed) say('seeding', { port: client.torrentPort });
  else say('done', { seconds: (performance.now() - (first ?? began)) / 1000 });
});
