import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { it } from 'node:test';
import { describePortOwner, findPortOwner } from './port-owner.ts';

const skip = process.platform === 'linux' ? false : 'only Linux has /proc';

it('finds this process by its own port, in both families', { skip }, async () => {
  for (const host of ['127.0.0.1', '::']) {
    const server = createServer().listen(0, host);
    try {
      await once(server, 'listening');
    } catch (error) {
      // A machine without IPv6.
      assert.equal((error as NodeJS.ErrnoException).code, 'EAFNOSUPPORT');
      continue;
    }
    const { port } = server.address() as AddressInfo;
    assert.equal(findPortOwner(port)?.pid, process.pid);
    server.close();
    await once(server, 'close');
    assert.equal(findPortOwner(port), undefined);
    assert.equal(describePortOwner(port), '');
  }
});

it('names another process', { skip }, async () => {
  const child = spawn(process.execPath, [
    '-e',
    "const s = require('node:net').createServer().listen(0, '127.0.0.1', () => console.log(s.address().port))",
  ]);
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    assert.match(
      describePortOwner(Number(line.toString())),
      new RegExp(`^ by process ${child.pid} \\(node -e const s.+\\)$`),
    );
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});
