// The framer against the one thing it promises: the same calls and the same slab for every split of the same bytes,
// and the wire defects of the hostile-peer table refused by name before anything is kept.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes, equalBytes, toHex } from '../../base/bytes.ts';
import { ShoalError } from '../../base/errors.ts';
import { encodeLatin1 } from '../../base/utf8.ts';
import { Framer, type FramerSink, MAX_MESSAGE_LENGTH } from './framer.ts';
import { encodeHandshake } from './handshake.ts';
import {
  encodeExtended,
  encodeFrame,
  encodeHave,
  encodeHaveAll,
  encodeKeepAlive,
  encodePiece,
  encodePort,
  encodeReject,
  encodeRequest,
  encodeSignal,
  MESSAGE,
  writeUint32,
} from './messages.ts';

const INFO_HASH = '0123456789abcdef0123456789abcdef01234567';
const PEER_ID = encodeLatin1('-SH0100-abcdefghijkl');
const HELLO = encodeHandshake(INFO_HASH, PEER_ID, { extended: true, fast: true });
const SLAB = 256 * 1024;

/** Writes every call down; keeps odd pieces at a place of their own and steps over even ones. */
class Recorder implements FramerSink {
  readonly calls: string[] = [];

  onHandshake(handshake: { reserved: Uint8Array; infoHash: string; peerId: Uint8Array }): void {
    this.calls.push(`handshake ${toHex(handshake.reserved)} ${handshake.infoHash} ${toHex(handshake.peerId)}`);
  }

  onMessage(id: number, buffer: Uint8Array, start: number, end: number): void {
    this.calls.push(`message ${id} ${toHex(buffer.subarray(start, end))}`);
  }

  onKeepAlive(): void {
    this.calls.push('keep-alive');
  }

  onPieceHeader(piece: number, begin: number, length: number): number {
    this.calls.push(`header ${piece} ${begin} ${length}`);
    return piece % 2 === 1 ? (piece % 8) * 16384 + (begin % 7) : -1;
  }

  onPieceEnd(piece: number, begin: number, length: number, kept: boolean): void {
    this.calls.push(`end ${piece} ${begin} ${length} ${kept}`);
  }
}

/** Pushes `bytes` cut at `cuts` through one reused read buffer, which is overwritten after each push. */
function run(bytes: Uint8Array, cuts: readonly number[]): { calls: string[]; slab: Uint8Array } {
  const recorder = new Recorder();
  const slab = new Uint8Array(SLAB);
  const framer = new Framer(recorder, slab);
  const shared = new Uint8Array(bytes.length + 8);
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    const chunk = bytes.subarray(from, to);
    const offset = from % 8;
    shared.set(chunk, offset);
    framer.push(shared, offset, offset + chunk.length);
    shared.fill(0xee);
    from = to;
  }
  return { calls: recorder.calls, slab };
}

// Without `size` fast-check would keep arrays to ten items, and no message would outgrow the gather buffer.
const payload = (most: number) => fc.uint8Array({ maxLength: most, size: 'max' });
const message: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.constant(encodeKeepAlive()),
  fc.constantFrom(0, 1, 2, 3).map((id) => encodeSignal(id as 0)),
  fc.constant(encodeHaveAll()),
  fc.nat().map(encodeHave),
  fc.nat(65535).map(encodePort),
  fc.tuple(fc.nat(), fc.nat(), fc.nat()).map(([a, b, c]) => encodeRequest(a, b, c)),
  fc.tuple(fc.nat(), fc.nat(), fc.nat()).map(([a, b, c]) => encodeReject(a, b, c)),
  payload(300).map((bits) => encodeFrame(MESSAGE.bitfield, bits)),
  payload(300).map((bytes) => encodeExtended(3, bytes)),
  payload(40).map((bytes) => encodeFrame(99, bytes)),
  fc.tuple(fc.nat(0xffff), fc.nat(0xffff), payload(500)).map(([a, b, block]) => encodePiece(a, b, block)),
);
const stream = fc.array(message, { maxLength: 25, size: 'max' }).map((messages) => concatBytes([HELLO, ...messages]));

/** Without deepEqual on the slabs, whose difference takes seconds to print for each step of a shrinking. */
function assertSame(actual: ReturnType<typeof run>, expected: ReturnType<typeof run>): void {
  assert.deepEqual(actual.calls, expected.calls);
  assert.ok(equalBytes(actual.slab, expected.slab), 'the slabs differ');
}

