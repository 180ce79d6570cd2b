// A peer in a simulated world that is played by hand: it has an address, is named by the tracker, accepts connections and
// may dial, and says whatever its script says. For peers that no honest program resembles.

import type { Endpoint } from '../../src/base/endpoint.ts';
import { Framer } from '../../src/protocol/wire/framer.ts';
import { encodeHandshake, type Features, type Handshake } from '../../src/protocol/wire/handshake.ts';
import { Pipe } from './virtual-links.ts';
import type { Attachment, VirtualSocket } from './virtual-socket.ts';
import type { Dweller, Setting } from './world-setting.ts';

/** What is done when something comes from the node at the other end. */
export interface Script {
  /** A connection stands. Unless the script does it here, nothing is said. */
  onOpen?(line: ScriptedLine): void;
  onHandshake?(line: ScriptedLine, handshake: Handshake): void;
  /** Any message but piece; `payload` is a copy without the id. */
  onMessage?(line: ScriptedLine, id: number, payload: Uint8Array): void;
  /** The node sent this block. */
  onBlock?(line: ScriptedLine, piece: number, begin: number, length: number): void;
  onClose?(line: ScriptedLine, reason: string): void;
}

/** One connection of a scripted peer. */
export class ScriptedLine {
  readonly peer: ScriptedPeer;
  readonly socket: VirtualSocket;
  /** Why it was closed by the other side. */
  closed: string | undefined;

  constructor(peer: ScriptedPeer, socket: VirtualSocket) {
    this.peer = peer;
    this.socket = socket;
    const { script } = peer;
    const framer = new Framer(
      {
        onHandshake: (handshake) => script.onHandshake?.(this, handshake),
        onKeepAlive: () => undefined,
        onMessage: (id, buffer, start, end) => script.onMessage?.(this, id, buffer.slice(start, end)),
        onPieceHeader: () => -1,
        onPieceEnd: (piece, begin, length) => script.onBlock?.(this, piece, begin, length),
      },
      undefined,
    );
    socket.handlers = {
      onBytes: (bytes, start, end) => framer.push(bytes, start, end),
      onPacket: () => undefined,
      onDrain: () => undefined,
      onClose: (reason) => {
        this.closed = reason;
        script.onClose?.(this, reason);
      },
    };
  }

  /** The bytes belong to the world from now on. */
  say(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  greet(features: Partial<Features> = { extended: true, fast: true }): void {
    this.say(encodeHandshake(this.peer.setting.subject.infoHash, this.peer.peerId, features));
  }

  close(): void {
    this.socket.close();
  }
}

export class ScriptedPeer implements Dweller {
  readonly id: number;
  readonly setting: Setting;
  readonly endpoint: Endpoint;
  readonly script: Script;
  readonly way: Attachment;
  readonly nat: boolean;
  readonly alive = true;
  readonly peerId: Uint8Array;
  readonly lines: ScriptedLine[] = [];

  constructor(
    setting: Setting,
    id: number,
    endpoint: Endpoint,
    script: Script,
    options: { up?: number; down?: number; latency?: number; nat?: boolean },
  ) {
    this.setting = setting;
    this.id = id;
    this.endpoint = endpoint;
    this.script = script;
    this.nat = options.nat === true;
    this.way = {
      up: new Pipe(options.up ?? 1_048_576),
      down: new Pipe(options.down ?? 1_048_576),
      latency: options.latency ?? 20,
    };
    this.peerId = new Uint8Array(20).fill(115);
    this.peerId[18] = id >> 8;
    this.peerId[19] = id & 255;
  }

  accept(socket: VirtualSocket): void {
    this.#open(socket);
  }

  dial(endpoint: Endpoint, failed: () => void = () => undefined): void {
    this.setting.dial(this, endpoint, (socket) => {
      if (socket === undefined) failed();
      else this.#open(socket);
    });
  }

  #open(socket: VirtualSocket): void {
    const line = new ScriptedLine(this, socket);
    this.lines.push(line);
    this.script.onOpen?.(line);
  }
}
