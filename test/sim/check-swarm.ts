// What must hold of a swarm after every event, whoever its peers are. Only for tests.

import assert from 'node:assert/strict';
import { BLOCK_LENGTH } from '../../src/base/geometry.ts';
import { BLOCK_STATE, NOBODY, PIECE_STATE } from '../../src/swarm/ledger.ts';
import type { Peer } from '../../src/swarm/peer.ts';
import type { Content, SwarmState } from '../../src/swarm/swarm-state.ts';

/** `gained`: bytes of the pieces that passed since the start. */
export function checkSwarm(state: Readonly<SwarmState>, gained: number): void {
  assert.ok(state.dialling >= 0, 'dialling');
  for (const [id, peer] of state.peers) {
    assert.equal(state.everyone.get(id), peer, 'everyone lacks a connected peer');
    assert.ok(peer.withdrawn >= 0 && peer.requests.count <= 512);
    if (peer.amChoking)
      for (let i = 0; i < peer.uploads.count; i++)
        assert.ok(peer.grantedFast.has(peer.uploads.pieceAt(i)), 'a choked peer waits for a piece it was not granted');
  }
  if (state.content === undefined) return;
  checkCounts(state, state.content);
  checkRequests(state, state.content);
  checkRetries(state, state.content);
  checkBytes(state, state.content, gained);
}

function checkCounts({ peers, everyone }: Readonly<SwarmState>, { geometry, ledger, availability }: Content): void {
  ledger.checkInvariant();
  availability.checkInvariant();
  const seeds = [...peers.values()].filter((peer) => peer.countedAsSeed).length;
  assert.equal(availability.seeds, seeds, 'seeds');
  for (let piece = 0; piece < geometry.pieceCount; piece++) {
    const copies = [...peers.values()].filter((peer) => peer.has(piece)).length;
    assert.equal(availability.copies(piece), copies, `copies of ${piece}`);
    assert.equal(
      availability.isOpen(piece),
      ledger.state(piece) === PIECE_STATE.missing,
      `piece ${piece} in the order`,
    );
  }
  for (const peer of peers.values()) {
    let lacking = 0;
    for (let piece = 0; piece < geometry.pieceCount; piece++) if (peer.has(piece) && !ledger.have.has(piece)) lacking++;
    assert.equal(peer.wanted, lacking, `wanted of peer ${peer.id}`);
  }
  const senders = new Set([...ledger.partials.values()].flatMap((partial) => [...partial.senders]));
  for (const id of everyone.keys()) assert.ok(peers.has(id) || senders.has(id), `peer ${id} is remembered for nothing`);
}

function checkRequests({ peers }: Readonly<SwarmState>, { ledger }: Content): void {
  const asked = new Map<string, number>();
  const writers = new Map<string, Peer>();
  for (const peer of peers.values()) {
    for (let i = 0; i < peer.requests.count; i++) {
      const key = `${peer.requests.pieceAt(i)}:${peer.requests.beginAt(i) / BLOCK_LENGTH}`;
      asked.set(key, (asked.get(key) ?? 0) + 1);
    }
    if (peer.receivingPiece === NOBODY) continue;
    const key = `${peer.receivingPiece}:${peer.receivingBlock}`;
    assert.equal(writers.has(key), false, `block ${key} has two writers`);
    writers.set(key, peer);
  }
  for (const [piece, partial] of ledger.partials)
    for (let block = 0; block < partial.blocks.length; block++) {
      const key = `${piece}:${block}`;
      assert.equal(partial.requesters[block], asked.get(key) ?? 0, `requesters of ${key}`);
      asked.delete(key);
      assert.equal(partial.blocks[block] === BLOCK_STATE.receiving, writers.has(key), `writer of ${key}`);
      writers.delete(key);
    }
  assert.deepEqual([...asked.keys()], [], 'requests for pieces that are not under way');
  assert.deepEqual([...writers.keys()], [], 'writers of pieces that are not under way');
}

function checkRetries({ peers, retryOwners }: Readonly<SwarmState>, { ledger }: Content): void {
  for (const [piece, owner] of retryOwners) {
    assert.equal(peers.get(owner.id), owner, `piece ${piece} is kept for a peer that is gone`);
    assert.ok(owner.retries.includes(piece), `piece ${piece} is not known to its owner`);
    assert.ok(
      (!owner.choking || owner.allowedFast.has(piece)) && owner.has(piece),
      `piece ${piece} is kept for a peer that does not give it`,
    );
    assert.ok(ledger.isRetry(piece));
  }
  for (const peer of peers.values()) {
    assert.equal(new Set(peer.retries).size, peer.retries.length, 'a retry is listed twice');
    for (const piece of peer.retries) assert.equal(retryOwners.get(piece), peer, `owner of ${piece}`);
  }
  for (const partial of ledger.partials.values())
    if (partial.retry && ledger.state(partial.piece) === PIECE_STATE.partial)
      assert.equal(retryOwners.get(partial.piece)?.id ?? NOBODY, partial.exclusive, `exclusive of ${partial.piece}`);
}

function checkBytes(state: Readonly<SwarmState>, { geometry, ledger }: Content, gained: number): void {
  let arrived = 0;
  for (const [piece, partial] of ledger.partials)
    for (let block = 0; block < partial.blocks.length; block++)
      if (partial.blocks[block] === BLOCK_STATE.arrived) arrived += geometry.blockSize(piece, block);
  assert.equal(state.down.total - state.wasted, gained + arrived, 'bytes received are kept or counted as wasted');
}
