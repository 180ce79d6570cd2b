import assert from 'node:assert/strict';
import net from 'node:net';
import test, { type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { dial, type Listener, listen, type TcpHandlers, type TcpSocket } from './tcp.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

function handles(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const end = performance.now() + 10_000; !condition(); await wait(5))
    assert.ok(performance.now() < end, `${what} did not come`);
}

class Log implements TcpHandlers {
  readonly chunks: Buffer[] = [];
  drains = 0;
  closed: string | undefined;
  onData(buffer: Uint8Array, length: number): void {
    this.chunks.push(Buffer.from(buffer.subarray(0, length)));
  }
  onDrain(): void {
    this.drains++;
  }
  onClose(reason: string): void {
    this.closed = reason;
  }
  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }
}

async function serve(t: TestContext): Promise<{ listener: Listener; sockets: TcpSocket[]; logs: Log[] }> {
  const sockets: TcpSocket[] = [];
  const logs: Log[] = [];
  const listener = await listen(LOOPBACK, (socket) => {
    const log = new Log();
    socket.handlers = log;
    sockets.push(socket);
    logs.push(log);
  });
  t.after(async () => {
    for (const socket of sockets) socket.close('over');
    await listener.close();
  });
  return { listener, sockets, logs };
}

function connect(listener: Listener): Promise<TcpSocket> {
  return new Promise((resolve, reject) => {
    dial({ host: '127.0.0.1', port: listener.port }, 5_000, (socket, reason) =>
      socket === undefined ? reject(new Error(reason)) : resolve(socket),
    );
  });
}

test('bytes go both ways and the end is told once, with its reason', async (t) => {
  const { listener, sockets, logs } = await serve(t);
  const socket = await connect(listener);
  const log = new Log();
  socket.handlers = log;
  socket.write(Buffer.from('to the listener'));
  await until(() => logs[0]?.text === 'to the listener', 'the text');
  sockets[0]!.write(Buffer.from('to the dialler'));
  await until(() => log.text === 'to the dialler', 'the answer');
  assert.equal(sockets[0]!.remote.host, '127.0.0.1');
  sockets[0]!.close('enough');
  await until(() => log.closed !== undefined, 'the end');
  assert.equal(log.closed, 'closed by the peer');
  await until(() => logs[0]!.closed !== undefined, 'our own end');
  assert.equal(logs[0]!.closed, 'enough');
});

test('a paused socket reads nothing, and what it had not read comes when it goes on', async (t) => {
  const { listener, sockets, logs } = await serve(t);
  const socket = await connect(listener);
  socket.handlers = new Log();
  socket.write(Buffer.from('a'));
  await until(() => logs[0]?.text === 'a', 'the first byte');
  sockets[0]!.pause();
  socket.write(Buffer.alloc(8_000_000, 'b'));
  await until(() => socket.unsent > 0 && socket.unsent < 8_000_000, 'a full pipe');
  assert.equal(logs[0]!.text, 'a');
  sockets[0]!.resume();
  await until(() => logs[0]!.chunks.reduce((sum, chunk) => sum + chunk.length, 0) === 8_000_001, 'the rest');
  await until(() => socket.unsent === 0 && socket.buffered === 0, 'an empty pipe');
  socket.close('over');
});

test('an attempt that is given up ends at once and leaves no handle', async (t) => {
  const { listener } = await serve(t);
  const before = handles();
  const outcome = await new Promise<[TcpSocket | undefined, string]>((resolve) => {
    const giveUp = dial({ host: '127.0.0.1', port: listener.port }, 60_000, (socket, reason) =>
      resolve([socket, reason]),
    );
    giveUp();
  });
  assert.deepEqual(outcome, [undefined, 'given up']);
  await until(() => handles() <= before, 'the end of the handle');
});

for (const [what, endpoint] of [
  ['a port that is none', { host: '127.0.0.1', port: 70_000 }],
  ['a port nobody listens on', { host: '127.0.0.1', port: 1 }],
  ['a name that is none', { host: 'not a name', port: 6881 }],
  ['a name with a zero byte', { host: 'a\0b', port: 6881 }],
] as const)
  test(`${what} is told in a later turn and throws nothing`, async () => {
    const answer = Promise.withResolvers<string>();
    let early = true;
    dial(endpoint, 5_000, (socket, reason) => {
      assert.equal(socket, undefined);
      answer.resolve(early ? 'in the same turn' : reason);
    });
    early = false;
    assert.match(await answer.promise, /^[A-Z_]+$/);
  });

test('a reset connection is closed like any other', async (t) => {
  const { listener, logs } = await serve(t);
  const raw = net.connect(listener.port, '127.0.0.1');
  await until(() => logs.length === 1, 'the connection');
  raw.resetAndDestroy();
  await until(() => logs[0]!.closed !== undefined, 'the end');
  assert.equal(logs[0]!.closed, 'ECONNRESET');
});

test('a listener that is closed leaves no handle, and its port can be taken again', async () => {
  const before = handles();
  const listener = await listen(LOOPBACK, (socket) => socket.close('no'));
  const again = await listen({ host: '127.0.0.1', port: 0 }, (socket) => socket.close('no'));
  await assert.rejects(
    listen({ host: '127.0.0.1', port: again.port }, () => undefined),
    { code: 'ERR_LISTEN' },
  );
  await Promise.all([listener.close(), again.close()]);
  const { port } = again;
  const third = await listen({ host: '127.0.0.1', port }, (socket) => socket.close('no'));
  await third.close();
  await until(() => handles() <= before, 'the end of the handles');
});
