// libtorrent as a peer of tests and measurements: one session of Debian's python3-libtorrent in a process of its own.

import { fileURLToPath } from 'node:url';
import { Program } from './program.ts';
import { PYTHON } from './programs.ts';

const SCRIPT = fileURLToPath(new URL('libtorrent-peer.py', import.meta.url));

export interface LibtorrentOptions {
  /** Default 127.0.0.1, any port. */
  listen?: string;
  /** Settings of a measurement: long queues, plain TCP. */
  tuned?: boolean;
  /** Settings by libtorrent's own names; win over all others. */
  settings?: Readonly<Record<string, number | boolean | string>>;
  /** Bytes per second. */
  up?: number;
  down?: number;
  /** Seconds between progress events. Default 0.1. */
  period?: number;
  /** Put before the command line. */
  wrap?: readonly string[];
}

export interface PeerTotals {
  address: string;
  client: string;
  /** Payload received from and sent to it. */
  bytes: number;
  sent: number;
}

export interface LibtorrentAdd {
  torrent?: string;
  magnet?: string;
  save: string;
  /** Take the data in `save` as complete. */
  seed?: boolean;
  peers?: [string, number][];
}

export class Libtorrent {
  readonly process: Program;
  readonly port: number;

  private constructor(process: Program, port: number) {
    this.process = process;
    this.port = port;
  }

  static async start(options: LibtorrentOptions = {}): Promise<Libtorrent> {
    const { wrap = [], ...rest } = options;
    const process = new Program([...wrap, PYTHON, SCRIPT, JSON.stringify(rest)], { stdio: 'pipe' });
    const { port } = await process.event('listening');
    return new Libtorrent(process, Number(port));
  }

  /** Returns the info-hash. */
  async add(command: LibtorrentAdd): Promise<string> {
    const before = this.process.events.length;
    this.process.send({ cmd: 'add', ...command });
    const added = await this.process.event('added', (event) => this.process.events.indexOf(event) >= before);
    return String(added.infoHash);
  }

  /** Writes a v1 .torrent file. */
  async create(path: string, out: string, trackers: string[], piece = 0): Promise<void> {
    this.process.send({ cmd: 'create', path, out, trackers, piece });
    await this.process.event('created', (event) => event.out === out);
  }

  /** Waits until everything is there, and returns what came from whom. */
  async finished(infoHash: string, patience?: number): Promise<PeerTotals[]> {
    const event = await this.process.event('finished', (event) => event.infoHash === infoHash, patience);
    return event.peers as PeerTotals[];
  }

  /** Ends politely: the trackers are told. */
  async quit(): Promise<void> {
    this.process.send({ cmd: 'quit' });
    await this.process.exit;
  }
}
