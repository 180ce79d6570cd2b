import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32c } from './crc32c.ts';

describe('crc32c', () => {
  it('has the values of RFC 3720, B.4', () => {
    assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
    assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
    assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e);
    assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  });

  it('goes on from where it was, over any part of an array', () => {
    const bytes = Buffer.from('..123456789..');
    for (let cut = 2; cut <= 11; cut++)
      assert.equal(crc32c(bytes, cut, 11, crc32c(bytes, 2, cut)), crc32c(Buffer.from('123456789')));
  });
});
