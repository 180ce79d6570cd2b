import assert from 'node:assert/strict';
import net from 'node:net';
import test, { type TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { TcpSocket } from '../io/tcp.ts';
import { encodeHandshake } from '../protocol/wire/handshake.ts';
import { Incoming } from './incoming.ts';

const clock = (): number => performance.now();

/** Sockets over loopback that pass for ones from other addresses. */
async function makeDoor(t: TestContext, banned: string[] = []) {
  const hosts: string[] = [];
  const greeted: string[] = [];
  const incoming = new Incoming({
    clock,
    handshakeTimeout: 60_000,
    refuses: (host) => banned.includes(host),
    onHandshake: (connection) => {
      greeted.push(connection.socket.remote.host);
      return undefined;
    },
  });
  const server = net.createServer((socket) => {
    const tcp = new TcpSocket(socket, { host: hosts.shift()!, port: 1 });
    socket.on('data', (data) => tcp.received(data.length, data));
    incoming.accept(tcp);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  const sockets: net.Socket[] = [];
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    incoming.close();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    greeted,
    close: () => incoming.close(),
    async knock(host: string): Promise<net.Socket> {
      hosts.push(host);
      const socket = net.connect(port, '127.0.0.1').on('error', () => undefined);
      socket.resume();
      sockets.push(socket);
      const before = hosts.length;
      await until(() => hosts.length < before);
      return socket;
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = clock() + 20_000; !condition(); await wait(1)) assert.ok(clock() < end, 'it did not come');
}

const handshake = encodeHandshake('aa'.repeat(20), new Uint8Array(20));

test('silent sockets, however many, keep nobody out', { timeout: 60_000 }, async (t) => {
  const door = await makeDoor(t);
  const slow = await door.knock('127.0.0.5');
  const silent: net.Socket[] = [];
  for (let i = 0; i < 200; i++) silent.push(await door.knock('127.0.0.1'));
  await until(() => silent.filter((socket) => !socket.closed).length === 63);
  assert.equal(slow.closed, false, 'the crowd keeps out only itself');
  slow.write(handshake);
  const other = await door.knock('127.0.0.1');
  other.write(handshake);
  await until(() => door.greeted.length === 2);
  assert.deepEqual(new Set(door.greeted), new Set(['127.0.0.5', '127.0.0.1']));
});

test('one public address has four sockets waiting at most, a loopback or private one more', {
  timeout: 60_000,
}, async (t) => {
  const door = await makeDoor(t);
  const many: net.Socket[] = [];
  const others: net.Socket[] = [];
  for (let i = 0; i < 8; i++) {
    many.push(await door.knock('8.8.4.4'));
    others.push(await door.knock('192.168.0.1'));
  }
  await until(() => many.filter((socket) => !socket.closed).length === 4);
  assert.deepEqual(
    many.map((socket) => socket.closed),
    [true, true, true, true, false, false, false, false],
  );
  assert.equal(
    others.some((socket) => socket.closed),
    false,
  );
});

test('the crowd goes, whoever knocks, and who has been quick stays', { timeout: 60_000 }, async (t) => {
  const door = await makeDoor(t);
  const quick = await door.knock('127.0.0.1');
  quick.write(handshake);
  await until(() => door.greeted.length === 1);
  const patient = await door.knock('127.0.0.5');
  const crowd: net.Socket[] = [];
  for (let i = 0; i < 63; i++) crowd.push(await door.knock('127.0.0.1'));
  const open = (): number => crowd.filter((socket) => !socket.closed).length;
  assert.equal(open(), 63);
  for (let i = 6; i < 9; i++) await door.knock(`127.0.0.${i}`);
  await until(() => open() === 60);
  assert.deepEqual(
    crowd.slice(0, 4).map((socket) => socket.closed),
    [true, true, true, false],
    'who has waited longest of them',
  );
  assert.equal(patient.closed, false);
  assert.equal(quick.closed, false);
});

test('who hangs up leaves its place to others from there', { timeout: 60_000 }, async (t) => {
  const door = await makeDoor(t);
  const first: net.Socket[] = [];
  for (let i = 0; i < 4; i++) first.push(await door.knock('8.8.4.4'));
  for (const socket of first.slice(1)) socket.end();
  await until(() => first.slice(1).every((socket) => socket.closed));
  for (let i = 0; i < 3; i++) await door.knock('8.8.4.4');
  const last = await door.knock('8.8.4.4');
  await until(() => first[0]!.closed);
  assert.equal(last.closed, false);
  assert.equal(door.greeted.length, 0);
});

test('who leaves closes everybody, and lets nobody in', { timeout: 60_000 }, async (t) => {
  const door = await makeDoor(t);
  const early = await door.knock('127.0.0.1');
  door.close();
  await until(() => early.closed);
  const late = await door.knock('127.0.0.1');
  late.write(handshake);
  await until(() => late.closed);
  assert.deepEqual(door.greeted, []);
});

test('who is banned by its address is closed before it says anything', { timeout: 60_000 }, async (t) => {
  const door = await makeDoor(t, ['8.8.4.4']);
  const banned = await door.knock('8.8.4.4');
  await until(() => banned.closed);
  const welcome = await door.knock('8.8.4.5');
  welcome.write(handshake);
  await until(() => door.greeted.length === 1);
  assert.deepEqual(door.greeted, ['8.8.4.5']);
});
