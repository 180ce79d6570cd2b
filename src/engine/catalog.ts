// Reading the catalogs of several trackers as one: resolve a name to a verified torrent, list, and see who holds what.
// What a tracker says is used only after the publisher's signature, the pins and the torrent's own bytes agree with it.

import { hash } from 'node:crypto';
import type { FileReply, FileSummary } from '../api/schemas.ts';
import { ShoalError } from '../base/errors.ts';
import type { Pin, Pins } from '../io/stores/pins.ts';
import type { Entry } from '../protocol/entry.ts';
import { type Metainfo, parseMetainfo } from '../protocol/metainfo.ts';
import {
  type Answer,
  type AskOptions,
  askTrackers,
  describeFailure,
  lookupOn,
  normalizeTrackers,
  shortKey,
  type TrackerFailure,
  type Verified,
  verifyEntry,
  worstFailure,
} from './catalog-trackers.ts';

export interface FindOptions extends AskOptions {
  /** Base or announce URLs. */
  trackers: readonly string[];
  name: string;
  /** Insist on this version instead of the newest. */
  version?: number | undefined;
  /** Insist on this publisher, 64 hex digits. */
  publisher?: string | undefined;
  /** Accept that the name changed hands. */
  trust?: boolean | undefined;
  pins: Pins;
}

/** An entry that is signed, and by the right publisher. */
export interface FoundEntry {
  entry: Entry;
  /** Announce URLs in tiers (BEP 12): a tier for each tracker that has the entry, then those the entry names. */
  trackers: string[][];
  /** Base URLs of the trackers that have this very entry. */
  foundOn: string[];
  /** Nothing was known of this name before. */
  firstContact: boolean;
  warnings: string[];
}

export interface ResolvedName extends FoundEntry {
  /** The .torrent file. */
  torrentBytes: Uint8Array;
  metainfo: Metainfo;
}

interface Offer extends Answer<FileReply> {
  verified: Verified<Entry>;
}

const sha1 = (bytes: Uint8Array): Uint8Array => hash('sha1', bytes, 'buffer');

/**
 * Finds a name and fetches its .torrent. What was found is pinned.
 * @throws ShoalError ERR_NOT_IN_CATALOG, ERR_PUBLISHER_CHANGED, ERR_ROLLBACK, ERR_SIGNATURE, ERR_TRACKER_UNREACHABLE.
 */
export async function resolveName(options: FindOptions): Promise<ResolvedName> {
  const { offers, found } = await findEntry(options);
  const { entry } = found;
  const { torrentBytes, metainfo, problems } = await fetchOffered(offers, entry, options.signal);
  if (metainfo.private) found.trackers = found.foundOn.map((base) => [`${base}/announce`]);
  await pinOffer(options, offers[0]!.verified);
  found.warnings.push(...problems.map(describeFailure));
  return { ...found, torrentBytes, metainfo };
}

/** The torrent from the first that gives the one which was signed. */
async function fetchOffered(
  offers: readonly Offer[],
  entry: Entry,
  aborted: AbortSignal | undefined,
): Promise<Pick<ResolvedName, 'torrentBytes' | 'metainfo'> & { problems: TrackerFailure[] }> {
  const problems: TrackerFailure[] = [];
  for (const { tracker, client } of offers) {
    try {
      const signal = aborted === undefined ? {} : { signal: aborted };
      const params = { name: entry.name };
      const torrentBytes = await client.torrent({ params, query: { version: entry.seq }, ...signal });
      const metainfo = parseMetainfo(torrentBytes, sha1);
      if (metainfo.infoHash !== entry.infoHash || metainfo.size !== entry.size)
        throw new ShoalError('ERR_SIGNATURE', `the torrent of ${tracker} is not the one its publisher signed`, {
          reason: 'torrent_mismatch',
        });
      return { torrentBytes, metainfo, problems };
    } catch (error) {
      aborted?.throwIfAborted();
      if (!(error instanceof ShoalError)) throw error;
      problems.push({ tracker, error });
    }
  }
  throw worstFailure(problems);
}

export interface DescribedName extends FoundEntry {
  /** What the first tracker that has it says beyond what is signed. */
  told: FileReply;
  /** Newest first; as that tracker says. */
  versions: FileSummary[];
  metainfo: Metainfo;
}

/** As `resolveName`, for who only looks: with all versions, and without pinning anything. */
export async function describeName(options: FindOptions): Promise<DescribedName> {
  const { offers, found } = await findEntry(options);
  const { client, value: told } = offers[0]!;
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const [{ metainfo }, { versions }] = await Promise.all([
    fetchOffered(offers, found.entry, options.signal),
    client.versions({ params: { name: found.entry.name }, ...signal }),
  ]);
  return { ...found, told, versions, metainfo };
}

