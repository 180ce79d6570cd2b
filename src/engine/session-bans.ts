// The bans of a session: one list for all its torrents, of which those at global addresses are kept on disk. Turns the
// session's clock, which starts anew with each process, into times of day and back. Decides about nobody.

import type { ShoalError } from '../base/errors.ts';
import type { BanStore } from '../io/stores/bans.ts';
import { BAN_LASTS, type Ban, BanList, globalAddress } from '../swarm/ban-list.ts';
import type { BanStatus } from './types.ts';

export class SessionBans {
  readonly list = new BanList();
  readonly #store: BanStore | undefined;
  readonly #clock: () => number;
  /** Told of a file that cannot be written or read; the bans hold all the same. */
  readonly #onTrouble: (error: ShoalError) => void;
  /** Changes are written one after the other. */
  #saving: Promise<void> = Promise.resolve();

  /** Without a store nothing outlives the session. */
  constructor(store: BanStore | undefined, clock: () => number, onTrouble: (error: ShoalError) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#onTrouble = onTrouble;
  }

  /** Takes up what earlier sessions banned. */
  async load(): Promise<void> {
    const offset = this.#offset;
    try {
      for (const { address, since, until, reason } of (await this.#store?.load(Date.now())) ?? []) {
        // A file from elsewhere must not ban for ever, nor an address that stands for many hosts.
        const end = Math.min(until - offset, this.#clock() + BAN_LASTS);
        if (globalAddress(address) !== undefined)
          this.list.restore({ address, since: since - offset, until: end, reason });
      }
    } catch (error) {
      this.#onTrouble(error as ShoalError);
    }
  }

  /** Nobody at this address can be let in, whoever it is. */
  refuses(host: string): boolean {
    return this.list.covers(host, 0) || this.list.standing(host) === 'refused';
  }

  statuses(): BanStatus[] {
    this.list.expire(this.#clock());
    const offset = this.#offset;
    return this.list.list().map(({ address, since, until, reason }) => ({
      address,
      reason,
      since: Math.round(since + offset),
      until: Math.round(until + offset),
    }));
  }

  /** A torrent has made this ban. */
  made({ address, since, until, reason }: Ban): void {
    if (!Number.isFinite(until)) return;
    const offset = this.#offset;
    const kept = { address, since: Math.round(since + offset), until: Math.round(until + offset), reason };
    this.#save((store) => store.change([kept], [], Date.now())).catch(this.#onTrouble);
  }

  /** False when nothing of that name is banned. Rejects when the file that keeps it cannot be written. */
  async lift(address: string): Promise<boolean> {
    if (!this.list.lift(address)) return false;
    await this.#save((store) => store.change([], [address], Date.now()));
    return true;
  }

  /** Waits until everything is written. */
  async close(): Promise<void> {
    await this.#saving;
  }

  #save(change: (store: BanStore) => Promise<void>): Promise<void> {
    const store = this.#store;
    if (store === undefined) return Promise.resolve();
    const saved = this.#saving.then(() => change(store));
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  /** What makes a time of day of a time of the session. */
  get #offset(): number {
    return Date.now() - this.#clock();
  }
}
