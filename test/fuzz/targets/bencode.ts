// Bencode in its forms, against a second decoder that is written the plain recursive way.

import assert from 'node:assert/strict';
import { type BValue, decode, decodeDocument, decodePrefix, encode } from '../../../src/protocol/bencode.ts';
import { accept, type FuzzTarget, latin } from '../oracle.ts';

const SEEDS = latin(
  'de',
  'le',
  'i0e',
  '0:',
  'd4:infod6:lengthi5e4:name1:aee',
  'l4:spaml1:a1:bed1:ki-7eee',
  'd1:ai1e1:bi2e1:cl1:xee',
  'i9007199254740993e',
  'i-9223372036854775808e',
  'd9:__proto__d1:xi1ee11:constructori1ee',
  'd1:bi1e1:ai2ee',
  'd1:ai1e1:ai2ee',
  'li03ei-0eee',
  `${'l'.repeat(100)}${'e'.repeat(100)}`,
);
const TOKENS = latin('d', 'l', 'e', 'i', 'i1e', '1:a', '0:', '4:info', '9:__proto__', ':', '-', 'le', 'de', 'i-1e');

/** Canonical bencode to JSON-like text by recursion, or undefined. Depth is bounded by the caller's input. */
function reference(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  let at = 0;
  const string = (): string | undefined => {
    const head = /^(0|[1-9][0-9]{0,7}):/.exec(text.slice(at, at + 10));
    if (head === null || at + head[0].length + Number(head[1]) > text.length) return undefined;
    at += head[0].length;
    const value = text.slice(at, at + Number(head[1]));
    at += value.length;
    return JSON.stringify(value);
  };
  const value = (depth: number): string | undefined => {
    const first = text[at];
    if (first === 'i') {
      const integer = /^i(0|-?[1-9][0-9]{0,18})e/.exec(text.slice(at, at + 30));
      if (integer === null || BigInt.asIntN(64, BigInt(integer[1]!)) !== BigInt(integer[1]!)) return undefined;
      at += integer[0].length;
      return integer[1];
    }
    if (first !== 'l' && first !== 'd') return string();
    if (depth === 100) return undefined;
    at++;
    const parts: string[] = [];
    let last: string | undefined;
    while (text[at] !== 'e') {
      const key = first === 'd' ? string() : '';
      const item = key === undefined ? undefined : value(depth + 1);
      if (item === undefined) return undefined;
      if (first === 'd') {
        const raw = JSON.parse(key!) as string;
        if (last !== undefined && raw <= last) return undefined;
        last = raw;
      }
      parts.push(`${key}${item}`);
    }
    at++;
    return `${first}(${parts.join()})`;
  };
  const result = value(0);
  return at === text.length ? result : undefined;
}

function plain(value: BValue): string {
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('latin1'));
  if (Array.isArray(value)) return `l(${value.map(plain).join()})`;
  if (value instanceof Map) return `d(${[...value].map(([key, item]) => JSON.stringify(key) + plain(item)).join()})`;
  return String(value);
}

export const strict: FuzzTarget = {
  name: 'bencode-strict',
  seeds: SEEDS,
  tokens: TOKENS,
  fuzz(bytes) {
    const canonical = accept('ERR_BENCODE', () => decode(bytes, { form: 'canonical' }));
    const expected = reference(bytes);
    assert.equal(canonical === undefined ? undefined : plain(canonical), expected, 'not what the reference reads');
    if (canonical !== undefined)
      assert.deepEqual(Buffer.from(encode(canonical)), Buffer.from(bytes), 'encode(decode(x)) is not x');
    const value = accept('ERR_BENCODE', () => decode(bytes));
    if (value === undefined) return;
    const again = encode(value);
    assert.deepEqual(encode(decode(again, { form: 'canonical' })), again);
    assert.equal(again.length, bytes.length, 'strict only forgives the order of keys');
  },
};

export const lenient: FuzzTarget = {
  name: 'bencode-lenient',
  seeds: [...SEEDS, ...latin('d4:infod1:ai03ee1:xi1eetrailing')],
  tokens: TOKENS,
  fuzz(bytes) {
    const document = accept('ERR_BENCODE', () => decodeDocument(bytes, { form: 'lenient', strictUnder: 'info' }));
    const prefix = accept('ERR_BENCODE', () => decodePrefix(bytes, { form: 'lenient', strictUnder: 'info' }));
    assert.equal(document === undefined, prefix === undefined, 'trailing bytes are all that is between them');
    if (document === undefined) return;
    assert.equal(document.end, prefix!.end);
    const again = encode(document.value);
    assert.deepEqual(encode(decode(again, { form: 'canonical' })), again);
    if (!(document.value instanceof Map)) return;
    for (const [key, [start, end]] of document.spans)
      assert.deepEqual(
        encode(decode(bytes.subarray(start, end), { form: 'lenient' })),
        encode(document.value.get(key)!),
        'a span is not the bytes of its value',
      );
    const info = document.spans.get('info');
    if (info !== undefined) decode(bytes.subarray(...info));
  },
};
