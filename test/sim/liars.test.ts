// Peers that send wrong data in every manner we know of: the data arrives all the same, the liars are banned and nobody
// else ever is. `SHOAL_SEED=n` runs one seed of the swarms drawn by chance, `SHOAL_SEEDS=n` more of them.

import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeAllowedFast, encodeReject, MESSAGE } from '../../src/protocol/wire/messages.ts';
import { BanList } from '../../src/swarm/ban-list.ts';
import { MAX_CASES, MAX_EVIDENCE } from '../../src/swarm/blame.ts';
import { checkSwarm } from './check-swarm.ts';
import { LoneSwarm } from './lone-swarm.ts';
import { type Node, type NodeOptions, seededRandom, TestNet } from './net.ts';

const everything = (): boolean => true;
const PIECE = 65_536;

function hostOf({ options }: Node): string {
  return options.host ?? '127.0.0.1';
}

function bans(by: Node, other: Node): boolean {
  const { options, peerIdHex } = other.swarm.view;
  return by.swarm.view.bans.covers(hostOf(other), options.port, peerIdHex);
}

/** One getter among honest seeds and liars, until nothing happens any more. */
function fetchAmong(
  liars: NodeOptions[],
  honestSeeds: number,
  pieces = 12,
): { getter: Node; all: Node[]; net: TestNet } {
  const net = new TestNet(pieces, PIECE);
  const getter = net.add({ slots: 6 });
  const all = [...liars, ...Array.from({ length: honestSeeds }, () => ({}))].map((options) =>
    net.add({ have: everything, ...options }),
  );
  for (const node of all) net.connect(getter, node);
  for (let seconds = 0; seconds < 60 && !getter.complete; seconds++) net.pass(1_000);
  return { getter, all, net };
}

test('one bad block in every piece: the liar is banned, and no piece is wasted more than twice', () => {
  const spoilt = new Map<number, number>();
  const { getter, all } = fetchAmong([{ corrupt: (_piece, begin, block) => begin === 16_384 && block[7]!++ }], 3);
  for (const command of getter.log)
    if (command.type === 'announceBadPiece') spoilt.set(command.piece, (spoilt.get(command.piece) ?? 0) + 1);
  assert.equal(getter.complete, true);
  assert.ok(spoilt.size > 0);
  assert.ok(Math.max(...spoilt.values()) <= 2, `copies thrown away: ${[...spoilt.values()].join(' ')}`);
  assert.deepEqual(
    all.map((node) => bans(getter, node)),
    [true, false, false, false],
  );
});

test('bad data from the only source: banned at the first piece', () => {
  const { getter, all } = fetchAmong([{ corrupt: (_piece, _begin, block) => block.fill(0) }], 0);
  assert.equal(bans(getter, all[0]!), true);
  assert.equal(getter.complete, false);
  assert.ok(getter.swarm.view.failedPieces <= 2);
});

test('one block in a hundred bad among many senders: the one is found', () => {
  const chance = seededRandom(11);
  const { getter, all } = fetchAmong([{ corrupt: (_piece, _begin, block) => chance() < 0.01 && block[0]!++ }], 8, 400);
  assert.equal(getter.complete, true);
  assert.ok(getter.swarm.view.failedPieces > 0, 'it lied');
  assert.deepEqual(
    all.map((node) => bans(getter, node)),
    [true, ...new Array<boolean>(8).fill(false)],
  );
});

test('two that take turns at being good are both found', () => {
  let turn = 0;
  const lie = (parity: number) => (_piece: number, _begin: number, block: Uint8Array) => {
    if ((turn++ >> 3) % 2 === parity) block[9]! ^= 1;
  };
  const { getter, all } = fetchAmong([{ corrupt: lie(0) }, { corrupt: lie(1) }], 2, 60);
  assert.equal(getter.complete, true);
  assert.deepEqual(
    all.map((node) => bans(getter, node)),
    [true, true, false, false],
  );
});

/** Two peers fill piece 0: the first one sends its first block, wrong, the second one the rest. */
function spoil(net: LoneSwarm, host = '127.0.0.1') {
  const liar = net.connect({ peerId: 'liar', host });
  const honest = net.connect({ peerId: 'honest' });
  liar.offer([0]);
  liar.send(0, 0, true);
  return { liar, honest };
}

