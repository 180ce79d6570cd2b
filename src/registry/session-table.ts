// The sessions of peer processes and their leases. All leases are equally long, so the order of heartbeats is the order
// in which they end, and looking for ended ones costs nothing. What a session holds in swarms is not decided here.

import type { SessionEntry } from './peer-entry.ts';

export class SessionTable {
  /** In order of lease end, earliest first. */
  readonly #byId = new Map<string, SessionEntry>();
  readonly #perHost = new Map<string, number>();
  readonly #lease: number;

  constructor(lease: number) {
    this.#lease = lease;
  }

  get size(): number {
    return this.#byId.size;
  }

  countOf(host: string): number {
    return this.#perHost.get(host) ?? 0;
  }

  /** Undefined when there is none, or none any more. */
  find(id: string, now: number): SessionEntry | undefined {
    const session = this.#byId.get(id);
    return session === undefined || session.expires <= now ? undefined : session;
  }

  /** The id must be new. */
  add(id: string, publisher: string, host: string, now: number): SessionEntry {
    const session: SessionEntry = { id, publisher, host, expires: now + this.#lease, holdings: new Map() };
    this.#byId.set(id, session);
    this.#perHost.set(host, this.countOf(host) + 1);
    return session;
  }

  renew(session: SessionEntry, now: number): void {
    session.expires = now + this.#lease;
    this.#byId.delete(session.id);
    this.#byId.set(session.id, session);
  }

  delete(session: SessionEntry): void {
    if (!this.#byId.delete(session.id)) return;
    const remaining = this.countOf(session.host) - 1;
    if (remaining > 0) this.#perHost.set(session.host, remaining);
    else this.#perHost.delete(session.host);
  }

  /** The session whose lease ended first, if one has. */
  firstEnded(now: number): SessionEntry | undefined {
    for (const session of this.#byId.values()) return session.expires <= now ? session : undefined;
    return undefined;
  }

  values(): Iterable<SessionEntry> {
    return this.#byId.values();
  }
}
