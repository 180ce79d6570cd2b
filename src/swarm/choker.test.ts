import assert from 'node:assert/strict';
import test from 'node:test';
import { type ChokerPeer, chooseUnchoked } from './choker.ts';

function peer(id: number, values: Partial<ChokerPeer> = {}): ChokerPeer {
  return { id, interested: true, choked: true, received: 0, sent: 0, age: 100_000, snubbed: false, ...values };
}

test('with spare slots every interested peer is served and nobody else', () => {
  const peers = [peer(0), peer(1), peer(2, { interested: false })];
  const { unchoked } = chooseUnchoked(peers, { slots: 4, seeding: false, round: 0, optimistic: undefined }, () => 0);
  assert.deepEqual([...unchoked], [0, 1]);
});

test('while downloading, those who gave most are served, plus one by chance', () => {
  const peers = Array.from({ length: 10 }, (_, id) => peer(id, { received: id * 1000 }));
  const { unchoked, optimistic } = chooseUnchoked(
    peers,
    { slots: 4, seeding: false, round: 0, optimistic: undefined },
    () => 0,
  );
  assert.deepEqual([...unchoked].slice(0, 3), [9, 8, 7]);
  assert.equal(optimistic, 0);
  assert.equal(unchoked.size, 4);
});

test('a peer that owes us blocks is served by the optimistic slot alone', () => {
  const peers = [
    peer(0, { received: 9000, snubbed: true }),
    peer(1, { received: 1 }),
    peer(2, { received: 2 }),
    peer(3),
  ];
  const { unchoked, optimistic } = chooseUnchoked(
    peers,
    { slots: 3, seeding: false, round: 0, optimistic: undefined },
    () => 0,
  );
  assert.ok(unchoked.has(1) && unchoked.has(2));
  assert.ok(optimistic === 0 || optimistic === 3);
});

test('the optimistic slot stays for three rounds and then goes to somebody else', () => {
  const peers = Array.from({ length: 6 }, (_, id) => peer(id, { received: 100 - id }));
  const options = { slots: 3, seeding: false };
  const first = chooseUnchoked(peers, { ...options, round: 0, optimistic: undefined }, () => 0).optimistic;
  assert.notEqual(first, undefined);
  assert.equal(chooseUnchoked(peers, { ...options, round: 1, optimistic: first }, () => 0.99).optimistic, first);
  assert.equal(chooseUnchoked(peers, { ...options, round: 2, optimistic: first }, () => 0.99).optimistic, first);
  assert.notEqual(chooseUnchoked(peers, { ...options, round: 3, optimistic: first }, () => 0).optimistic, first);
});

test('a newcomer is three times as likely to be tried', () => {
  const peers = [peer(0, { received: 9 }), peer(1), peer(2, { age: 0 })];
  const counts = [0, 0, 0];
  for (let i = 0; i < 1000; i++) {
    const draw = chooseUnchoked(peers, { slots: 2, seeding: false, round: 0, optimistic: undefined }, () => i / 1000);
    counts[draw.optimistic!]!++;
  }
  assert.deepEqual(counts, [0, 250, 750]);
});

test('a seed serves those that take fastest', () => {
  const peers = Array.from({ length: 5 }, (_, id) => peer(id, { sent: id }));
  const { unchoked } = chooseUnchoked(peers, { slots: 3, seeding: true, round: 1, optimistic: 0 }, () => 0);
  assert.deepEqual([...unchoked].sort(), [0, 3, 4]);
});
