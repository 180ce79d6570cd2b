import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ShoalError } from '../base/errors.ts';
import { decodeLatin1, encodeLatin1 } from '../base/utf8.ts';
import {
  asBytes,
  asDict,
  asInt,
  asList,
  asText,
  type BValue,
  type DecodeOptions,
  decode,
  decodeDict,
  decodeDocument,
  decodePrefix,
  encode,
  Preencoded,
} from './bencode.ts';

const text = (content: string): Uint8Array => encodeLatin1(content);

function reasonOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ShoalError, `threw ${error}`);
    assert.equal(error.code, 'ERR_BENCODE');
    assert.match(error.message, new RegExp(`\\(${error.reason} at byte \\d+\\)`));
    return error.reason;
  }
  return undefined;
}

/**
 * The grammar of BEP 3 as it is written, with the sorted-keys rule: what `decode` must agree with on any input. It
 * recurses and copies, which the real one must not.
 */
function referenceDecode(bytes: Uint8Array): BValue | undefined {
  let at = 0;
  const source = decodeLatin1(bytes);
  const match = (form: RegExp): string | undefined => {
    form.lastIndex = at;
    const found = form.exec(source)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  const string = (): string | undefined => {
    const head = match(/(0|[1-9][0-9]*):/y);
    if (head === undefined) return undefined;
    const length = Number(head.slice(0, -1));
    if (at + length > source.length) return undefined;
    at += length;
    return source.slice(at - length, at);
  };
  const value = (): BValue | undefined => {
    const integer = match(/i(0|-?[1-9][0-9]*)e/y);
    if (integer !== undefined) {
      const exact = BigInt(integer.slice(1, -1));
      if (BigInt.asIntN(64, exact) !== exact) return undefined;
      return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
    }
    if (match(/l/y) !== undefined) {
      const list: BValue[] = [];
      while (match(/e/y) === undefined) {
        const item = value();
        if (item === undefined) return undefined;
        list.push(item);
      }
      return list;
    }
    if (match(/d/y) !== undefined) {
      const dict = new Map<string, BValue>();
      let last: string | undefined;
      while (match(/e/y) === undefined) {
        const key = string();
        if (key === undefined || (last !== undefined && key <= last)) return undefined;
        const item = value();
        if (item === undefined) return undefined;
        dict.set(key, item);
        last = key;
      }
      return dict;
    }
    const content = string();
    return content === undefined ? undefined : text(content);
  };
  const whole = value();
  return at === source.length ? whole : undefined;
}

const anyInteger = fc
  .oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.maxSafeInteger().map(BigInt), fc.constant(0n))
  .map((exact) => (Number.isSafeInteger(Number(exact)) ? Number(exact) : exact));
const anyBytes = fc.uint8Array({ maxLength: 40 }).map((bytes) => Uint8Array.from(bytes));
const anyKey = fc.oneof(
  fc.uint8Array({ maxLength: 8 }).map((bytes) => decodeLatin1(bytes)),
  fc.constantFrom('__proto__', 'constructor', 'info'),
);
const { value: anyValue } = fc.letrec<{ value: BValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthIdentifier: 'bencode' },
    anyInteger,
    anyBytes,
    fc.array(tie('value'), { maxLength: 6, depthIdentifier: 'bencode' }),
    fc.array(fc.tuple(anyKey, tie('value')), { maxLength: 6, depthIdentifier: 'bencode' }).map((pairs) => {
      const unique = new Map(pairs);
      return new Map([...unique].sort(([a], [b]) => (a < b ? -1 : 1)));
    }),
  ),
}));
/** Bytes that often are almost bencode. */
const anyDocument = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.string({ unit: fc.constantFrom(...'0123456789-+:ilde'), maxLength: 40 }).map(text),
  fc
    .tuple(anyValue, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), fc.nat())
    .map(([value, changes, cut]) => {
      const bytes = encode(value);
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      return cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
    }),
);

