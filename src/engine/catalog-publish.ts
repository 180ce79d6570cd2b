// Writing to the catalogs of several trackers as to one: the same signed record goes to all of them, so that a name means
// the same everywhere. Nothing is sent anywhere before it is known that no tracker would refuse it for its name.

import type { FileReply, PublishReply } from '../api/schemas.ts';
import { classifyAddress, parseAddress } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import type { Identity } from '../io/identity.ts';
import type { Pins } from '../io/stores/pins.ts';
import { type Entry, entryBytes, MAX_ENTRY_TRACKERS, type SignedRecord } from '../protocol/entry.ts';
import { formatMagnet } from '../protocol/magnet.ts';
import type { Metainfo } from '../protocol/metainfo.ts';
import { catalogName } from '../protocol/names.ts';
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
  verifyRecord,
  worstFailure,
} from './catalog-trackers.ts';

export interface PublishOptions extends AskOptions {
  /** Base or announce URLs. */
  trackers: readonly string[];
  identity: Identity;
  pins: Pins;
  /** Name in the catalog. */
  name: string;
  /** The .torrent file and what it says. */
  torrentBytes: Uint8Array;
  metainfo: Metainfo;
}

export type TrackerResult =
  | { tracker: string; outcome: PublishReply['outcome']; announce: string[] }
  | { tracker: string; error: ShoalError };

export interface Published {
  entry: Entry;
  /** What was new in this call: `created` and `newVersion` if that happened anywhere. */
  outcome: PublishReply['outcome'];
  /** In the order of the trackers given; at least one of them has the entry. */
  results: TrackerResult[];
  /** Announce URLs as they are reached from here, a tier for each tracker that has the entry. */
  trackers: string[][];
  /** For others: with the announce URLs the trackers themselves name. */
  magnet: string;
  warnings: string[];
}

interface Standing {
  /** Our own last record under the name, if the tracker has one. */
  head: Verified | undefined;
  /** What the tracker lists under the name, by whomever. */
  file: FileReply | undefined;
}

/** Two processes may publish under one name at once; the one that comes second reads again. */
const TRIES = 4;

/**
 * Publishes on all trackers. The same content again changes nothing; new content makes the next version.
 * @throws ShoalError ERR_NAME, ERR_NAME_TAKEN, ERR_QUOTA, ERR_TRACKER_UNREACHABLE when no tracker took it.
 */
export async function publishEntry(options: PublishOptions): Promise<Published> {
  const { identity, metainfo, torrentBytes } = options;
  const name = catalogName(options.name);
  const trackers = normalizeTrackers(options.trackers);
  for (let attempt = 1; ; attempt++) {
    const { answers, failures } = await readStanding(trackers, name, identity.publicKey, options);
    if (answers.length === 0) throw worstFailure(failures);
    refuseTaken(answers, name, identity.publicKey);
    const record = await chooseRecord(answers, name, options);
    const sent = await Promise.all(
      answers.map(async ({ tracker, client, value: { file } }): Promise<TrackerResult & { reply?: FileReply }> => {
        if (file !== undefined && sameBytes(file.entry, record.bytes))
          return { tracker, outcome: 'same', announce: file.announce, reply: file };
        try {
          const reply = await client.publish({
            body: {
              entry: toBase64(record.bytes),
              signature: toBase64(record.signature),
              torrent: toBase64(torrentBytes),
            },
            ...(options.signal === undefined ? {} : { signal: options.signal }),
          });
          return { tracker, outcome: reply.outcome, announce: reply.file.announce, reply: reply.file };
        } catch (error) {
          options.signal?.throwIfAborted();
          if (error instanceof ShoalError) return { tracker, error };
          throw error;
        }
      }),
    );
    const overtaken = sent.some((result) => 'error' in result && result.error.code === 'ERR_ROLLBACK');
    if (overtaken && attempt < TRIES) continue;
    const done = sent.filter((result) => 'outcome' in result);
    const refused = [...sent.filter((result) => 'error' in result), ...failures];
    if (done.length === 0) throw worstFailure(refused);
    const { seq } = record.record;
    const pin = { name, publisher: identity.publicKey, seq, infoHash: metainfo.infoHash, hash: record.hash };
    await options.pins.raise(pin, { replacePublisher: true });
    const lookalikes = new Set(done.flatMap(({ reply }) => reply?.lookalikes ?? []));
    return {
      entry: record.record,
      outcome: done.find(({ outcome }) => outcome !== 'same')?.outcome ?? 'same',
      results: trackers.map((tracker) => resultOf(tracker, sent, failures)),
      trackers: done.map(({ tracker }) => [`${tracker}/announce`]),
      magnet: formatMagnet({
        infoHash: metainfo.infoHash,
        name,
        length: metainfo.size,
        trackers: [...new Set(done.flatMap(({ announce }) => announce))],
      }),
      warnings: [
        ...refused.map(describeFailure),
        ...[...lookalikes].map((other) => `the catalog also has ${JSON.stringify(other)}, which looks alike`),
      ],
    };
  }
}