test('who leaves before its lie is found out is refused when it comes back', () => {
  const net = new LoneSwarm({ pieces: 2, pieceLength: PIECE });
  const { liar, honest } = spoil(net);
  liar.leave();
  honest.offer();
  honest.answerAll();
  assert.equal(net.swarm.view.complete, true);
  assert.equal(net.swarm.view.failedPieces, 1);
  assert.equal(net.swarm.view.bans.size, 1);
  assert.equal(net.tryConnect({ peerId: 'liar' }), 'the peer is banned');
  assert.notEqual(typeof net.tryConnect({ peerId: 'another' }), 'string', 'on the same host');
});

test('who leaves under suspicion is under suspicion when it comes back, and dropped when it is found out', () => {
  const net = new LoneSwarm({ pieces: 2, pieceLength: PIECE });
  const { liar, honest } = spoil(net);
  honest.offer([0]);
  liar.leave();
  honest.answerUntil(() => net.swarm.view.failedPieces > 0);
  const again = net.connect({ peerId: 'liar' });
  assert.equal(again.peer.suspicion, 1);
  assert.equal(honest.peer.suspicion, 1);
  honest.answerAll();
  assert.match(again.closed ?? '', /blocks that were not/);
  assert.equal(honest.peer.suspicion, 0);
  assert.equal(net.swarm.view.bans.size, 1);
});

test('a liar at a public address is banned with all its ports, and its neighbours are not', () => {
  const net = new LoneSwarm({ pieces: 2, pieceLength: PIECE });
  const { honest } = spoil(net, '8.8.4.4');
  honest.offer();
  // What the liar still owes is overdue.
  net.pass(3_000);
  honest.answerAll();
  assert.equal(net.swarm.view.complete, true);
  assert.equal(net.tryConnect({ host: '8.8.4.4', port: 1, peerId: 'new' }), 'the peer is banned');
  assert.notEqual(typeof net.tryConnect({ host: '8.8.4.5', port: 1, peerId: 'new' }), 'string');
});

test('strangers from among banned peers get one piece at a time until they have proven themselves, later they are refused', () => {
  const list = new BanList();
  for (let i = 1; i <= 3; i++) list.add(`203.0.112.${i}`, 1, String(i), '', 0);
  const net = new LoneSwarm({ pieces: 8, pieceLength: PIECE, slots: 8, swarm: { bans: list } });
  const stranger = net.connect({ host: '203.0.112.50' });
  stranger.offer();
  assert.equal(stranger.owedPieces.size, 1);
  const helper = net.connect();
  helper.offer();
  for (const piece of stranger.owedPieces) assert.equal(helper.owedPieces.has(piece), false, 'it shares none');
  stranger.answer(4);
  assert.equal(stranger.peer.suspicion, 0);
  for (let i = 4; i <= 8; i++) list.add(`203.0.112.${i}`, 1, String(i), '', 0);
  assert.match(String(net.tryConnect({ host: '203.0.112.51' })), /banned peers/);
  assert.equal(stranger.closed, undefined, 'who has proven itself stays');
});

test('who is on parole shares its piece with nobody, though most of it is not asked for yet', () => {
  const list = new BanList();
  for (let i = 1; i <= 3; i++) list.add(`203.0.112.${i}`, 1, String(i), '', 0);
  const net = new LoneSwarm({ pieces: 2, pieceLength: 64 * 16_384, slots: 2, swarm: { bans: list } });
  const stranger = net.connect({ host: '203.0.112.50' });
  stranger.offer([0]);
  const asked = stranger.owed.length;
  assert.ok(asked > 0 && asked < 64);
  const helper = net.connect();
  helper.offer([0]);
  assert.equal(helper.owed.length, 0);
  for (let i = 0; i < 5; i++) {
    stranger.answer(4);
    net.pass(1_000);
  }
  assert.equal(helper.owed.length, 0);
  stranger.leave();
  assert.ok(helper.owed.length > 0, 'it is not kept for who is gone');
});

/** Piece 0 of `blocks` blocks has failed, and `owner` has sent `arrived` of them anew, which wait for the disk. */
function retrying(arrived: number, blocks = 32, fast = false) {
  const net = new LoneSwarm({ pieces: 2, pieceLength: blocks * 16_384, slots: 2 });
  const owner = net.connect({ peerId: 'owner', fast });
  const liar = net.connect({ peerId: 'liar' });
  liar.offer([0]);
  liar.send(0, 0, true);
  liar.leave();
  owner.offer([0]);
  owner.answerUntil(() => net.swarm.view.failedPieces > 0);
  for (let i = 0; i < arrived; i++) owner.answer(1);
  const partial = net.swarm.view.content!.ledger.partials.get(0)!;
  assert.equal(partial.arrived, arrived);
  return { net, owner, partial };
}