test('any split of the bytes gives the same calls and the same slab', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(), { maxLength: 40, size: 'max' }), (bytes, seeds) => {
      const cuts = seeds.map((seed) => seed % (bytes.length + 1)).sort((a, b) => a - b);
      assertSame(run(bytes, cuts), run(bytes, []));
    }),
    { numRuns: 300 },
  );
});

test('a byte at a time gives the same calls and the same slab', () => {
  fc.assert(
    fc.property(stream, (bytes) => {
      const everywhere = Array.from({ length: bytes.length }, (_, at) => at);
      assertSame(run(bytes, everywhere), run(bytes, []));
    }),
    { numRuns: 60 },
  );
});

test('the calls are the messages that were sent', () => {
  const block = Uint8Array.from({ length: 16384 }, (_, i) => i * 31);
  const bytes = concatBytes([
    HELLO,
    encodeKeepAlive(),
    encodeSignal(MESSAGE.unchoke),
    encodeHave(0x01020304),
    encodePiece(5, 3, block),
    encodePiece(4, 16384, block),
    encodeExtended(0, encodeLatin1('de')),
    encodeFrame(77, new Uint8Array(1000)),
    encodePiece(7, 0, new Uint8Array(0)),
  ]);
  const { calls, slab } = run(bytes, [1, 100, 5000, 20000]);
  assert.deepEqual(calls, [
    `handshake 0000000000100004 ${INFO_HASH} ${toHex(PEER_ID)}`,
    'keep-alive',
    'message 1 ',
    'message 4 01020304',
    'header 5 3 16384',
    'end 5 3 16384 true',
    'header 4 16384 16384',
    'end 4 16384 16384 false',
    'message 20 006465',
    'message 77 ',
    'header 7 0 0',
    'end 7 0 0 true',
  ]);
  const expected = new Uint8Array(SLAB);
  expected.set(block, 5 * 16384 + 3);
  assert.ok(equalBytes(slab, expected), 'the slab differs');
});

test('a copy given by the platform is used, with the same result', () => {
  const block = Uint8Array.from({ length: 1000 }, (_, i) => i);
  const bytes = concatBytes([HELLO, encodePiece(1, 0, block)]);
  const slab = new Uint8Array(SLAB);
  let copied = 0;
  const framer = new Framer(new Recorder(), slab, {
    copy: (source, start, end, target, at) => {
      copied += end - start;
      target.set(source.subarray(start, end), at);
    },
  });
  framer.push(bytes, 0, 500);
  framer.push(bytes, 500, bytes.length);
  assert.equal(copied, 1000);
  assert.deepEqual(slab.subarray(16384, 17384), block);
});

/** The reason the framer gives for `bytes`, pushed whole and byte by byte. */
function refusal(bytes: Uint8Array, bitfieldCap?: number): { reason: string | undefined; taken: number } {
  const reasons = new Set<string | undefined>();
  let taken = 0;
  for (const step of [bytes.length, 1]) {
    const framer = new Framer(new Recorder(), new Uint8Array(SLAB));
    if (bitfieldCap !== undefined) framer.setBitfieldCap(bitfieldCap);
    let reason: string | undefined = 'accepted';
    taken = 0;
    try {
      for (let at = 0; at < bytes.length; at += step) {
        taken = Math.min(at + step, bytes.length);
        framer.push(bytes, at, taken);
      }
    } catch (error) {
      assert.ok(error instanceof ShoalError, String(error));
      assert.equal(error.code, 'ERR_WIRE');
      reason = error.reason;
    }
    reasons.add(reason);
  }
  assert.equal(reasons.size, 1, `the split changed the verdict: ${[...reasons]}`);
  return { reason: [...reasons][0], taken };
}

function head(length: number, id: number): Uint8Array {
  const bytes = new Uint8Array(5);
  bytes[writeUint32(bytes, 0, length)] = id;
  return concatBytes([HELLO, bytes]);
}