/**
 * Throws ERR_NAME_TAKEN when a tracker that answers says that the name is somebody else's, and ERR_NAME. That none can be
 * reached is no reason yet.
 */
export async function requireFreeName(
  options: Pick<PublishOptions, 'trackers' | 'identity' | 'name' | keyof AskOptions>,
): Promise<void> {
  const name = catalogName(options.name);
  const { publicKey } = options.identity;
  try {
    const { answers } = await readStanding(normalizeTrackers(options.trackers), name, publicKey, options);
    refuseTaken(answers, name, publicKey);
  } catch (error) {
    if (!(error instanceof ShoalError) || error.code !== 'ERR_TRACKER_UNREACHABLE') throw error;
  }
}

export interface UnpublishOptions extends AskOptions {
  trackers: readonly string[];
  identity: Identity;
  pins: Pins;
  name: string;
}

export interface Unpublished {
  /** Base URLs of the trackers the name is gone from. */
  trackers: string[];
  warnings: string[];
}

/**
 * Takes a name out of all catalogs that have it: with `token` as their operator, else by a removal the publisher signs.
 * @throws ShoalError ERR_NOT_IN_CATALOG, ERR_NOT_ALLOWED, ERR_TRACKER_UNREACHABLE.
 */
export async function unpublishName(options: UnpublishOptions): Promise<Unpublished> {
  const { identity } = options;
  const name = options.name.normalize('NFC');
  const trackers = normalizeTrackers(options.trackers);
  for (let attempt = 1; ; attempt++) {
    const { answers, failures } = await readStanding(trackers, name, identity.publicKey, options);
    const holders = answers.filter(({ value }) => value.file !== undefined);
    const own = options.token === undefined ? await signRemoval(answers, name, options) : undefined;
    const sent = await Promise.all(
      holders.map(async ({ tracker, client }): Promise<TrackerFailure | { tracker: string }> => {
        try {
          const body = own && { entry: toBase64(own.bytes), signature: toBase64(own.signature) };
          await client.unpublish({ params: { name }, ...(body === undefined ? {} : { body }) });
          return { tracker };
        } catch (error) {
          if (error instanceof ShoalError) return { tracker, error };
          throw error;
        }
      }),
    );
    const refused = sent.filter((result) => 'error' in result);
    if (refused.some(({ error }) => error.code === 'ERR_ROLLBACK') && attempt < TRIES) continue;
    const gone = sent.filter((result) => !('error' in result)).map(({ tracker }) => tracker);
    if (gone.length === 0 && refused.length > 0) throw worstFailure(refused);
    if (gone.length === 0 && answers.length === 0) throw worstFailure(failures);
    if (gone.length === 0)
      throw new ShoalError(
        'ERR_NOT_IN_CATALOG',
        `there is no ${JSON.stringify(name)} in the catalog of ${answers.map(({ tracker }) => tracker).join(', ')}`,
      );
    if (own !== undefined) {
      const { seq } = own.record;
      await options.pins.raise({ name, publisher: identity.publicKey, seq, infoHash: '', hash: own.hash });
    }
    return { trackers: gone, warnings: [...refused, ...failures].map(describeFailure) };
  }
}

async function readStanding(
  trackers: readonly string[],
  name: string,
  publisher: string,
  options: AskOptions,
): Promise<{ answers: Answer<Standing>[]; failures: TrackerFailure[] }> {
  const near = new Set<string>();
  const { answers, failures } = await askTrackers(
    trackers,
    async (client, signal) => {
      const [head, file] = await Promise.all([
        client.head({ params: { name }, query: { publisher }, signal }),
        lookupOn(client, { name, signal }, near),
      ]);
      return { head: head.seq === 0 ? undefined : verifyOwn(head, name, publisher), file };
    },
    options,
  );
  return { answers, failures };
}

function verifyOwn(head: { entry: string; signature: string }, name: string, publisher: string): Verified {
  const verified = verifyRecord(head, name);
  if (verified.record.publisher !== publisher)
    throw new ShoalError(
      'ERR_SIGNATURE',
      `the tracker gives somebody else's record of ${JSON.stringify(name)} as ours`,
      {
        reason: 'wrong_publisher',
      },
    );
  return verified;
}

