// What must hold of a swarm after every event, whoever its peers are. Only for tests.

import assert from 'node:assert/strict';
import type { Bitfield } from '../../src/base/bitfield.ts';
import { BLOCK_LENGTH } from '../../src/base/geometry.ts';
import { PIECE_STATE } from '../../src/swarm/ledger.ts';
import { BLOCK_STATE, NOBODY } from '../../src/swarm/partial.ts';
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

function checkCounts(
  { peers, everyone, lacking }: Readonly<SwarmState>,
  { geometry, ledger, availability }: Content,
): void {
  ledger.checkInvariant();
  availability.checkInvariant();
  const { pieceCount } = geometry;
  const copies = new CopyCount(pieceCount);
  let seeds = 0;
  const unwanted = ledger.have.clone();
  for (let piece = 0; piece < pieceCount; piece++) if (availability.priority(piece) === 0) unwanted.add(piece);
  assert.equal(lacking, pieceCount - unwanted.count, 'wanted pieces that are lacking');
  for (const peer of peers.values()) {
    if (peer.countedAsSeed) seeds++;
    if (peer.have === undefined) assert.equal(peer.wanted, 0);
    else assert.equal(peer.wanted, copies.add(peer.have, unwanted, !peer.doubted), `wanted of peer ${peer.id}`);
  }
  assert.equal(availability.seeds, seeds, 'seeds');
  for (let piece = 0; piece < pieceCount; piece++) {
    if (availability.copies(piece) !== copies.of(piece))
      assert.equal(availability.copies(piece), copies.of(piece), `copies of ${piece}`);
    const open = ledger.state(piece) === PIECE_STATE.missing && availability.priority(piece) > 0;
    if (availability.isOpen(piece) !== open)
      assert.fail(`piece ${piece} in state ${ledger.state(piece)} and the order of rarity disagree`);
  }
  const senders = new Set([...ledger.partials.values()].flatMap((partial) => [...partial.senders]));
  for (const id of everyone.keys()) assert.ok(peers.has(id) || senders.has(id), `peer ${id} is remembered for nothing`);
}

/** Adds up bitfields eight pieces at a time: plane p holds bit p of the count of each piece. */
class CopyCount {
  readonly #planes: Uint8Array[];

  constructor(pieceCount: number) {
    this.#planes = Array.from({ length: 8 }, () => new Uint8Array((pieceCount + 7) >> 3));
  }

  /** Returns how many of the pieces are not in `ours`; `counts`: they are copies. */
  add(theirs: Bitfield, ours: Bitfield, counts: boolean): number {
    let lacking = 0;
    for (let i = 0; i < theirs.bytes.length; i++) {
      let carry = theirs.bytes[i]!;
      for (let left = carry & ~ours.bytes[i]!; left !== 0; left &= left - 1) lacking++;
      for (let p = 0; counts && carry !== 0; p++) {
        const plane = this.#planes[p]!;
        const bits = plane[i]!;
        plane[i] = bits ^ carry;
        carry &= bits;
      }
    }
    return lacking;
  }

  of(piece: number): number {
    let count = 0;
    for (let p = 0; p < this.#planes.length; p++)
      if ((this.#planes[p]![piece >> 3]! & (128 >> (piece & 7))) !== 0) count += 1 << p;
    return count;
  }
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
      (!owner.choking || owner.allowedFast.has(piece) || (ledger.partials.get(piece)?.arrived ?? 0) > 0) &&
        owner.has(piece),
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
      if (partial.senders[block] !== NOBODY) arrived += geometry.blockSize(piece, block);
  assert.equal(state.down.total - state.wasted, gained + arrived, 'bytes received are kept or counted as wasted');
}
