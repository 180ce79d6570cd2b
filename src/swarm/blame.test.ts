import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { Blame, DIGEST_LENGTH, digestBlocks, MAX_CASES, MAX_EVIDENCE } from './blame.ts';
import { Reputation } from './reputation.ts';

function someone(name: string): Reputation {
  return new Reputation('127.0.0.1', 1, name, 'unknown');
}

/** Digests of blocks that are each described by one number. */
function digests(blocks: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(blocks.length * DIGEST_LENGTH);
  for (const [block, content] of blocks.entries()) bytes[block * DIGEST_LENGTH + (block % DIGEST_LENGTH)] = content;
  return bytes;
}

test('exactly those are found out who sent a block that was different', () => {
  const [honest, liar, other] = ['honest', 'liar', 'other'].map(someone) as [Reputation, Reputation, Reputation];
  const blame = new Blame();
  blame.accuse(3, digests([1, 9, 1, 9]), [honest, liar, other, liar]);
  assert.deepEqual([honest.unsettled, liar.unsettled, other.unsettled], [1, 1, 1]);
  assert.equal(blame.has(3), true);
  assert.deepEqual(blame.settle(3, digests([1, 1, 1, 1])), [liar]);
  assert.deepEqual([honest.unsettled, liar.unsettled, other.unsettled], [0, 0, 0]);
  assert.equal(blame.has(3), false);
  assert.equal(blame.size, 0);
});

test('the evidence is a copy: what it was made of may be used again', () => {
  const [honest, liar] = ['honest', 'liar'].map(someone) as [Reputation, Reputation];
  const blame = new Blame();
  const buffer = digests([9, 1]);
  blame.accuse(0, buffer, [liar, honest]);
  buffer.set(digests([1, 7]));
  assert.deepEqual(blame.settle(0, digests([1, 1])), [liar]);
});

test('two who took turns at the same block are both found out, over several attempts', () => {
  const [honest, one, two] = ['honest', 'one', 'two'].map(someone) as [Reputation, Reputation, Reputation];
  const blame = new Blame();
  blame.accuse(0, digests([9, 1]), [one, honest]);
  blame.accuse(0, digests([8, 1]), [two, honest]);
  assert.equal(honest.unsettled, 2);
  assert.deepEqual(new Set(blame.settle(0, digests([1, 1]))), new Set([one, two]));
  assert.equal(honest.unsettled, 0);
});

test('a block whose sender nobody knows accuses nobody', () => {
  const blame = new Blame();
  const honest = someone('honest');
  blame.accuse(0, digests([9, 1]), [undefined, honest]);
  assert.deepEqual(blame.settle(0, digests([1, 1])), []);
});

test('without digests, or with some of another length, nobody is found out and everybody is cleared', () => {
  const blame = new Blame();
  const liar = someone('liar');
  blame.accuse(0, digests([9]), [liar]);
  assert.deepEqual(blame.settle(0, undefined), []);
  blame.accuse(0, digests([9]), [liar]);
  assert.deepEqual(blame.settle(0, digests([1, 1])), []);
  blame.accuse(0, digests([9, 9]), [liar]);
  assert.equal(blame.has(0), false, 'digests that do not fit are no evidence');
  assert.equal(liar.unsettled, 0);
});

test('evidence is bounded by pieces and by bytes; what is dropped for room clears those it named', () => {
  const blame = new Blame();
  const first = someone('first');
  blame.accuse(0, digests([9]), [first]);
  for (let piece = 1; piece <= MAX_CASES; piece++) blame.accuse(piece, digests([9]), [someone('x')]);
  assert.equal(blame.cases, MAX_CASES);
  assert.equal(first.unsettled, 0);
  const large = new Array<Reputation>(40_000).fill(first);
  for (let piece = 100; piece < 140; piece++) blame.accuse(piece, new Uint8Array(large.length * DIGEST_LENGTH), large);
  assert.ok(blame.size <= MAX_EVIDENCE);
  assert.equal(first.unsettled, blame.cases);
  for (let i = 0; i < 100; i++) blame.accuse(139, digests([9]), [first]);
  assert.ok(first.unsettled < 20, 'attempts at one piece are bounded as well');
});

test('whoever sent what, the liars are found and nobody else', () => {
  const attempt = fc.array(fc.record({ sender: fc.integer({ min: 0, max: 5 }), wrong: fc.boolean() }), {
    minLength: 7,
    maxLength: 7,
  });
  fc.assert(
    fc.property(fc.array(attempt, { minLength: 1, maxLength: 4 }), (attempts) => {
      const blame = new Blame();
      const peers = [0, 1, 2, 3, 4, 5].map((name) => someone(String(name)));
      const guilty = new Set<Reputation>();
      for (const blocks of attempts) {
        for (const { sender, wrong } of blocks) if (wrong) guilty.add(peers[sender]!);
        const found = digests(blocks.map(({ wrong }, block) => (wrong ? 200 : 1 + block)));
        blame.accuse(
          0,
          found,
          blocks.map(({ sender }) => peers[sender]),
        );
      }
      assert.deepEqual(new Set(blame.settle(0, digests([1, 2, 3, 4, 5, 6, 7]))), guilty);
      for (const peer of peers) assert.equal(peer.unsettled, 0);
    }),
  );
});

test('a digest is the start of the SHA-1 of its block, the last block may be short', () => {
  const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest();
  const piece = Uint8Array.from({ length: 16_384 + 5 }, (_, i) => i % 251);
  const found = digestBlocks(piece, sha1);
  assert.equal(found.length, 16);
  assert.deepEqual(found.subarray(0, 8), new Uint8Array(sha1(piece.subarray(0, 16_384)).subarray(0, 8)));
  assert.deepEqual(found.subarray(8), new Uint8Array(sha1(piece.subarray(16_384)).subarray(0, 8)));
});
