// Ports for programs of tests are free and are not among those that the system hands out by itself.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { test } from 'node:test';
import { freePort, isFree } from './ports.ts';

const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';

test('no connection and no port 0 of another program takes a port that was found free', async () => {
  const [first, last] = fs.existsSync(RANGE)
    ? fs.readFileSync(RANGE, 'utf8').trim().split(/\s+/).map(Number)
    : [49_152, 65_535];
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
  assert.equal(new Set(ports).size, ports.length);
  for (const port of ports) assert.ok(port > 1023 && (port < first! || port > last!), `${port} may be handed out`);
});

test('a port where somebody listens is not free, and is again when nobody does', async () => {
  const port = await freePort();
  assert.equal(await isFree(port, '127.0.0.1'), true);
  const server = net.createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  assert.equal(await isFree(port, '127.0.0.1'), false);
  server.close();
  await once(server, 'close');
  assert.equal(await isFree(port, '127.0.0.1'), true);
});
