import assert from 'node:assert/strict';
import net from 'node:net';
import test, { type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { adopt, dial, type Listener, listen, type TcpHandlers, type TcpSocket } from './tcp.ts';

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

type Handle = { useUserBuffer: unknown };

/** A server whose sockets are changed before they are adopted; a raw socket to it, and the one it adopted. */
async function adoptBy(
  t: TestContext,
  change: (handle: Handle) => void,
): Promise<{ raw: net.Socket; adopted: TcpSocket; log: Log }> {
  const accepted = Promise.withResolvers<TcpSocket>();
  const server = net.createServer({ pauseOnConnect: true }, (socket) => {
    change((socket as unknown as { _handle: Handle })._handle);
    accepted.resolve(adopt(socket)!);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const raw = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  raw.on('error', () => undefined);
  const adopted = await accepted.promise;
  const log = new Log();
  adopted.handlers = log;
  t.after(async () => {
    raw.destroy();
    adopted.close('over');
    await new Promise<void>((closed) => server.close(() => closed()));
  });
  return { raw, adopted, log };
}

/** As if Node had not the call that is not documented. */
const hideCall = (handle: Handle): void => {
  Object.assign(handle, { useUserBuffer: undefined });
};

test('an accepted socket whose handle is of no use is read by events, is held back, and ends like others', async (t) => {
  const { raw, adopted, log } = await adoptBy(t, hideCall);
  const size = (): number => log.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  raw.write('first');
  await until(() => log.text === 'first', 'the first bytes');
  let answer = '';
  raw.on('data', (data) => {
    answer += String(data);
  });
  adopted.write(Buffer.from('answer'));
  await until(() => answer === 'answer', 'the answer');
  assert.equal(adopted.limitReads(4096), 4096);
  adopted.pause();
  raw.write(Buffer.alloc(8_000_000, 'b'));
  await until(() => raw.writableLength > 0, 'a full pipe');
  const before = size();
  assert.ok(before < 1_000_000, `${before} bytes came although it is paused`);
  adopted.resume();
  await until(() => size() === 8_000_005, 'the rest');
  raw.end();
  await until(() => log.closed !== undefined, 'the end');
  assert.equal(log.closed, 'closed by the peer');
});

test('an accepted socket whose handle moves is read into the shared buffer', async (t) => {
  const { raw, log } = await adoptBy(t, () => undefined);
  let shared: ArrayBufferLike | undefined;
  log.onData = (buffer) => {
    shared = buffer.buffer;
  };
  raw.write('bytes');
  await until(() => shared !== undefined, 'bytes');
  assert.ok(
    shared!.byteLength >= 512 * 1024,
    'the handle was not moved: Node has changed, and each byte costs twice as much',
  );
});

test('reads become short where the one under way cannot be cut, after one more long one', async (t) => {
  let handle: Handle | undefined;
  const { raw, adopted, log } = await adoptBy(t, (found) => {
    handle = found;
  });
  raw.write('first');
  await until(() => log.text === 'first', 'the first bytes');
  hideCall(handle!);
  assert.equal(adopted.limitReads(5000), 4096);
  raw.write(Buffer.alloc(1_000_000, 'b'));
  await until(() => log.text.length === 1_000_005, 'the rest');
  const long = log.chunks.filter((chunk) => chunk.length > 4096);
  assert.ok(long.length <= 1, `${long.length} reads were longer than allowed`);
});