test('an owner of a failed piece that chokes goes on where it was when it lets us ask again', () => {
  const { net, owner, partial } = retrying(10);
  owner.signal(MESSAGE.choke);
  net.pass(5_000);
  assert.equal(partial.arrived, 10, 'nobody else could deliver it');
  owner.signal(MESSAGE.unchoke);
  const again = owner.owed.length;
  assert.ok(again > 0);
  owner.answerAll();
  assert.equal(net.swarm.view.content!.ledger.have.has(0), true);
  assert.equal(net.swarm.view.bans.size, 1);
});

test('a failed piece whose owner chokes goes to who has nothing to do, later when half of it is here', () => {
  for (const [arrived, seconds] of [
    [10, 2],
    [20, 42],
  ] as const) {
    const { net, owner } = retrying(arrived);
    owner.signal(MESSAGE.choke);
    const idle = net.connect({ peerId: 'idle' });
    idle.offer([0]);
    assert.equal(idle.owed.length, 0);
    for (let passed = 0; passed < seconds - 3; passed++) {
      net.pass(1_000);
      assert.equal(idle.owed.length, 0, `after ${passed} seconds`);
    }
    net.pass(4_000);
    assert.ok(idle.owed.length > 0, `with ${arrived} of 32 here`);
    idle.answerAll();
    assert.equal(net.swarm.view.content!.ledger.have.has(0), true);
  }
});

test('an owner that chokes before it has sent anything of a failed piece loses it at once', () => {
  const { net, owner } = retrying(0);
  const idle = net.connect({ peerId: 'idle' });
  idle.offer([0]);
  assert.equal(idle.owed.length, 0);
  owner.signal(MESSAGE.choke);
  assert.ok(idle.owed.length > 0);
});

test('an owner that chokes and refuses what it had granted of a failed piece loses it', () => {
  const { net, owner } = retrying(0, 32, true);
  const refuse = ({ piece, begin, length } = owner.owed[0]!): void => owner.say(encodeReject(piece, begin, length));
  owner.signal(MESSAGE.choke);
  while (owner.owed.length > 0) refuse();
  owner.say(encodeAllowedFast(0));
  assert.ok(owner.owed.length > 0, 'it is asked all the same');
  const idle = net.connect({ peerId: 'idle' });
  idle.offer([0]);
  assert.equal(idle.owed.length, 0);
  refuse();
  assert.ok(idle.owed.length > 0);
});

test('a failed piece that the disk refuses is not kept for an owner that chokes', () => {
  for (const [blocks, event] of [
    [32, { type: 'pieceUnwritten', piece: 0 }],
    [96, { type: 'extentUnwritten', piece: 0, extent: 0 }],
  ] as const) {
    const { net, owner } = retrying(0, blocks);
    net.autoCommit = false;
    owner.answerUntil(() => net.commits.length > 0);
    owner.signal(MESSAGE.choke);
    const idle = net.connect({ peerId: 'idle' });
    idle.offer([0]);
    assert.equal(idle.owed.length, 0);
    net.swarm.handle(event, net.now);
    net.pass(1_000);
    assert.ok(idle.owed.length > 0, event.type);
  }
});

test('an owner of a failed piece that has delivered half in time may finish, an idle peer or not', () => {
  for (const [arrived, kept] of [
    [15, false],
    [16, true],
  ] as const) {
    const { net, owner } = retrying(arrived);
    const idle = net.connect({ peerId: 'idle' });
    idle.offer([0]);
    for (let i = 0; i < 7; i++) {
      owner.peer.lastBlockAt = net.now;
      net.pass(3_000);
    }
    assert.equal(idle.owed.length === 0, kept, `with ${arrived} of 32 here`);
  }
});

test('a ban made in one swarm closes the connection in another that shares the list', () => {
  const list = new BanList();
  const one = new LoneSwarm({ pieces: 2, pieceLength: PIECE, swarm: { bans: list } });
  const two = new LoneSwarm({ swarm: { bans: list } });
  const seen = two.connect({ peerId: 'liar' });
  const other = two.connect({ peerId: 'honest' });
  const { honest } = spoil(one);
  honest.offer();
  one.pass(3_000);
  honest.answerAll();
  assert.ok(one.log.some((command) => command.type === 'announceBan'));
  two.swarm.handle({ type: 'bansChanged' }, two.now);
  two.settle();
  assert.equal(seen.closed, 'the peer is banned');
  assert.equal(other.closed, undefined);
});

