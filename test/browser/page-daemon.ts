// A daemon with its page as a process of its own, to be killed by a test: node page-daemon.ts DIRECTORY PAGE PORT. Says its
// address and token as one line of JSON.

import { join } from 'node:path';
import { startDaemon } from '../../src/daemon/daemon.ts';

const [directory, page, port] = process.argv.slice(2);
const daemon = await startDaemon({
  state: join(directory!, 'state'),
  downloads: join(directory!, 'downloads'),
  api: { host: '127.0.0.1', port: Number(port) },
  apiOrigin: 'test',
  version: '1.2.3',
  page: page!,
  session: { listen: { host: '127.0.0.1', port: 0 } },
});
console.log(JSON.stringify({ url: daemon.url, token: daemon.token }));
