import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Bitfield } from './bitfield.ts';

test('a bitfield agrees with a set of numbers, and its bytes with BEP 3', () => {
  const step = fc.record({
    kind: fc.constantFrom('add', 'add', 'delete', 'fill', 'clear', 'clone'),
    index: fc.integer({ min: -2, max: 42 }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40 }), fc.array(step, { maxLength: 60 }), (size, steps) => {
      let field = new Bitfield(size);
      const model = new Set<number>();
      const inside = (index: number): boolean => index >= 0 && index < size;
      for (const { kind, index } of steps) {
        if (kind === 'add') {
          assert.equal(field.add(index), inside(index) && !model.has(index));
          if (inside(index)) model.add(index);
        } else if (kind === 'delete') assert.equal(field.delete(index), model.delete(index));
        else if (kind === 'fill') {
          field.fill();
          for (let i = 0; i < size; i++) model.add(i);
        } else if (kind === 'clear') {
          field.clear();
          model.clear();
        } else field = field.clone();
        assert.equal(field.count, model.size);
        assert.equal(field.complete, model.size === size);
      }
      for (let index = -2; index < size + 10; index++) assert.equal(field.has(index), model.has(index));
      const bits = [...field.bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
      assert.equal(bits.length, Math.ceil(size / 8) * 8);
      for (const [index, bit] of [...bits].entries()) assert.equal(bit === '1', model.has(index), 'high bit first');
      const again = Bitfield.from(field.bytes, size);
      assert.equal(again?.count, model.size);
    }),
  );
});

test('bytes of the wrong length or with spare bits make no bitfield', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5 }), fc.nat(40), (bytes, size) => {
      const field = Bitfield.from(bytes, size);
      const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
      const fits = bytes.length === Math.ceil(size / 8) && !bits.slice(size).includes('1');
      assert.equal(field !== undefined, fits);
      if (field !== undefined) assert.equal(field.count, [...bits].filter((bit) => bit === '1').length);
    }),
  );
});

test('a copy shares nothing with what it was made of', () => {
  const bytes = Uint8Array.of(0x80);
  const field = Bitfield.from(bytes, 8)!;
  const copy = field.clone();
  bytes[0] = 0;
  copy.add(3);
  assert.equal(field.has(0), true);
  assert.equal(field.has(3), false);
  assert.equal(Bitfield.full(9).bytes[1], 0x80);
});

test('the next bit, alone or in common with another field, is what a walk over all bits finds', () => {
  const bits = fc.array(fc.boolean(), { minLength: 1, maxLength: 150, size: 'max' });
  fc.assert(
    fc.property(bits, bits, fc.nat(160), (a, b, from) => {
      const size = Math.min(a.length, b.length);
      const one = new Bitfield(size);
      const other = new Bitfield(size);
      for (let i = 0; i < size; i++) {
        if (a[i]) one.add(i);
        if (b[i]) other.add(i);
      }
      assert.equal(
        one.next(from),
        a.findIndex((bit, i) => bit && i >= from && i < size),
      );
      assert.equal(
        one.nextCommon(other, from),
        a.findIndex((bit, i) => bit && b[i] && i >= from && i < size),
      );
    }),
  );
});

test('bits between two edges are counted as one by one', () => {
  const edge = fc.integer({ min: 0, max: 100 });
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 99 })), edge, edge, (indices, a, b) => {
      const field = new Bitfield(100);
      for (const index of indices) field.add(index);
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      assert.equal(field.countIn(from, to), indices.filter((index) => index >= from && index < to).length);
    }),
  );
});