const LIES: ((chance: () => number) => NodeOptions['corrupt'])[] = [
  () => (_piece, _begin, block) => block[0]!++,
  () => (_piece, begin, block) => begin === 0 && block[block.length - 1]!++,
  (chance) => (_piece, _begin, block) => chance() < 0.01 && block[0]!++,
  (chance) => (_piece, _begin, block) => chance() < 0.5 && block[Math.floor(chance() * block.length)]!++,
  () => {
    let count = 0;
    return (_piece, _begin, block) => count++ % 2 === 0 && block.fill(1);
  },
  () => {
    let count = 0;
    return (_piece, _begin, block) => count++ > 20 && block[0]!++;
  },
  () => (piece, _begin, block) => piece % 3 === 0 && block[0]!++,
];

function check(honest: readonly Node[], liars: readonly Node[]): void {
  for (const node of honest) {
    for (const other of honest) assert.equal(bans(node, other), false, `node ${node.id} bans honest node ${other.id}`);
    const { blame, content } = node.swarm.view;
    assert.ok(blame.cases <= MAX_CASES && blame.size <= MAX_EVIDENCE);
    if (content?.ledger.complete === true) assert.equal(blame.cases, 0, 'a case is open with every piece had');
    checkSwarm(node.swarm.view, node.gained);
  }
  for (const node of liars) checkSwarm(node.swarm.view, node.gained);
}

function run(seed: number): void {
  const chance = seededRandom(seed);
  const below = (end: number): number => Math.floor(chance() * end);
  const net = new TestNet(4 + below(20), 16_384 * (1 + below(6)), seed, 1 + below(16_384));
  net.checked = false;
  const host = (): Pick<NodeOptions, 'host'> => (chance() < 0.5 ? {} : { host: `9.9.${below(2)}.${net.nodes.length}` });
  const swarm = { snubAfter: 2_000 };
  const honest = Array.from({ length: 2 + below(4) }, (_, i) =>
    net.add({ ...host(), slots: 2 + below(6), have: () => i === 0 || chance() < 0.3, fast: chance() < 0.7, swarm }),
  );
  const liars = Array.from({ length: 1 + below(4) }, () => {
    const corrupt = LIES[below(LIES.length)]!(chance);
    const hangs = chance() < 0.2 ? { hangs: () => chance() < 0.05 } : {};
    return net.add({ ...host(), have: () => chance() < 0.95, ...(corrupt && { corrupt }), ...hangs, swarm });
  });
  const everybody = [...honest, ...liars];
  for (let second = 0; second < 120 && honest.some((node) => !node.complete); second++) {
    for (const [i, node] of everybody.entries())
      for (const other of everybody.slice(0, i))
        if (node.peer(other) === undefined && chance() < 0.7) net.connect(node, other);
    // Liars come and go, so that some are away when they are found out.
    for (const liar of liars) if (chance() < 0.15) net.leave(liar);
    for (let tick = 0; tick < 10; tick++) {
      net.tick();
      for (let events = below(300); events > 0 && net.stir(chance); events--) if (chance() < 0.1) check(honest, liars);
    }
    check(honest, liars);
  }
  for (const node of honest) {
    assert.equal(node.complete, true, `node ${node.id} is not done`);
    assert.equal(Buffer.compare(node.data, net.data), 0);
    if (node.swarm.view.failedPieces > 0)
      assert.ok(node.swarm.view.bans.size > 0, `node ${node.id} was lied to and found nobody out`);
  }
}

const { SHOAL_SEED, SHOAL_SEEDS = '60' } = process.env;
const first = Number(SHOAL_SEED ?? 1);
const last = SHOAL_SEED === undefined ? Number(SHOAL_SEEDS) : first;
for (let from = first; from <= last; from += 20)
  test(`honest and lying peers of seeds ${from} to ${Math.min(last, from + 19)}`, () => {
    for (let seed = from; seed <= Math.min(last, from + 19); seed++)
      try {
        run(seed);
      } catch (error) {
        throw new Error(`with SHOAL_SEED=${seed}: ${(error as Error).message}`, { cause: error });
      }
  });