test('a handshake of another protocol is refused at its first wrong byte', () => {
  assert.deepEqual(refusal(encodeLatin1('GET / HTTP/1.1\r\n\r\n')), { reason: 'invalid_info_hash', taken: 1 });
  const other = HELLO.slice();
  other[3] = 0x78;
  assert.deepEqual(refusal(other), { reason: 'invalid_info_hash', taken: 4 });
  const longer = HELLO.slice();
  longer[0] = 20;
  assert.equal(refusal(longer).reason, 'invalid_info_hash');
});

test('a length over the cap is refused with its fourth byte, before the id', () => {
  const prefix = new Uint8Array(4);
  for (const length of [MAX_MESSAGE_LENGTH + 1, 0x7fffffff, 0xffffffff]) {
    writeUint32(prefix, 0, length);
    assert.deepEqual(refusal(concatBytes([HELLO, prefix])), { reason: 'packet_too_large', taken: 72 });
  }
});

test('each fixed-length message of another length is refused by name, before its payload', () => {
  const names: [number, number, string][] = [
    [MESSAGE.choke, 1, 'invalid_choke'],
    [MESSAGE.unchoke, 1, 'invalid_unchoke'],
    [MESSAGE.interested, 1, 'invalid_interested'],
    [MESSAGE.notInterested, 1, 'invalid_not_interested'],
    [MESSAGE.have, 5, 'invalid_have'],
    [MESSAGE.request, 13, 'invalid_request'],
    [MESSAGE.cancel, 13, 'invalid_cancel'],
    [MESSAGE.port, 3, 'invalid_dht_port'],
    [MESSAGE.suggest, 5, 'invalid_suggest'],
    [MESSAGE.haveAll, 1, 'invalid_have_all'],
    [MESSAGE.haveNone, 1, 'invalid_have_none'],
    [MESSAGE.reject, 13, 'invalid_reject'],
    [MESSAGE.allowedFast, 5, 'invalid_allow_fast'],
  ];
  for (const [id, length, reason] of names) {
    for (const wrong of [length - 1, length + 1, MAX_MESSAGE_LENGTH]) {
      if (wrong === 0) continue;
      assert.deepEqual(refusal(head(wrong, id)), { reason, taken: 73 });
    }
    assert.equal(refusal(head(length, id)).reason, 'accepted');
  }
});

test('piece, bitfield and extended messages keep to their bounds', () => {
  assert.deepEqual(refusal(head(8, MESSAGE.piece)), { reason: 'invalid_piece', taken: 73 });
  assert.equal(refusal(head(9 + 16384, MESSAGE.piece)).reason, 'accepted');
  assert.deepEqual(refusal(head(9 + 16385, MESSAGE.piece)), { reason: 'packet_too_large', taken: 73 });
  assert.equal(refusal(head(1, MESSAGE.extended)).reason, 'invalid_extended');
  assert.equal(refusal(head(1 + 125, MESSAGE.bitfield), 125).reason, 'accepted');
  assert.deepEqual(refusal(head(1 + 126, MESSAGE.bitfield), 125), { reason: 'packet_too_large', taken: 73 });
});

test('a stopped framer says nothing more, even in the same push', () => {
  const recorder = new Recorder();
  const framer = new Framer(recorder, undefined);
  recorder.onKeepAlive = () => {
    recorder.calls.push('keep-alive');
    framer.stop();
  };
  const bytes = concatBytes([HELLO, encodeHave(1), encodeKeepAlive(), encodeHave(2)]);
  framer.push(bytes, 0, bytes.length);
  framer.push(bytes, 0, bytes.length);
  assert.deepEqual(recorder.calls.slice(1), ['message 4 00000001', 'keep-alive']);
});

test('after a violation the rest is ignored', () => {
  const recorder = new Recorder();
  const framer = new Framer(recorder, undefined);
  const bytes = concatBytes([head(2, MESSAGE.choke), encodeHave(2)]);
  assert.throws(() => framer.push(bytes, 0, bytes.length), ShoalError);
  framer.push(bytes, 0, bytes.length);
  assert.equal(recorder.calls.length, 1);
});

test('payload bytes never leave the room the sink gave', () => {
  const recorder = new Recorder();
  recorder.onPieceHeader = () => SLAB - 10;
  const framer = new Framer(recorder, new Uint8Array(SLAB));
  const bytes = concatBytes([HELLO, encodePiece(1, 0, new Uint8Array(11))]);
  assert.throws(() => framer.push(bytes, 0, bytes.length), RangeError);
});
