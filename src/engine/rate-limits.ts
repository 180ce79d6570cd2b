// The rate limits of a session: one quota tree a direction (session, torrent, class of peers, peer) and the timer that lets
// those go on whose turn has come. Knows no socket and no disk. Where no limit stands it costs one look at a boolean.

import { classifyAddress, parseAddress } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import { QuotaNode, UNIT } from '../base/quota.ts';
import type { Limits, TorrentLimits } from './types.ts';

/** Between looks at who may go on, in milliseconds: quota for several is given out at once. */
const LEAST_WAIT = 5;
const LONGEST_WAIT = 1000;
/** A portion is so many seconds of the whole rate, and so many of the peer's share of it. */
const PORTION_SECONDS = 0.1;
const SHARE_SECONDS = 0.25;

/** One peer's place in the tree of one direction. */
export class PeerQuota extends QuotaNode {
  /** Called when a limit has changed that stands above. */
  onChange: (() => void) | undefined;
  readonly #tree: QuotaTree;
  #resume: ((bytes: number) => void) | undefined;

  constructor(tree: QuotaTree, up: QuotaNode, rate: number) {
    super(up, rate, tree.clock());
    this.#tree = tree;
    tree.peers.add(this);
  }

  /**
   * Calls back in turn, perhaps at once, with the bytes that have been taken for this peer: as many as asked for, or fewer
   * when the limits cannot save up so many, but always a block. One request at a time.
   */
  request(bytes: number, resume: (bytes: number) => void): void {
    this.#resume = resume;
    this.ask(bytes);
    this.#tree.run();
  }

  /** What has passed without a request; a negative number gives back. */
  charge(bytes: number): void {
    this.take(bytes, this.#tree.clock());
  }

  granted(bytes: number): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.(bytes);
  }

