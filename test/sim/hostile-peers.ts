// The hostile peers of the table of malicious peers as scripts for a simulated world, each with its row, what it does and
// how an honest node is rid of it. What they do follows from the seed alone. Only for tests.

import { Bitfield } from '../../src/base/bitfield.ts';
import { parseAddress } from '../../src/base/endpoint.ts';
import { encodeExtensionHandshake, encodeMetadataMessage } from '../../src/protocol/wire/extension.ts';
import { allowedFastSet } from '../../src/protocol/wire/fast.ts';
import { encodeHandshake } from '../../src/protocol/wire/handshake.ts';
import {
  decodeBlock,
  encodeBitfield,
  encodeCancel,
  encodeExtended,
  encodeFrame,
  encodeHave,
  encodePiece,
  encodeRequest,
  MESSAGE,
  writePieceHeader,
} from '../../src/protocol/wire/messages.ts';
import { sha1 } from './net.ts';
import type { Script, ScriptedLine, ScriptedPeer } from './scripted-peer.ts';
import type { World } from './world.ts';
import type { NodeOptions } from './world-node.ts';

const BLOCK = 16_384;
/** Under which number nodes hear of metadata. */
const METADATA = 3;

export interface HostileKind {
  readonly row: string;
  readonly does: string;
  /** Why an honest node has closed its connection; undefined: it may stay, it does no harm. */
  readonly fate: RegExp | undefined;
  /** So many of them come at a time. */
  readonly count?: number;
  readonly links?: Pick<NodeOptions, 'up' | 'down'>;
  /** Seconds after which it dials every honest node itself; again and again. */
  readonly dialsEvery?: number;
  script(world: World, chance: () => number): Script;
}

interface Wanted {
  piece: number;
  begin: number;
  length: number;
}

function rightBlock({ subject }: World, { piece, begin, length }: Wanted): Uint8Array {
  const start = piece * subject.geometry.pieceLength + begin;
  return subject.truth.slice(start, start + length);
}

function signal(line: ScriptedLine, ...ids: number[]): void {
  for (const id of ids) line.say(encodeFrame(id, new Uint8Array(0)));
}

function greet(line: ScriptedLine): void {
  line.greet();
}

/** Claims these pieces and lets everybody ask; `answer` makes the block, or undefined to send nothing. */
function giver(
  world: World,
  answer: (wanted: Wanted, line: ScriptedLine) => Uint8Array | undefined,
  claims: (piece: number) => boolean = () => true,
): Script {
  const { pieceCount } = world.subject.geometry;
  return {
    onOpen: greet,
    onHandshake: (line) => {
      const field = new Bitfield(pieceCount);
      for (let piece = 0; piece < pieceCount; piece++) if (claims(piece)) field.add(piece);
      line.say(encodeBitfield(field));
      signal(line, MESSAGE.unchoke);
    },
    onMessage: (line, id, payload) => {
      if (id !== MESSAGE.request) return;
      const wanted = decodeBlock(id, payload, 0, payload.length);
      const block = answer(wanted, line);
      if (block !== undefined) line.say(encodePiece(wanted.piece, wanted.begin, block));
    },
  };
}

/** Says something once it is greeted, and something else each time it is unchoked. */
function taker(onGreeted: (line: ScriptedLine) => void, onUnchoked?: (line: ScriptedLine) => void): Script {
  return {
    onOpen: greet,
    onHandshake: (line) => {
      onGreeted(line);
      if (onUnchoked !== undefined) signal(line, MESSAGE.interested);
    },
    onMessage: (line, id) => {
      if (id === MESSAGE.unchoke) onUnchoked?.(line);
    },
  };
}

function spoilt(block: Uint8Array): Uint8Array {
  block[7]! ^= 0x55;
  return block;
}

/** Asks for this many blocks, whatever it has already, but none of the pieces of `but`. */
function askFor(
  line: ScriptedLine,
  count: number,
  also: (wanted: Wanted) => Uint8Array[] = () => [],
  but: ReadonlySet<number> = new Set(),
): void {
  const { geometry } = line.peer.setting.subject;
  const messages: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const wanted = { piece: i % (geometry.pieceCount - 1), begin: 0, length: BLOCK };
    if (but.has(wanted.piece)) continue;
    messages.push(encodeRequest(wanted.piece, wanted.begin, wanted.length), ...also(wanted));
  }
  line.say(Buffer.concat(messages));
}

/** Does this now and every so many seconds, as long as the connection stands. */
function repeat(world: World, line: ScriptedLine, seconds: number, act: () => void): void {
  if (line.closed !== undefined || !line.socket.open) return;
  act();
  world.after(seconds, () => repeat(world, line, seconds, act));
}

const FOUND_OUT = /not what they should be|failed its hash/;