/** As `resolveName`, without the torrent and without pinning anything. */
export async function findName(options: FindOptions): Promise<FoundEntry> {
  return (await findEntry(options)).found;
}

async function findEntry(options: FindOptions): Promise<{ offers: Offer[]; found: FoundEntry }> {
  const { name, version } = options;
  const near = new Set<string>();
  const { answers, failures } = await askTrackers(
    normalizeTrackers(options.trackers),
    (client, signal) => lookupOn(client, { name, version, signal }, near),
    options,
  );
  const warnings = failures.map(describeFailure);
  const offers: Offer[] = [];
  const forged: TrackerFailure[] = [];
  for (const { tracker, client, value } of answers) {
    if (value === undefined) continue;
    try {
      const verified = verifyEntry(value, name);
      if (version !== undefined && verified.record.seq !== version)
        throw new ShoalError('ERR_SIGNATURE', `${tracker} gives version ${verified.record.seq} for ${version}`, {
          reason: 'wrong_version',
        });
      offers.push({ tracker, client, value, verified });
    } catch (error) {
      if (!(error instanceof ShoalError)) throw error;
      forged.push({ tracker, error });
    }
  }
  warnings.push(...forged.map(describeFailure));
  if (offers.length === 0) {
    const failed = [...forged, ...failures];
    if (answers.every(({ value }) => value !== undefined) && failed.length > 0) throw worstFailure(failed);
    throw notFound(options, answers, near, failures);
  }
  const pin = await options.pins.get(name);
  const chosen = chooseNewest(chooseByPublisher(offers, pin, options, warnings), pin);
  const { record } = chosen[0]!.verified;
  checkRollback(record, pin, options);
  if (pin?.publisher === record.publisher && pin.seq === record.seq && pin.hash !== chosen[0]!.verified.hash)
    warnings.push(`its publisher has signed version ${record.seq} twice, with different content`);
  const lookalikes = new Set(chosen.flatMap(({ value }) => value.lookalikes));
  for (const other of lookalikes) warnings.push(`the catalog also has ${JSON.stringify(other)}, which looks alike`);
  const foundOn = chosen.map(({ tracker }) => tracker);
  return {
    offers: chosen,
    found: { entry: record, trackers: tiersOf(foundOn, record), foundOn, firstContact: pin === undefined, warnings },
  };
}

/** Only offers by the publisher whose name it is: the one asked for, else the pinned one, else the first in order. */
function chooseByPublisher(offers: Offer[], pin: Pin | undefined, options: FindOptions, warnings: string[]): Offer[] {
  const isOffered = offers.some(({ verified }) => verified.record.publisher === pin?.publisher);
  const wanted = options.publisher ?? (options.trust === true && !isOffered ? undefined : pin?.publisher);
  const publisher = wanted ?? offers[0]!.verified.record.publisher;
  const chosen = offers.filter(({ verified }) => verified.record.publisher === publisher);
  const others = offers.filter(({ verified }) => verified.record.publisher !== publisher);
  const name = JSON.stringify(options.name);
  if (chosen.length === 0) {
    const { tracker, verified } = others[0]!;
    const now = shortKey(verified.record.publisher);
    throw new ShoalError(
      'ERR_PUBLISHER_CHANGED',
      options.publisher === undefined
        ? `${name} was by the publisher ${shortKey(publisher)}, and on ${tracker} it now is by ${now}; if you know why, accept it with --trust`
        : `${name} on ${tracker} is by the publisher ${now}, not by ${shortKey(publisher)} as --publisher insists`,
      { reason: options.publisher === undefined ? 'publisher_changed' : 'other_publisher' },
    );
  }
  for (const { tracker, verified } of others)
    warnings.push(`${tracker} has another ${name}, by the publisher ${shortKey(verified.record.publisher)}; left out`);
  return chosen;
}

/** The offers of the highest version; of one version signed twice, the record known before, else the one signed last. */
function chooseNewest(offers: Offer[], pin: Pin | undefined): Offer[] {
  const rank = ({ verified: { record, hash: recordHash } }: Offer): number[] => [
    record.seq,
    recordHash === pin?.hash ? 1 : 0,
    record.timestamp,
  ];
  const isHigher = (a: Offer, b: Offer): boolean => {
    const [left, right] = [rank(a), rank(b)];
    const at = left.findIndex((value, i) => value !== right[i]);
    return at >= 0 && left[at]! > right[at]!;
  };
  const best = offers.reduce((a, b) => (isHigher(b, a) ? b : a));
  return offers.filter(({ verified }) => verified.hash === best.verified.hash);
}

