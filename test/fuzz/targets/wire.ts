// The peer wire below the session: the framer with every way to cut its input, and the messages of the extensions.

import assert from 'node:assert/strict';
import { Bitfield } from '../../../src/base/bitfield.ts';
import {
  decodeDontHave,
  decodeExtensionHandshake,
  decodeMetadataMessage,
  decodeUploadOnly,
  encodeDontHave,
  encodeExtensionHandshake,
  encodeMetadataMessage,
  encodeUploadOnly,
  MAX_REQUEST_QUEUE,
} from '../../../src/protocol/wire/extension.ts';
import { Framer } from '../../../src/protocol/wire/framer.ts';
import { encodeHandshake, type Handshake } from '../../../src/protocol/wire/handshake.ts';
import {
  encodeAllowedFast,
  encodeBitfield,
  encodeCancel,
  encodeExtended,
  encodeFrame,
  encodeHave,
  encodeHaveAll,
  encodeHaveNone,
  encodeKeepAlive,
  encodePiece,
  encodePort,
  encodeReject,
  encodeRequest,
  encodeSuggest,
  MESSAGE,
} from '../../../src/protocol/wire/messages.ts';
import { clientName } from '../../../src/protocol/wire/peer-id.ts';
import { Mutator } from '../mutator.ts';
import { accept, type FuzzTarget, latin, note } from '../oracle.ts';

const HELLO = encodeHandshake('ab'.repeat(20), Buffer.from('-FZ0001-abcdefghijkl'), { fast: true, extended: true });
const extended = encodeExtended(
  0,
  encodeExtensionHandshake({ messages: new Map([['ut_metadata', 3]]), requestQueue: 9 }),
);

/** Each kind of message once, well-formed for a torrent of 8 pieces of 32 KiB. */
export const MESSAGES: readonly Uint8Array[] = [
  encodeKeepAlive(),
  ...[MESSAGE.choke, MESSAGE.unchoke, MESSAGE.interested, MESSAGE.notInterested].map((id) =>
    encodeFrame(id, new Uint8Array(0)),
  ),
  encodeHave(3),
  encodeBitfield(Bitfield.full(8)),
  encodeFrame(MESSAGE.bitfield, Uint8Array.of(0x5a)),
  encodeHaveAll(),
  encodeHaveNone(),
  encodeRequest(0, 0, 16_384),
  encodeRequest(7, 16_384, 16_384),
  encodeCancel(0, 0, 16_384),
  encodeReject(0, 0, 16_384),
  encodeSuggest(2),
  encodeAllowedFast(1),
  encodePort(6881),
  extended,
  encodeExtended(3, encodeMetadataMessage({ type: 'request', piece: 0 })),
  encodeExtended(3, encodeMetadataMessage({ type: 'reject', piece: 0 })),
  encodeExtended(4, Uint8Array.of(1)),
  encodeExtended(7, Uint8Array.of(0, 0, 0, 3)),
  encodeFrame(21, new Uint8Array(48)),
  encodeFrame(99, new Uint8Array(5)),
];

/** What a framer says of the bytes when they come in pieces as `cut` has it, as one text. */
function transcript(bytes: Uint8Array, cut: (left: number) => number): string {
  const said: string[] = [];
  let kept: Handshake | undefined;
  const slab = new Uint8Array(4 * 16_384);
  const framer = new Framer(
    {
      onHandshake: (handshake) => {
        said.push(`hello ${handshake.infoHash}`);
        kept = handshake;
      },
      onKeepAlive: () => said.push('alive'),
      onMessage: (id, buffer, start, end) =>
        said.push(`${id} ${Buffer.from(buffer.subarray(start, end)).toString('hex')}`),
      onPieceHeader: (piece, begin) => {
        said.push(`piece ${piece} ${begin}`);
        return piece % 5 === 4 ? -1 : (piece % 5) * 16_384;
      },
      onPieceEnd: (piece, _begin, length, kept) =>
        said.push(
          `end ${length} ${kept ? Buffer.from(slab.subarray((piece % 5) * 16_384, (piece % 5) * 16_384 + length)).toString('base64') : ''}`,
        ),
    },
    slab,
  );
  // What the framer keeps of a read must be its own: the buffer is overwritten after each.
  const read = Buffer.alloc(Math.max(1, bytes.length));
  const refused = accept('ERR_WIRE', () => {
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(bytes.length - at, Math.max(1, cut(bytes.length - at)));
      read.set(bytes.subarray(at, at + length));
      framer.push(read, 0, length);
      read.fill(0xee, 0, length);
      at += length;
    }
    return true;
  });
  const who = kept === undefined ? '' : Buffer.concat([kept.peerId, kept.reserved]).toString('hex');
  return `${said.join('\n')}\n${who}\n${refused === undefined ? 'refused' : ''}`;
}