export const HOSTILE: readonly HostileKind[] = [
  {
    row: 'P1',
    does: 'spoils one block of every piece',
    fate: FOUND_OUT,
    script: (world) =>
      giver(world, (wanted) => (wanted.begin === 0 ? rightBlock(world, wanted) : spoilt(rightBlock(world, wanted)))),
  },
  {
    row: 'P2',
    does: 'sends nothing that is right',
    fate: FOUND_OUT,
    script: (world) => giver(world, (wanted) => spoilt(rightBlock(world, wanted))),
  },
  {
    row: 'P3',
    does: 'spoils one block in twenty',
    fate: FOUND_OUT,
    script: (world, chance) =>
      giver(world, (wanted) => (chance() < 0.05 ? spoilt(rightBlock(world, wanted)) : rightBlock(world, wanted))),
  },
  {
    row: 'P4',
    does: 'two take turns at spoiling the same blocks',
    fate: FOUND_OUT,
    count: 2,
    script: (world) => {
      const turns = new Map<string, number>();
      return giver(world, (wanted, { peer }) => {
        const key = `${wanted.piece}:${wanted.begin}`;
        const turn = turns.get(key) ?? peer.id;
        turns.set(key, turn + 1);
        return turn % 2 === 0 ? spoilt(rightBlock(world, wanted)) : rightBlock(world, wanted);
      });
    },
  },
  {
    row: 'P6',
    does: 'has everything and sends nothing',
    fate: undefined,
    script: (world) => giver(world, () => undefined),
  },
  {
    row: 'P7',
    does: 'claims what is rare and sends nothing',
    fate: undefined,
    count: 3,
    script: (world) =>
      giver(
        world,
        () => undefined,
        (piece) => piece % 2 === 0,
      ),
  },
  {
    row: 'P8',
    does: 'sends a byte now and then in the middle of a block',
    fate: /middle of a block/,
    script: (world) => {
      const begun = new Set<ScriptedLine>();
      return giver(world, ({ piece, begin, length }, line) => {
        if (begun.has(line)) return undefined;
        begun.add(line);
        const header = new Uint8Array(13);
        writePieceHeader(header, 0, piece, begin, length);
        line.say(header);
        repeat(world, line, 5, () => line.say(new Uint8Array(1)));
        return undefined;
      });
    },
  },
  {
    row: 'P9',
    does: 'asks for everything and hardly reads',
    fate: undefined,
    links: { down: 100 },
    script: () =>
      taker(
        () => undefined,
        (line) => askFor(line, 1_500),
      ),
  },
  {
    row: 'P10',
    does: 'makes a hundred thousand requests',
    fate: /invalid_request/,
    script: () =>
      taker(
        () => undefined,
        (line) => askFor(line, 100_000),
      ),
  },
  {
    row: 'P11',
    does: 'asks while it is choked',
    fate: /invalid_request/,
    script: (world) =>
      taker((line) => {
        const { subject } = world;
        const address = parseAddress(line.peer.endpoint.host)!;
        const granted = new Set(allowedFastSet(subject.infoHash, address, subject.geometry.pieceCount, sha1));
        repeat(world, line, 3, () => askFor(line, 1_000, undefined, granted));
      }),
  },
  {
    row: 'P12',
    does: 'has the same allowed-fast piece again and again',
    fate: /invalid_request/,
    script: () => ({
      onOpen: greet,
      onHandshake: () => undefined,
      onMessage: (line, id, payload) => {
        if (id !== MESSAGE.allowedFast) return;
        const piece = Buffer.from(payload).readUInt32BE();
        line.say(Buffer.concat(Array.from({ length: 350 }, () => encodeRequest(piece, 0, BLOCK))));
      },
    }),
  },
  {
    row: 'P13',
    does: 'asks for a block and takes it back, over and over',
    fate: /too_many_messages/,
    script: () =>
      taker(
        () => undefined,
        (line) => askFor(line, 5_000, ({ piece, begin, length }) => [encodeCancel(piece, begin, length)]),
      ),
  },
  {
    row: 'P14',
    does: 'tells of every piece two hundred times',
    fate: undefined,
    script: (world) =>
      taker((line) => {
        const all = Buffer.concat(Array.from({ length: world.subject.geometry.pieceCount }, (_, i) => encodeHave(i)));
        for (let i = 0; i < 200; i++) line.say(all.slice());
      }),
  },
  {
    row: 'P15',
    does: 'flaps between interested and not, choke and unchoke',
    fate: /too_many_messages/,
    script: (world) =>
      taker((line) =>
        repeat(world, line, 1, () => {
          for (let i = 0; i < 500; i++)
            signal(line, MESSAGE.interested, MESSAGE.unchoke, MESSAGE.notInterested, MESSAGE.choke);
        }),
      ),
  },
  {
    row: 'P16',
    does: 'sends data that nobody asked for',
    fate: /unasked_data/,
    script: (world) =>
      taker((line) => {
        for (let i = 0; i < 20; i++) {
          const piece = i % (world.subject.geometry.pieceCount - 1);
          line.say(encodePiece(piece, 0, new Uint8Array(BLOCK)));
        }
      }),
  },
  {
    row: 'P17',
    does: 'names a request queue of 0, 1, -5 or 2^53',
    fate: undefined,
    script: (world, chance) => {
      const script = giver(world, (wanted) => rightBlock(world, wanted));
      const reqq = [0, 1, -5, 2 ** 53][Math.floor(chance() * 4)]!;
      return {
        ...script,
        onHandshake: (line, handshake) => {
          line.say(encodeExtended(0, Buffer.from(`d1:mde4:reqqi${reqq}ee`)));
          script.onHandshake?.(line, handshake);
        },
      };
    },
  },
  {
    row: 'P18',
    does: 'asks for hashes of a version 2 torrent',
    fate: /invalid_message/,
    script: () => taker((line) => line.say(encodeFrame(MESSAGE.hashRequest, new Uint8Array(48)))),
  },
  {
    row: 'P20',
    does: 'answers with the name of who calls',
    fate: /our own connection/,
    script: (world) => ({
      onHandshake: (line, { peerId }) =>
        line.say(encodeHandshake(world.subject.infoHash, peerId, { extended: true, fast: true })),
    }),
  },
  {
    row: 'P20',
    does: 'comes again and again from one address under other names',
    fate: /from its address|connected to this peer already|from one address/,
    dialsEvery: 1,
    script: (world) => {
      let next = 0;
      return {
        onOpen: (line) => {
          const name = Uint8Array.from(line.peer.peerId);
          name[10] = next & 255;
          name[11] = next++ >> 8;
          line.say(encodeHandshake(world.subject.infoHash, name, { extended: true, fast: true }));
        },
      };
    },
  },
  {
    row: 'P21',
    does: 'opens connections and says nothing',
    fate: /no handshake in time/,
    dialsEvery: 0.2,
    script: () => ({}),
  },
  {
    row: 'P23',
    does: 'sends exchanged addresses that nobody asked for',
    fate: /invalid_extended/,
    script: (world) =>
      taker((line) =>
        repeat(world, line, 1, () => {
          const peers = Buffer.from('d5:added12:\x0a\0\0\x01\x1a\xe1\x7f\0\0\x01\x1a\xe1e', 'latin1');
          for (let i = 0; i < 20; i++) line.say(encodeExtended(1, peers));
        }),
      ),
  },
  {
    row: 'P25',
    does: 'gives metadata that fails its hash',
    fate: /metadata that fails its hash/,
    script: (world) => {
      const totalSize = world.subject.infoBytes.length;
      return {
        onOpen: greet,
        onHandshake: (line) => {
          const messages = new Map([['ut_metadata', 9]]);
          line.say(encodeExtended(0, encodeExtensionHandshake({ messages, metadataSize: totalSize })));
        },
        onMessage: (line, id, payload) => {
          if (id !== MESSAGE.extended || payload[0] !== 9) return;
          for (let piece = 0; piece * BLOCK < totalSize; piece++) {
            const data = new Uint8Array(Math.min(BLOCK, totalSize - piece * BLOCK));
            line.say(encodeExtended(METADATA, encodeMetadataMessage({ type: 'data', piece, totalSize, data })));
          }
        },
      };
    },
  },
  {
    row: 'P26',
    does: 'takes all it can get and gives nothing',
    fate: undefined,
    count: 4,
    links: { down: 4_194_304 },
    script: () => {
      const owed = new Map<ScriptedLine, number>();
      const ask = (line: ScriptedLine): void => {
        askFor(line, 32);
        owed.set(line, 32);
      };
      return {
        ...taker(() => undefined, ask),
        onBlock: (line) => {
          const left = (owed.get(line) ?? 1) - 1;
          owed.set(line, left);
          if (left === 0) ask(line);
        },
      };
    },
  },
  {
    row: 'P28',
    does: 'comes back when it is banned',
    fate: /the peer is banned/,
    dialsEvery: 5,
    script: (world) => giver(world, (wanted) => spoilt(rightBlock(world, wanted))),
  },
];

/** Puts the peers of a kind into a world in which honest nodes are already. */
export function addHostile(world: World, kind: HostileKind, chance: () => number): ScriptedPeer[] {
  const script = kind.script(world, chance);
  const peers = Array.from({ length: kind.count ?? 1 }, () => world.addScript(script, kind.links));
  const { dialsEvery } = kind;
  if (dialsEvery === undefined) return peers;
  const honest = [...world.nodes];
  const dial = (): void => {
    for (const peer of peers) for (const node of honest) peer.dial(node.endpoint);
    world.after(dialsEvery, dial);
  };
  world.after(dialsEvery, dial);
  return peers;
}