function checkRollback(record: Entry, pin: Pin | undefined, options: FindOptions): void {
  if (options.version !== undefined || pin === undefined) return;
  if (pin.publisher !== record.publisher || record.seq >= pin.seq) return;
  const name = JSON.stringify(record.name);
  throw new ShoalError(
    'ERR_ROLLBACK',
    pin.infoHash === ''
      ? `${name} was taken back by its publisher, and the tracker still offers version ${record.seq}; to have it all the same, ask for ${record.name}@${record.seq}`
      : `version ${pin.seq} of ${name} has been seen, and the trackers offer only version ${record.seq}; try again later or with another tracker, or ask for ${record.name}@${record.seq}`,
    { reason: 'older_than_seen' },
  );
}

async function pinOffer(options: FindOptions, { record, hash: recordHash }: Verified<Entry>): Promise<void> {
  const { name, publisher, seq, infoHash } = record;
  const replacePublisher = options.trust === true || options.publisher !== undefined;
  await options.pins.raise({ name, publisher, seq, infoHash, hash: recordHash }, { replacePublisher });
}

function tiersOf(foundOn: readonly string[], entry: Entry): string[][] {
  const own = foundOn.map((base) => `${base}/announce`);
  const others = normalizeHints(entry).filter((url) => !own.includes(url));
  return [...own, ...others].map((url) => [url]);
}

function normalizeHints(entry: Entry): string[] {
  return [...new Set(entry.trackers.map((url) => `${url.replace(/\/+$/, '')}/announce`))];
}

function notFound(
  options: FindOptions,
  answers: readonly Answer<FileReply | undefined>[],
  near: ReadonlySet<string>,
  failures: readonly TrackerFailure[],
): ShoalError {
  const what = options.version === undefined ? '' : ` version ${options.version} of`;
  const where = answers.map(({ tracker }) => tracker).join(', ');
  const hint = [...near].slice(0, 3).map((name) => JSON.stringify(name));
  const silent = failures.length === 0 ? '' : ` (no answer from ${failures.map(({ tracker }) => tracker).join(', ')})`;
  return new ShoalError(
    'ERR_NOT_IN_CATALOG',
    `there is no${what} ${JSON.stringify(options.name)} in the catalog of ${where}${silent}${
      hint.length === 0 ? '; see what there is with "shoal list"' : `; did you mean ${hint.join(' or ')}?`
    }`,
  );
}

export interface ListOptions extends AskOptions {
  trackers: readonly string[];
  /** Words that must be part of the name; '' or absent for all. */
  query?: string | undefined;
  /** Entries from each tracker at most. Default 10,000. */
  limit?: number;
}

export interface ListedFile extends FileSummary {
  /** Base URLs of the trackers that have this version. */
  trackers: string[];
}

export interface Listing {
  /** By name. Seeds and peers are the largest number any tracker tells: most peers announce to several. */
  files: ListedFile[];
  /** Some tracker has more than was asked for. */
  truncated: boolean;
  warnings: string[];
}

/** Lists several catalogs as one. Nothing in it is verified: to use an entry, resolve its name. */
export async function listFiles(options: ListOptions): Promise<Listing> {
  const limit = options.limit ?? 10_000;
  const { answers, failures } = await askTrackers(
    normalizeTrackers(options.trackers),
    async (client, signal) => {
      const files: FileSummary[] = [];
      let cursor: string | undefined;
      do {
        const page = Math.min(500, limit - files.length);
        const query = { q: options.query ?? '', limit: page, ...(cursor === undefined ? {} : { cursor }) };
        const reply = await client.list({ query, signal });
        files.push(...reply.files.slice(0, page));
        cursor = reply.files.length === 0 ? undefined : reply.next;
      } while (cursor !== undefined && files.length < limit);
      return { files, truncated: cursor !== undefined };
    },
    options,
  );
  if (answers.length === 0) throw worstFailure(failures);
  return {
    files: mergeFiles(answers),
    truncated: answers.some(({ value }) => value.truncated),
    warnings: failures.map(describeFailure),
  };
}

/** One row for each name and publisher: the newest version any of them tells, by name. */
export function mergeFiles(answers: readonly Answer<{ files: readonly FileSummary[] }>[]): ListedFile[] {
  const merged = new Map<string, ListedFile>();
  for (const { tracker, value } of answers)
    for (const file of value.files) {
      const key = `${file.name}\0${file.publisher}`;
      const known = merged.get(key);
      if (known === undefined || file.seq > known.seq) merged.set(key, { ...file, trackers: [tracker] });
      else if (file.seq === known.seq) {
        known.trackers.push(tracker);
        known.seeds = Math.max(known.seeds, file.seeds);
        known.peers = Math.max(known.peers, file.peers);
        known.published = Math.min(known.published, file.published);
      }
    }
  const order = new Intl.Collator('en', { numeric: true });
  return [...merged.values()].sort((a, b) => order.compare(a.name, b.name));
}