function refuseTaken(answers: readonly Answer<Standing>[], name: string, publisher: string): void {
  for (const { tracker, value } of answers) {
    if (value.file === undefined || value.file.publisher === publisher) continue;
    const since = new Date(value.file.since * 1000).toISOString().slice(0, 10);
    throw new ShoalError(
      'ERR_NAME_TAKEN',
      `the name ${JSON.stringify(name)} belongs to the publisher ${shortKey(value.file.publisher)} on ${tracker} since ${since}; choose another with --name`,
    );
  }
}

/** The record to have everywhere: the newest one if it already says this, else one that follows it. */
async function chooseRecord(
  answers: readonly Answer<Standing>[],
  name: string,
  { identity, pins, metainfo, trackers }: PublishOptions,
): Promise<Verified<Entry>> {
  const last = await findLast(answers, name, identity, pins);
  for (const { value } of answers) {
    if (value.file === undefined || value.file.publisher !== identity.publicKey) continue;
    const standing = verifyEntry(value.file, name);
    if (standing.hash === last?.hash && standing.record.infoHash === metainfo.infoHash) return standing;
  }
  return signRecord(identity, {
    type: 'file',
    publisher: identity.publicKey,
    name,
    seq: (last?.seq ?? 0) + 1,
    prev: last?.hash ?? '',
    timestamp: epochSeconds(),
    size: metainfo.size,
    infoHash: metainfo.infoHash,
    trackers: metainfo.private ? [] : hintsOf(normalizeTrackers(trackers)),
  });
}

async function signRemoval(
  answers: readonly Answer<Standing>[],
  name: string,
  { identity, pins }: UnpublishOptions,
): Promise<Verified<SignedRecord> | undefined> {
  const last = await findLast(answers, name, identity, pins);
  const files = answers.flatMap(({ tracker, value: { file } }) => (file === undefined ? [] : [{ tracker, file }]));
  const foreign = files.find(({ file }) => file.publisher !== identity.publicKey);
  if (foreign !== undefined && files.every(({ file }) => file.publisher !== identity.publicKey))
    throw new ShoalError(
      'ERR_NOT_ALLOWED',
      `${JSON.stringify(name)} on ${foreign.tracker} belongs to the publisher ${shortKey(foreign.file.publisher)}; only that publisher, or the operator with --admin, can take it out`,
      { reason: 'not_the_publisher' },
    );
  if (files.length === 0) return undefined;
  return signRecord(identity, {
    type: 'remove',
    publisher: identity.publicKey,
    name,
    seq: (last?.seq ?? 0) + 1,
    prev: last?.hash ?? '',
    timestamp: epochSeconds(),
  });
}

/** Our newest record under the name that any tracker, or this machine, remembers. */
async function findLast(
  answers: readonly Answer<Standing>[],
  name: string,
  identity: Identity,
  pins: Pins,
): Promise<{ seq: number; hash: string } | undefined> {
  const pin = await pins.get(name);
  let last = pin?.publisher === identity.publicKey ? { seq: pin.seq, hash: pin.hash } : undefined;
  for (const { value } of answers) {
    const head = value.head;
    if (head !== undefined && head.record.seq > (last?.seq ?? 0)) last = { seq: head.record.seq, hash: head.hash };
  }
  return last;
}

function signRecord<R extends SignedRecord>(identity: Identity, record: R): Verified<R> {
  const bytes = entryBytes(record);
  const signature = identity.sign(bytes);
  const { hash } = verifyRecord({ entry: toBase64(bytes), signature: toBase64(signature) }, record.name);
  return { record, bytes, signature, hash };
}

/** Trackers worth naming to others: those that are not only on this machine, if there are several. */
function hintsOf(trackers: readonly string[]): string[] {
  const reachable = trackers.filter((url) => {
    const host = URL.parse(url)?.hostname.replace(/^\[|\]$/g, '') ?? '';
    const address = parseAddress(host);
    return (
      url.length <= 512 && host !== 'localhost' && (address === undefined || classifyAddress(address) !== 'loopback')
    );
  });
  return trackers.length > 1 ? reachable.slice(0, MAX_ENTRY_TRACKERS) : [];
}

function resultOf(
  tracker: string,
  sent: readonly (TrackerResult & { reply?: FileReply })[],
  failures: readonly TrackerFailure[],
): TrackerResult {
  const result = sent.find((each) => each.tracker === tracker);
  if (result === undefined) return failures.find((each) => each.tracker === tracker)!;
  if ('error' in result) return { tracker, error: result.error };
  return { tracker, outcome: result.outcome, announce: result.announce };
}

function sameBytes(base64: string, bytes: Uint8Array): boolean {
  return Buffer.from(base64, 'base64').equals(bytes);
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function epochSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