export const framer: FuzzTarget = {
  name: 'framer',
  maxLength: 100_000,
  seeds: [
    ...MESSAGES.map((message) => Buffer.concat([HELLO, message])),
    Buffer.concat([
      HELLO,
      ...MESSAGES,
      encodePiece(0, 0, new Uint8Array(16_384)),
      encodePiece(4, 5, new Uint8Array(77)),
    ]),
    HELLO.slice(0, 40),
  ],
  tokens: [
    ...MESSAGES,
    HELLO,
    Uint8Array.of(0, 0, 0, 0),
    Uint8Array.of(0, 16, 0, 1),
    encodePiece(1, 0, Uint8Array.of(1)),
  ],
  fuzz(bytes) {
    const whole = transcript(bytes, (left) => left);
    note(String(whole.split('\n').length));
    const random = new Mutator(bytes.length);
    assert.equal(
      transcript(bytes, () => 1 + random.below(40)),
      whole,
      'cut at random it says something else',
    );
    assert.equal(
      transcript(bytes, () => 1 + random.below(9000)),
      whole,
      'cut at random it says something else',
    );
    if (bytes.length < 2000)
      assert.equal(
        transcript(bytes, () => 1),
        whole,
        'byte by byte it says something else',
      );
    if (bytes.length >= 20) assert.ok(clientName(bytes.subarray(0, 20)).length <= 64);
  },
};

export const extensionHandshake: FuzzTarget = {
  name: 'extension-handshake',
  maxLength: 100_000,
  seeds: [
    encodeExtensionHandshake({
      messages: new Map([
        ['ut_metadata', 3],
        ['lt_donthave', 7],
        ['upload_only', 0],
      ]),
      client: 'Fuzz 1.0',
      requestQueue: 500,
      port: 6881,
      yourIp: Uint8Array.of(1, 2, 3, 4),
      metadataSize: 20_000,
      uploadOnly: true,
    }),
    ...latin('de', 'd1:md1:ai1e1:bi1eee', 'd1:v300:e', `d1:v8:\x1b[2J\x07\xe2\x80\xaee`),
  ],
  tokens: latin(
    '1:m',
    '1:v',
    '4:reqq',
    '1:p',
    '6:yourip',
    '13:metadata_size',
    '11:upload_only',
    '11:ut_metadata',
    '11:lt_donthave',
    'd',
    'e',
    'i0e',
    'i-1e',
    'i1e',
    'i256e',
  ),
  fuzz(bytes) {
    const handshake = accept('ERR_WIRE', () => decodeExtensionHandshake(bytes));
    if (handshake === undefined) return;
    note(`${handshake.messages.size} ${Object.keys(handshake).join()}`);
    const { messages, client, requestQueue, port, yourIp, metadataSize } = handshake;
    assert.ok(messages.size <= 64);
    const given = [...messages.values()].filter((id) => id !== 0);
    assert.ok(given.every((id) => Number.isInteger(id) && id > 0 && id < 256) && new Set(given).size === given.length);
    if (client !== undefined) assert.ok([...client].length <= 64 && !/[\p{Cc}\p{Cf}]/u.test(client));
    assert.ok(requestQueue === undefined || (requestQueue >= 1 && requestQueue <= MAX_REQUEST_QUEUE));
    assert.ok(port === undefined || (port > 0 && port < 65536));
    assert.ok(yourIp === undefined || yourIp.length === 4 || yourIp.length === 16);
    assert.ok(metadataSize === undefined || (metadataSize > 0 && metadataSize <= 2 ** 24));
    assert.deepEqual(decodeExtensionHandshake(encodeExtensionHandshake(handshake)), handshake);
  },
};

export const metadataMessage: FuzzTarget = {
  name: 'ut-metadata',
  maxLength: 100_000,
  seeds: [
    encodeMetadataMessage({ type: 'request', piece: 3 }),
    encodeMetadataMessage({ type: 'reject', piece: 0 }),
    encodeMetadataMessage({ type: 'data', piece: 0, totalSize: 100, data: new Uint8Array(100) }),
    encodeMetadataMessage({ type: 'data', piece: 1, totalSize: 16_394, data: new Uint8Array(10) }),
  ],
  tokens: latin('8:msg_type', '5:piece', '10:total_size', 'i0e', 'i1e', 'i2e', 'i-1e', 'd', 'e'),
  fuzz(bytes) {
    const message = decodeMetadataMessage(bytes);
    note(message?.type ?? 'ignored');
    if (message === undefined) return;
    assert.ok(message.piece >= 0 && message.piece < 1024);
    const again = decodeMetadataMessage(encodeMetadataMessage(message));
    assert.deepEqual(again && { ...again, data: 0 }, { ...message, data: 0 });
    if (message.type !== 'data' || again?.type !== 'data') return;
    assert.deepEqual(Buffer.from(again.data), Buffer.from(message.data));
    assert.equal(message.data.length, Math.min(16_384, message.totalSize - message.piece * 16_384));
  },
};

export const extensionMessages: FuzzTarget = {
  name: 'extension-messages',
  maxLength: 64,
  seeds: [encodeDontHave(5), encodeDontHave(2 ** 32 - 1), encodeUploadOnly(true), encodeUploadOnly(false)],
  tokens: [],
  fuzz(bytes) {
    const piece = accept('ERR_WIRE', () => decodeDontHave(bytes));
    assert.equal(piece === undefined, bytes.length !== 4);
    if (piece !== undefined) assert.deepEqual(Buffer.from(encodeDontHave(piece)), Buffer.from(bytes));
    const uploadOnly = decodeUploadOnly(bytes);
    note(String(uploadOnly));
    assert.equal(uploadOnly === undefined, bytes.length !== 1);
    if (uploadOnly !== undefined) assert.equal(decodeUploadOnly(encodeUploadOnly(uploadOnly)), uploadOnly);
  },
};
