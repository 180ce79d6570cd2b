import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { startScriptedPeer } from '../../test/harness/scripted-peer.ts';
import { BanStore } from '../io/stores/bans.ts';
import { BAN_LASTS } from '../swarm/ban-list.ts';
import { Session } from './session.ts';
import { SessionBans } from './session-bans.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
const DAY = 24 * 3_600_000;

function makeFolder(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shoal-bans-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const rethrow = (error: unknown): void => {
  throw error;
};

test('a ban of a public address is there in the next session, whose clock starts anew; others are not', async (t) => {
  const file = path.join(makeFolder(t), 'bans.json');
  const first = new SessionBans(new BanStore(file), () => 5_000_000, rethrow);
  first.made(first.list.add('8.8.4.4', 6881, 'aa', 'lied', 5_000_000));
  first.made(first.list.add('127.0.0.1', 6881, 'bb', 'lied', 5_000_000));
  await first.close();
  assert.equal(fs.readFileSync(file, 'utf8').includes('127.0.0.1'), false);
  const second = new SessionBans(new BanStore(file), () => 1_000, rethrow);
  await second.load();
  const [ban, ...others] = second.statuses();
  assert.deepEqual(others, []);
  assert.equal(ban!.address, '8.8.4.4');
  assert.ok(Math.abs(ban!.since - Date.now()) < 60_000, 'made just now');
  assert.ok(Math.abs(ban!.until - Date.now() - BAN_LASTS) < 60_000, 'for a week');
  assert.equal(second.refuses('8.8.4.4'), true);
  assert.equal(second.refuses('8.8.4.5'), false);
  assert.equal(await second.lift('8.8.4.4'), true);
  assert.equal(await second.lift('8.8.4.4'), false);
  const third = new SessionBans(new BanStore(file), () => 0, rethrow);
  await third.load();
  assert.deepEqual(third.statuses(), []);
});

test('a file from elsewhere bans nobody for ever, and no address that stands for many hosts', async (t) => {
  const file = path.join(makeFolder(t), 'bans.json');
  const since = Date.now() - DAY;
  const made = ['8.8.4.4', '127.0.0.1', '192.168.1.7', 'nonsense'].map((address) => ({
    address,
    since,
    until: Date.now() + 1_000 * DAY,
    reason: '',
  }));
  await new BanStore(file).change(made, [], Date.now());
  const bans = new SessionBans(new BanStore(file), () => 0, rethrow);
  await bans.load();
  assert.deepEqual(
    bans.statuses().map(({ address }) => address),
    ['8.8.4.4'],
  );
  assert.ok(bans.statuses()[0]!.until <= Date.now() + BAN_LASTS);
});

test('a file that cannot be used is told of, and the ban holds all the same', async (t) => {
  const file = path.join(makeFolder(t), 'bans.json');
  fs.mkdirSync(file);
  const trouble: unknown[] = [];
  const bans = new SessionBans(
    new BanStore(file),
    () => 0,
    (error) => trouble.push(error),
  );
  await bans.load();
  bans.made(bans.list.add('8.8.4.4', 1, 'aa', '', 0));
  await bans.close();
  assert.equal(trouble.length, 2);
  assert.equal(bans.refuses('8.8.4.4'), true);
});

test('after trouble with the file the next ban is kept again, and none of many is lost', async (t) => {
  const file = path.join(makeFolder(t), 'bans.json');
  fs.mkdirSync(file);
  const bans = new SessionBans(
    new BanStore(file),
    () => 0,
    () => undefined,
  );
  bans.made(bans.list.add('8.8.4.4', 1, 'aa', '', 0));
  await bans.close();
  fs.rmdirSync(file);
  for (let i = 0; i < 10; i++) bans.made(bans.list.add(`8.8.5.${i}`, 1, 'aa', '', 0));
  await bans.close();
  assert.equal((await new BanStore(file).load(Date.now())).length, 10);
});

test('bans run out while the session goes on, and a subnet full of them is refused', () => {
  let now = 0;
  const bans = new SessionBans(undefined, () => now, rethrow);
  for (let i = 0; i < 8; i++) bans.list.add(`203.0.112.${i}`, 1, 'aa', '', 0);
  assert.equal(bans.refuses('203.0.112.99'), true);
  assert.equal(bans.refuses('203.0.113.99'), false);
  assert.equal(bans.statuses().length, 8);
  now = BAN_LASTS;
  assert.deepEqual(bans.statuses(), []);
  assert.equal(bans.refuses('203.0.112.99'), false);
});

test('a liar on a real socket is banned, listed, refused, and let in when the ban is lifted', {
  timeout: 60_000,
}, async (t) => {
  const folder = makeFolder(t);
  const file = path.join(folder, 'file.bin');
  fs.writeFileSync(file, randomBytes(1 << 20));
  const seeder = await Session.open({ listen: LOOPBACK, state: null });
  t.after(() => seeder.close());
  const seed = await seeder.seed(file, { pieceLength: 65_536 });
  let lying = true;
  const peer = await startScriptedPeer({
    infoHash: seed.infoHash,
    file,
    size: 1 << 20,
    pieceLength: 65_536,
    lies: () => lying,
  });
  const session = await Session.open({ listen: LOOPBACK, state: path.join(folder, 'state') });
  t.after(() => session.close());
  const endpoint = { host: '127.0.0.1', port: peer.port };
  const torrent = await session.add(seed.metainfo!, { path: path.join(folder, 'copy.bin'), peers: [endpoint] });
  for await (const event of torrent.events())
    if (event.type === 'peerBanned') {
      assert.equal(event.address, `127.0.0.1:${peer.port}`);
      break;
    }
  assert.deepEqual(
    session.bans.map(({ address, until }) => ({ address, until })),
    [{ address: `127.0.0.1:${peer.port}`, until: Number.POSITIVE_INFINITY }],
  );
  const { connections } = peer;
  torrent.addPeer(endpoint);
  torrent.addPeer({ host: '127.0.0.1', port: seeder.port });
  const summary = await torrent.done;
  assert.equal(peer.connections, connections, 'it was not dialled again');
  assert.equal(Buffer.compare(fs.readFileSync(summary.path), fs.readFileSync(file)), 0);
  assert.deepEqual(
    summary.peers.map(({ address }) => address),
    [`127.0.0.1:${seeder.port}`],
  );
  lying = false;
  assert.equal(await session.liftBan(session.bans[0]!.address), true);
  assert.deepEqual(session.bans, []);
});
