import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { OutBuffer } from './out-buffer.ts';

test('what goes in comes out in order, whatever the sizes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.uint8Array({ maxLength: 900, size: 'max' }), { maxLength: 8 }), { maxLength: 5 }),
      (rounds) => {
        const out = new OutBuffer();
        for (const messages of rounds) {
          for (const message of messages) out.append(message);
          assert.equal(out.length, Buffer.concat(messages).length);
          assert.deepEqual(out.drain(), new Uint8Array(Buffer.concat(messages)));
          assert.equal(out.length, 0);
        }
      },
    ),
  );
});

test('drained bytes may be kept, and room for a rare large message is given back', () => {
  const out = new OutBuffer();
  out.append(new Uint8Array(200_000).fill(7));
  const first = out.drain();
  assert.ok(out.bytes.length < 65_536);
  out.append(new Uint8Array(200_000).fill(9));
  assert.ok(first.every((byte) => byte === 7));
});