  /** Bytes that are good to move at a time: not so many that others wait long, nor that a choke comes late. */
  portion(): number {
    return Math.max(UNIT, Math.min(PORTION_SECONDS * this.pathRate, SHARE_SECONDS * this.share(this.#tree.clock())));
  }

  /** The peer has left: whoever is behind it in a queue moves up. */
  close(): void {
    this.#resume = undefined;
    this.onChange = undefined;
    this.withdraw();
    this.moveTo(undefined);
    this.#tree.peers.delete(this);
    this.#tree.run();
  }
}

/** One direction of a session. */
class QuotaTree {
  readonly clock: () => number;
  readonly root: QuotaNode;
  /** The root, and subtrees that no limit of the session holds for. */
  readonly roots: Set<QuotaNode>;
  readonly peers = new Set<PeerQuota>();
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #closed = false;

  constructor(rate: number, clock: () => number) {
    this.clock = clock;
    this.root = new QuotaNode(undefined, rate, clock());
    this.roots = new Set([this.root]);
  }

  setRate(node: QuotaNode, rate: number | undefined): void {
    if (rate === undefined || rate === node.rate) return;
    if (!(rate >= 0 && rate < Number.POSITIVE_INFINITY))
      throw new ShoalError('ERR_USAGE', `${rate} is no limit; give bytes per second, or 0 for none`);
    node.setRate(rate, this.clock());
    this.changed();
  }

  changed(): void {
    for (const peer of this.peers) peer.onChange?.();
    this.run();
  }

  /** Lets go on who may, and comes back when the next one may. */
  run(): void {
    if (this.#running || this.#closed) return;
    this.#running = true;
    try {
      let wait = Number.POSITIVE_INFINITY;
      for (const root of this.roots) wait = Math.min(wait, this.#runBelow(root));
      clearTimeout(this.#timer);
      this.#timer =
        wait === Number.POSITIVE_INFINITY
          ? undefined
          : setTimeout(() => this.run(), Math.max(LEAST_WAIT, Math.min(LONGEST_WAIT, wait)));
    } finally {
      this.#running = false;
    }
  }

  /** Milliseconds until somebody below may go on. */
  #runBelow(root: QuotaNode): number {
    for (;;) {
      const turn = root.next(this.clock());
      if (turn === undefined) return Number.POSITIVE_INFINITY;
      if (typeof turn === 'number') return turn;
      if (turn.leaf instanceof PeerQuota) turn.leaf.granted(turn.bytes);
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** A torrent's part of one tree. */
class TorrentQuota {
  readonly #tree: QuotaTree;
  readonly #node: QuotaNode;
  readonly #lan: QuotaNode;
  readonly #internet: QuotaNode;
  readonly #peers = new Set<PeerQuota>();
  #eachPeer = 0;

  constructor(tree: QuotaTree, limitLan: boolean) {
    this.#tree = tree;
    this.#node = new QuotaNode(tree.root, 0, tree.clock());
    this.#lan = new QuotaNode(this.#node, 0, tree.clock());
    this.#internet = new QuotaNode(this.#node, 0, tree.clock());
    this.limitLan(limitLan);
  }

  set(rates: { all?: number; lan?: number; internet?: number; eachPeer?: number }): void {
    this.#tree.setRate(this.#node, rates.all);
    this.#tree.setRate(this.#lan, rates.lan);
    this.#tree.setRate(this.#internet, rates.internet);
    this.#eachPeer = rates.eachPeer ?? this.#eachPeer;
    for (const peer of this.#peers) this.#tree.setRate(peer, rates.eachPeer);
  }

  limitLan(limited: boolean): void {
    this.#lan.moveTo(limited ? this.#node : undefined);
    if (limited) this.#tree.roots.delete(this.#lan);
    else this.#tree.roots.add(this.#lan);
    this.#tree.changed();
  }

  join(near: boolean): PeerQuota {
    const peer = new PeerQuota(this.#tree, near ? this.#lan : this.#internet, this.#eachPeer);
    this.#peers.add(peer);
    return peer;
  }

  leave(peer: PeerQuota): void {
    this.#peers.delete(peer);
    peer.close();
  }

  close(): void {
    for (const peer of this.#peers) this.leave(peer);
    this.#tree.roots.delete(this.#lan);
    this.#node.moveTo(undefined);
  }
}

/** Both directions of one peer. */
export interface PeerQuotas {
  readonly down: PeerQuota;
  readonly up: PeerQuota;
  leave(): void;
}

/** Both directions of one torrent. Its part of the trees is made when the first limit or the first peer comes. */
export class TorrentQuotas {
  readonly #trees: { readonly down: QuotaTree; readonly up: QuotaTree };
  readonly #forget: (torrent: TorrentQuotas) => void;
  #limitLan: boolean;
  #parts: { readonly down: TorrentQuota; readonly up: TorrentQuota } | undefined;

  constructor(
    trees: { readonly down: QuotaTree; readonly up: QuotaTree },
    limitLan: boolean,
    forget: (torrent: TorrentQuotas) => void,
  ) {
    this.#trees = trees;
    this.#limitLan = limitLan;
    this.#forget = forget;
  }

  #made(): { readonly down: TorrentQuota; readonly up: TorrentQuota } {
    this.#parts ??= {
      down: new TorrentQuota(this.#trees.down, this.#limitLan),
      up: new TorrentQuota(this.#trees.up, this.#limitLan),
    };
    return this.#parts;
  }

  set(limits: TorrentLimits): void {
    const down = ratesOf(limits, 'down');
    const up = ratesOf(limits, 'up');
    const isNone = (rate: number): boolean => rate === 0;
    if (this.#parts === undefined && [down, up].every((rates) => Object.values(rates).every(isNone))) return;
    this.#made().down.set(down);
    this.#made().up.set(up);
  }

  limitLan(limited: boolean): void {
    this.#limitLan = limited;
    this.#parts?.down.limitLan(limited);
    this.#parts?.up.limitLan(limited);
  }

  /** `host` is the peer's address. */
  join(host: string): PeerQuotas {
    const near = isNear(host);
    const parts = this.#made();
    const down = parts.down.join(near);
    const up = parts.up.join(near);
    const leave = (): void => {
      parts.down.leave(down);
      parts.up.leave(up);
    };
    return { down, up, leave };
  }

  close(): void {
    this.#parts?.down.close();
    this.#parts?.up.close();
    this.#forget(this);
  }
}

/** All limits of a session. */
export class RateLimits {
  readonly #trees: { readonly down: QuotaTree; readonly up: QuotaTree };
  readonly #torrents = new Set<TorrentQuotas>();
  readonly #forget = (torrent: TorrentQuotas): void => void this.#torrents.delete(torrent);
  #limitLan: boolean;

  constructor(limits: Limits & { limitLan?: boolean }, clock: () => number) {
    this.#trees = { down: new QuotaTree(limits.down ?? 0, clock), up: new QuotaTree(limits.up ?? 0, clock) };
    this.#limitLan = limits.limitLan ?? true;
  }

  get down(): number {
    return this.#trees.down.root.rate;
  }

  get up(): number {
    return this.#trees.up.root.rate;
  }

  set({ down, up, limitLan }: Limits & { limitLan?: boolean }): void {
    this.#trees.down.setRate(this.#trees.down.root, down);
    this.#trees.up.setRate(this.#trees.up.root, up);
    if (limitLan === undefined || limitLan === this.#limitLan) return;
    this.#limitLan = limitLan;
    for (const torrent of this.#torrents) torrent.limitLan(limitLan);
  }

  torrent(): TorrentQuotas {
    const torrent = new TorrentQuotas(this.#trees, this.#limitLan, this.#forget);
    this.#torrents.add(torrent);
    return torrent;
  }

  close(): void {
    this.#trees.down.close();
    this.#trees.up.close();
  }
}

function ratesOf({ lan, internet, eachPeer, ...all }: TorrentLimits, direction: 'down' | 'up') {
  const rates: { all?: number; lan?: number; internet?: number; eachPeer?: number } = {};
  for (const [name, limits] of Object.entries({ all, lan, internet, eachPeer })) {
    const rate = limits?.[direction];
    if (rate !== undefined) rates[name as keyof typeof rates] = rate;
  }
  return rates;
}

/** On this machine or on a network of its own: no way through the Internet is spent on it. */
function isNear(host: string): boolean {
  const address = parseAddress(host);
  return address !== undefined && ['loopback', 'private', 'link-local'].includes(classifyAddress(address));
}
