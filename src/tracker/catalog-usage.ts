// What each publisher and each source address keeps in the catalog, counted in the catalog's own file and held against
// the quotas. Runs in the catalog's worker, inside its transactions.

import { classifyAddress, formatAddress, parseAddress } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import type { CatalogStore } from './catalog-store.ts';
import type { Quotas } from './catalog-types.ts';

type Holder = 'publisher' | 'address';

export class CatalogUsage {
  readonly #store: CatalogStore;
  readonly #quotas: Quotas;

  constructor(store: CatalogStore, quotas: Quotas) {
    this.#store = store;
    this.#quotas = quotas;
  }

  /** Counts what is added. @param source from `quotaAddress`. @throws ShoalError ERR_QUOTA when it is too much. */
  claim(publisher: string, source: string, entries: number, bytes: number): void {
    const { publisherEntries, publisherBytes, addressEntries, addressBytes } = this.#quotas;
    this.#hold('publisher', this.#count('publisher', publisher, entries, bytes), publisherEntries, publisherBytes);
    this.#hold('address', this.#count('address', source, entries, bytes), addressEntries, addressBytes);
  }

  /** Counts a change that is not refused, whatever the quotas are now: they may have been lowered since. */
  adjust(publisher: string, source: string, entries: number, bytes: number): void {
    this.#count('publisher', publisher, entries, bytes);
    this.#count('address', source, entries, bytes);
  }

  #count(kind: Holder, who: string, entries: number, bytes: number): { entries: number; bytes: number } {
    const holder = `${kind} ${who}`;
    const row = this.#store.get(
      `INSERT INTO usage (holder, entries, bytes) VALUES (?, ?, ?)
       ON CONFLICT (holder) DO UPDATE SET entries = entries + excluded.entries, bytes = bytes + excluded.bytes
       RETURNING entries, bytes`,
      holder,
      entries,
      bytes,
    )!;
    if (row.entries === 0) this.#store.run('DELETE FROM usage WHERE holder = ?', holder);
    return { entries: row.entries as number, bytes: row.bytes as number };
  }

  #hold(kind: Holder, used: { entries: number; bytes: number }, maxEntries: number, maxBytes: number): void {
    if (used.entries <= maxEntries && used.bytes <= maxBytes) return;
    const limit = used.entries > maxEntries ? `${maxEntries} entries` : `${maxBytes} bytes of metadata`;
    throw new ShoalError(
      'ERR_QUOTA',
      `the catalog holds at most ${limit} of one ${kind}; take something out first, or ask the operator`,
      { reason: `${kind}_quota` },
    );
  }
}

/** What one address is for a quota: an IPv4 address, or the /64 of an IPv6 one (a whole network can be one host). */
export function quotaAddress(address: string): string {
  const bytes = parseAddress(address);
  if (bytes === undefined) return 'unknown';
  if (bytes.length === 4 || classifyAddress(bytes) === 'loopback') return formatAddress(bytes);
  const network = bytes.slice();
  network.fill(0, 8);
  return `${formatAddress(network)}/64`;
}
