// Times the framer alone, with no socket and no swarm behind it: blocks of 16 KiB into a slab, as they come from large and
// from small reads, stepped over, and the small messages of a busy swarm. Rates are of the bytes that went in.

import { BLOCK_LENGTH } from '../src/base/geometry.ts';
import { Framer, type FramerSink } from '../src/protocol/wire/framer.ts';
import { encodeHandshake } from '../src/protocol/wire/handshake.ts';
import { encodeHave, encodePiece, encodeRequest } from '../src/protocol/wire/messages.ts';
import type { Row } from './row.ts';

const MIB = 1 << 20;
/** What one measurement pushes. */
const VOLUME = 1024 * MIB;
const SMALL_VOLUME = 64 * MIB;
/** Payload of one stream that is pushed again and again, and of the slab: more than the caches hold. */
const STREAM_BLOCKS = 1024;

class Sink implements FramerSink {
  keeps: boolean;
  blocks = 0;
  messages = 0;

  constructor(keeps: boolean) {
    this.keeps = keeps;
  }

  onHandshake(): void {}
  onKeepAlive(): void {}
  onMessage(): void {
    this.messages++;
  }
  onPieceHeader(piece: number): number {
    return this.keeps ? piece * BLOCK_LENGTH : -1;
  }
  onPieceEnd(): void {
    this.blocks++;
  }
}

function copy(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  (source as Buffer).copy(target, at, start, end);
}

function blockStream(): Uint8Array {
  const block = new Uint8Array(BLOCK_LENGTH).fill(7);
  return Buffer.concat(Array.from({ length: STREAM_BLOCKS }, (_, piece) => encodePiece(piece, 0, block)));
}

function smallStream(): Uint8Array {
  return Buffer.concat(
    Array.from({ length: 4096 }, (_, i) => (i % 4 === 0 ? encodeHave(i) : encodeRequest(i, 0, BLOCK_LENGTH))),
  );
}

/** Seconds for so many bytes in reads of `readLength`. */
function push(stream: Uint8Array, readLength: number, volume: number, sink: Sink): number {
  const framer = new Framer(sink, new Uint8Array(new SharedArrayBuffer(STREAM_BLOCKS * BLOCK_LENGTH)), { copy });
  const features = { extended: true, fast: true };
  const handshake = encodeHandshake('00'.repeat(20), new Uint8Array(20), features);
  framer.push(handshake, 0, handshake.length);
  const started = performance.now();
  for (let pushed = 0; pushed < volume; pushed += stream.length)
    for (let at = 0; at < stream.length; at += readLength)
      framer.push(stream, at, Math.min(stream.length, at + readLength));
  return (performance.now() - started) / 1000;
}

function rate(name: string, readLength: number, keeps: boolean, goal?: string): Row {
  const stream = blockStream();
  push(stream, readLength, VOLUME / 8, new Sink(keeps));
  const sink = new Sink(keeps);
  const seconds = push(stream, readLength, VOLUME, sink);
  if (sink.blocks * BLOCK_LENGTH < VOLUME * 0.99) throw new Error(`${sink.blocks} blocks came out`);
  return { name, value: VOLUME / MIB / seconds, unit: 'MiB/s', ...(goal === undefined ? {} : { goal }) };
}

/** Throughput of the framer in each shape. */
export function measureFramer(): Row[] {
  const small = smallStream();
  push(small, 64 * 1024, SMALL_VOLUME / 4, new Sink(true));
  const sink = new Sink(true);
  const seconds = push(small, 64 * 1024, SMALL_VOLUME, sink);
  return [
    rate('blocks into the slab, reads of 512 KiB', 512 * 1024, true, '> 4000'),
    rate('blocks into the slab, reads of 64 KiB', 64 * 1024, true),
    rate('blocks into the slab, reads of 1448 bytes', 1448, true),
    rate('blocks stepped over, reads of 64 KiB', 64 * 1024, false),
    { name: 'requests and haves, one message', value: (1e9 * seconds) / sink.messages, unit: 'ns' },
  ];
}
