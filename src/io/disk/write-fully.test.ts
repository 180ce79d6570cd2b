import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { writeFully } from './write-fully.ts';

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

describe('writeFully', () => {
  it('puts every byte in its place however the writes are cut or interrupted', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.array(fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constantFrom('EINTR', 'EAGAIN'))),
        fc.nat(100),
        (bytes, steps, position) => {
          const file = new Uint8Array(position + bytes.length);
          const start = bytes.length >> 2;
          const length = bytes.length - start;
          let call = 0;
          writeFully(7, bytes, start, length, position, (fd, from, offset, wanted, at) => {
            assert.equal(fd, 7);
            const step = steps[call++] ?? wanted;
            if (typeof step === 'string') throw failure(step);
            const taken = Math.min(step, wanted);
            file.set(from.subarray(offset, offset + taken), at);
            return taken;
          });
          assert.deepEqual(file.subarray(position, position + length), bytes.subarray(start));
        },
      ),
    );
  });

  it('gives up with the error of the system', () => {
    let written = 0;
    const write = (): number => {
      if (written > 0) throw failure('ENOSPC');
      written = 3;
      return 3;
    };
    assert.throws(() => writeFully(1, new Uint8Array(10), 0, 10, 0, write), { code: 'ENOSPC' });
  });

  it('does not loop for ever when nothing is taken', () => {
    assert.throws(() => writeFully(1, new Uint8Array(10), 0, 10, 0, () => 0), { code: 'EIO' });
    assert.throws(
      () =>
        writeFully(1, new Uint8Array(10), 0, 10, 0, () => {
          throw failure('EINTR');
        }),
      { code: 'EINTR' },
    );
  });
});