describe('bencode', () => {
  it('reads each kind of value', () => {
    const dict = decodeDict(text('d4:bigni-9223372036854775808e3:inti-42e4:listl4:spami0ee4:text3:\xc3\xa9!e'));
    assert.equal(dict.get('bign'), -(2n ** 63n));
    assert.equal(asInt(dict.get('int')), -42);
    assert.deepEqual(asList(dict.get('list')), [text('spam'), 0]);
    assert.equal(asText(dict.get('text')), 'é!');
    assert.equal(asDict(dict), dict);
    assert.deepEqual(
      [asBytes(1), asText([]), asInt(2n ** 60n), asList(new Map()), asDict([])],
      Array(5).fill(undefined),
    );
  });

  it('gives views of the input, never copies, and plain arrays even of a Buffer', () => {
    const input = Buffer.from('l4:spam4:eggse');
    const [spam] = asList(decode(input))!;
    assert.equal((spam as Uint8Array).buffer, input.buffer);
    assert.equal((spam as Uint8Array).constructor, Uint8Array);
  });

  it('keeps the raw spans of the outermost dictionary', () => {
    const input = text('d3:onei1e3:twold1:xleee5:zzzzz0:e');
    const { spans } = decodeDocument(input);
    const raw = [...spans].map(([key, [start, end]]) => [key, decodeLatin1(input.subarray(start, end))]);
    assert.deepEqual(raw, [
      ['one', 'i1e'],
      ['two', 'ld1:xleee'],
      ['zzzzz', '0:'],
    ]);
  });

  it('reads a value that other bytes follow', () => {
    assert.deepEqual(decodePrefix(text('d1:ai1eeBLOCK')), {
      value: new Map([['a', 1]]),
      end: 8,
      spans: new Map([['a', [4, 7]]]),
      defects: new Map(),
    });
    assert.equal(
      reasonOf(() => decode(text('d1:ai1eeBLOCK'))),
      'trailing_bytes',
    );
  });

  const refused: [document: string, reason: string, options?: DecodeOptions][] = [
    ['', 'not_bencoded'],
    ['<html>', 'not_bencoded'],
    ['e', 'not_bencoded'],
    ['-1:a', 'not_bencoded'],
    ['l-1:ae', 'bad_length'],
    ['01:a', 'bad_length'],
    ['00:', 'bad_length'],
    ['1x', 'bad_length'],
    ['9999999999:a', 'bad_length'],
    ['99999999999999999999999999:a', 'bad_length'],
    ['5:abc', 'truncated'],
    ['12', 'truncated'],
    ['l', 'truncated'],
    ['d', 'truncated'],
    ['d1:a', 'truncated'],
    ['i12', 'truncated'],
    ['i', 'truncated'],
    ['ie', 'bad_integer'],
    ['i-e', 'bad_integer'],
    ['i-0e', 'bad_integer'],
    ['i03e', 'bad_integer'],
    ['i+1e', 'bad_integer'],
    ['i1.5e', 'bad_integer'],
    ['i1e', 'too_large', { maxSize: 2 }],
    ['i9223372036854775808e', 'int_overflow'],
    ['i-9223372036854775809e', 'int_overflow'],
    [`i${'9'.repeat(400)}e`, 'int_overflow'],
    ['di1ei2ee', 'bad_key'],
    ['dlei2ee', 'bad_key'],
    ['d-1:ai2ee', 'bad_length'],
    ['d1:ae', 'missing_value'],
    ['d1:ai1e1:ai2ee', 'duplicate_key'],
    ['d1:ai1e1:bi1e1:ai2ee', 'duplicate_key'],
    ['d1:ci1e1:ai1e1:bi1e1:ci2ee', 'duplicate_key'],
    ['d1:bi1e1:ai2ee', 'unsorted_keys', { form: 'canonical' }],
    ['lllleeee', 'depth_exceeded', { maxDepth: 3 }],
    ['li1ei2ee', 'too_many_tokens', { maxTokens: 2 }],
    ['d4:infod1:xi03eee', 'bad_integer', { form: 'lenient', strictUnder: 'info' }],
    ['d4:infod1:xi3e1:xi3eee', 'duplicate_key', { form: 'lenient', strictUnder: 'info' }],
    ['d4:infode4:infodee', 'duplicate_key', { form: 'lenient', strictUnder: 'info' }],
  ];
  for (const [document, reason, options] of refused)
    it(`refuses ${JSON.stringify(document.slice(0, 40))} as ${reason}`, () => {
      assert.equal(
        reasonOf(() => decode(text(document), options)),
        reason,
      );
    });

  it('takes unsorted keys and says so', () => {
    const { value, defects } = decodeDocument(text('d1:bi1e1:ai2ee'));
    assert.deepEqual(
      value,
      new Map([
        ['b', 1],
        ['a', 2],
      ]),
    );
    assert.deepEqual(defects, new Map([['unsorted_keys', 7]]));
  });

  it('takes irregular integers, repeated keys and trailing bytes when lenient, and says so', () => {
    const { value, defects } = decodeDocument(text('d1:ai03e1:bi-0e1:ci+1e1:cleeXX'), { form: 'lenient' });
    assert.deepEqual(
      value,
      new Map([
        ['a', 3],
        ['b', 0],
        ['c', 1],
      ]),
    );
    assert.ok(Object.is((value as Map<string, unknown>).get('b'), 0));
    assert.deepEqual([...defects.keys()].sort(), ['bad_integer', 'duplicate_key', 'trailing_bytes']);
    const zeros = `i${'0'.repeat(5000)}7e`;
    assert.equal(decode(text(zeros), { form: 'lenient' }), 7);
  });

  it('is strict only under the key it was told', () => {
    const options: DecodeOptions = { form: 'lenient', strictUnder: 'info' };
    const root = decodeDict(text('d1:ai01e4:infod1:xi3ee1:zi03ee'), options);
    assert.deepEqual(root.get('z'), 3);
  });

  it('takes nesting and tokens up to their limits', () => {
    assert.ok(decode(text('l'.repeat(100) + 'e'.repeat(100))));
    assert.equal(
      reasonOf(() => decode(text('l'.repeat(101) + 'e'.repeat(101)))),
      'depth_exceeded',
    );
    assert.equal(
      reasonOf(() => decode(text('l'.repeat(1_000_000)))),
      'depth_exceeded',
    );
    assert.ok(decode(text('li1ei2ee'), { maxTokens: 3 }));
  });

  it('keeps hostile key names as plain data', () => {
    const dict = decodeDict(text('d9:__proto__d8:pollutedi1ee11:constructor1:xe'));
    assert.deepEqual([...dict.keys()], ['__proto__', 'constructor']);
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
  });

  it('writes canonical bencode', () => {
    const written = encode({
      b: [1, -2n, 'é'],
      a: new Map([['\xff', new Uint8Array([0, 255])]]),
      none: undefined,
      raw: new Preencoded(text('i7e')),
    });
    assert.equal(decodeLatin1(written), 'd1:ad1:\xff2:\x00\xffe1:bli1ei-2e2:\xc3\xa9e3:rawi7ee');
    assert.equal(decodeLatin1(encode(-0)), 'i0e');
  });

  it('refuses to write what bencode cannot say', () => {
    assert.equal(
      reasonOf(() => encode(1.5)),
      'int_overflow',
    );
    assert.equal(
      reasonOf(() => encode(2 ** 53)),
      'int_overflow',
    );
    assert.equal(
      reasonOf(() => encode(2n ** 63n)),
      'int_overflow',
    );
    assert.equal(
      reasonOf(() => encode(new Map([['€', 1]]))),
      'bad_key',
    );
    const loop: BValue[] = [];
    loop.push(loop);
    assert.equal(
      reasonOf(() => encode(loop)),
      'depth_exceeded',
    );
  });

  it('reads back every value it writes', () => {
    fc.assert(fc.property(anyValue, (value) => assert.deepEqual(decode(encode(value), { form: 'canonical' }), value)));
  });

  it('agrees with the grammar on any bytes, and writes canonical ones back unchanged', () => {
    let valid = 0;
    fc.assert(
      fc.property(anyDocument, (bytes) => {
        const expected = bytes.length === 0 ? undefined : referenceDecode(bytes);
        if (expected === undefined) {
          assert.notEqual(
            reasonOf(() => decode(bytes, { form: 'canonical' })),
            undefined,
          );
          return;
        }
        valid++;
        const value = decode(bytes, { form: 'canonical' });
        assert.deepEqual(value, expected);
        assert.deepEqual(encode(value), Uint8Array.from(bytes));
      }),
      { numRuns: 3000 },
    );
    assert.ok(valid > 100, `only ${valid} valid documents were tried`);
  });

  it('answers any bytes with a value or a coded error, in every form', () => {
    fc.assert(
      fc.property(anyDocument, (bytes) => {
        const taken = (['canonical', 'strict', 'lenient'] as const).map(
          (form) => reasonOf(() => decode(bytes, { form, strictUnder: 'info' })) === undefined,
        );
        // What a stricter form takes, a laxer one takes too.
        assert.ok(Number(taken[0]) <= Number(taken[1]) && Number(taken[1]) <= Number(taken[2]));
      }),
      { numRuns: 2000 },
    );
  });

  it('reads 10 MB quickly', () => {
    const documents = [
      `l${'i0e'.repeat(2_999_999)}e`,
      `l${'4:spam'.repeat(1_600_000)}e`,
      `l${'d1:a0:e'.repeat(999_999)}e`,
      `d6:pieces${'x'.length * 9_999_980}:${'x'.repeat(9_999_980)}e`,
    ].map(text);
    for (const document of documents) {
      // of the processor, however busy the machine is
      const before = process.threadCpuUsage();
      decode(document);
      const { user, system } = process.threadCpuUsage(before);
      const elapsed = (user + system) / 1000;
      assert.ok(elapsed < 4000, `${document.length} bytes took ${elapsed} ms`);
    }
  });
});
