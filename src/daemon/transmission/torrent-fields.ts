// The fields of a torrent as Transmission's clients know them (rpc-spec of 4.0, legacy names), each by a function over what
// is known of it. Rates are bytes per second, limits kB per second, times epoch seconds.

import { basename, dirname } from 'node:path';
import type { TorrentRow } from '../../api/daemon-schemas.ts';
import { PIECE, type TrackerStatus } from '../../engine/types.ts';
import { mediaTypeOf } from '../../http/media-type.ts';
import { formatMagnet } from '../../protocol/magnet.ts';
import type { Metainfo } from '../../protocol/metainfo.ts';
import { nameOfPriority } from '../file-choice.ts';
import type { ManagedTorrent } from '../managed-torrent.ts';
import { describeFiles } from '../torrent-details.ts';

/** What the fields are made of. */
export interface Facts {
  readonly id: number;
  readonly torrent: ManagedTorrent;
  readonly row: TorrentRow;
  /** Only when one of the fields asked for needs it, and while it is known. */
  readonly metainfo: Metainfo | undefined;
  /** Only when one of the fields needs them: those it has, or would have if it ran. */
  readonly trackers: readonly TrackerStatus[];
  /** Per piece one of PIECE; empty as `metainfo`. */
  readonly pieces: Uint8Array;
  /** Epoch milliseconds. */
  readonly now: number;
}

const STATUS: Record<TorrentRow['state'], number> = {
  paused: 0,
  finished: 0,
  failed: 0,
  checking: 2,
  queued: 3,
  metadata: 4,
  downloading: 4,
  seeding: 6,
};
const SEED_WAIT = 5;

/** Transmission's K is 1000. */
export const SPEED_UNIT = 1000;

const seconds = (milliseconds: number | null): number => Math.floor((milliseconds ?? 0) / 1000);
const left = ({ row }: Pick<Facts, 'row'>): number => row.wanted - row.have;
const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
/** -1: not available, as when nothing was fetched. */
const ratioOf = ({ row }: Facts): number => {
  const base = row.downloaded > 0 ? row.downloaded : row.have;
  return base === 0 ? -1 : row.uploaded / base;
};

function statusOf({ row }: Facts): number {
  if (row.state === 'queued' && row.size > 0 && left({ row }) === 0) return SEED_WAIT;
  return STATUS[row.state];
}

function etaOf(facts: Facts): number {
  const { state, down, size } = facts.row;
  if (state !== 'downloading' || size === 0) return -1;
  return down === 0 ? -2 : Math.ceil(left(facts) / down);
}

/** Of the torrent itself, or the first thing a tracker complained about. */
function errorOf({ row, torrent }: Facts): { error: number; errorString: string } {
  if (row.error !== null) return { error: 3, errorString: row.error.message };
  const failure = torrent.running?.trackers.find((tracker) => tracker.failure !== undefined)?.failure;
  return failure === undefined ? { error: 0, errorString: '' } : { error: 2, errorString: failure };
}

function filesOf(facts: Facts): { bytesCompleted: number; length: number; name: string }[] {
  const { metainfo, pieces, row } = facts;
  if (metainfo === undefined) return [];
  const name = shownName(row);
  return describeFiles(metainfo, pieces).map(({ path, size, have }) => ({
    bytesCompleted: have,
    length: size,
    name: metainfo.singleFile ? name : `${name}/${path}`,
  }));
}

/** What the client appends to downloadDir: the name on this disk, which may differ from that of the metadata. */
export function shownName({ size, path, name }: TorrentRow): string {
  return size > 0 ? basename(path) : name;
}

/** Of the largest file, by its name. */
function mimeTypeOf({ metainfo }: Facts): string {
  let largest = { length: -1, path: [''] as readonly string[] };
  for (const file of metainfo?.files ?? []) if (!file.pad && file.length > largest.length) largest = file;
  return mediaTypeOf(largest.path.at(-1) ?? '') ?? 'application/octet-stream';
}

/** Per piece how many connected peers have it; -1: it is here. */
function availabilityOf({ pieces, torrent }: Facts): number[] {
  const copies = torrent.running?.swarmPicture(pieces.length).copies;
  return Array.from(pieces, (state, piece) => (state === PIECE.have ? -1 : (copies?.[piece] ?? 0)));
}

/** What is wanted of each file. One that is not wanted shows the usual priority. */
function choicesOf({ metainfo, pieces, torrent }: Facts): { have: number; priority: number; wanted: boolean }[] {
  if (metainfo === undefined) return [];
  const { priorities } = torrent.entry;
  return describeFiles(metainfo, pieces).map(({ index, have }) => {
    const name = nameOfPriority(priorities?.[index]);
    return { have, priority: name === 'low' ? -1 : name === 'high' ? 1 : 0, wanted: name !== 'skip' };
  });
}

/** A bit a piece, the highest of a byte first (BEP 3), in base64. */
function bitfieldOf({ pieces }: Facts): string {
  const bits = new Uint8Array(Math.ceil(pieces.length / 8));
  for (const [piece, state] of pieces.entries()) if (state === PIECE.have) bits[piece >> 3]! |= 0x80 >> (piece & 7);
  return Buffer.from(bits).toString('base64');
}

function peersOf({ torrent, row }: Facts): Record<string, unknown>[] {
  return (torrent.running?.peers ?? []).map((peer) => {
    const colon = peer.address.lastIndexOf(':');
    const fetching = peer.interestedInPeer && !peer.chokedByPeer;
    const serving = peer.interestedInUs && !peer.chokedByUs;
    const flags = [
      fetching ? 'D' : peer.interestedInPeer ? 'd' : '',
      serving ? 'U' : peer.interestedInUs ? 'u' : '',
      !peer.interestedInPeer && !peer.chokedByPeer ? 'K' : '',
      !peer.interestedInUs && !peer.chokedByUs ? '?' : '',
      peer.outgoing ? '' : 'I',
    ];
    return {
      address: peer.address.slice(0, colon).replace(/^\[|\]$/g, ''),
      port: Number(peer.address.slice(colon + 1)),
      clientName: peer.client,
      clientIsChoked: peer.chokedByPeer,
      clientIsInterested: peer.interestedInPeer,
      peerIsChoked: peer.chokedByUs,
      peerIsInterested: peer.interestedInUs,
      flagStr: flags.join(''),
      isDownloadingFrom: fetching,
      isUploadingTo: serving,
      isEncrypted: false,
      isIncoming: !peer.outgoing,
      isUTP: false,
      progress: share(peer.pieces, row.pieceCount),
      rateToClient: Math.round(peer.down),
      rateToPeer: Math.round(peer.up),
    };
  });
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? '';
}

function trackersOf({ trackers }: Facts): Record<string, unknown>[] {
  return trackers.map(({ url, tier }, id) => ({
    announce: url,
    id,
    scrape: '',
    sitename: hostOf(url).split(':')[0],
    tier,
  }));
}

function trackerStatsOf({ trackers }: Facts): Record<string, unknown>[] {
  return trackers.map((tracker, id) => ({ id, ...trackerStatOf(tracker) }));
}

function trackerStatOf({ url, tier, lastAnswer, failure, seeds, peers }: TrackerStatus): Record<string, unknown> {
  const answered = lastAnswer > 0;
  return {
    announce: url,
    announceState: 1,
    downloadCount: -1,
    hasAnnounced: answered,
    hasScraped: false,
    host: hostOf(url),
    isBackup: false,
    lastAnnouncePeerCount: (seeds ?? 0) + (peers ?? 0),
    lastAnnounceResult: failure ?? (answered ? 'Success' : ''),
    lastAnnounceStartTime: seconds(lastAnswer),
    lastAnnounceSucceeded: answered && failure === undefined,
    lastAnnounceTime: seconds(lastAnswer),
    lastAnnounceTimedOut: false,
    lastScrapeResult: '',
    lastScrapeStartTime: 0,
    lastScrapeSucceeded: false,
    lastScrapeTime: 0,
    lastScrapeTimedOut: false,
    leecherCount: peers ?? -1,
    nextAnnounceTime: 0,
    nextScrapeTime: 0,
    scrape: '',
    scrapeState: 0,
    seederCount: seeds ?? -1,
    sitename: hostOf(url).split(':')[0],
    tier,
  };
}

function trackerListOf({ trackers }: Facts): string {
  let text = '';
  let last: number | undefined;
  for (const { url, tier } of trackers) {
    text += last === undefined ? url : last === tier ? `\n${url}` : `\n\n${url}`;
    last = tier;
  }
  return text;
}

/** Pieces that we or a connected peer have, in bytes of what is missing. */
function availableOf(facts: Facts): number {
  const { pieces, metainfo } = facts;
  if (metainfo === undefined) return 0;
  let nowhere = 0;
  for (const state of pieces) if (state === PIECE.nowhere) nowhere++;
  return facts.torrent.running === undefined ? 0 : Math.max(0, left(facts) - nowhere * metainfo.pieceLength);
}

function magnetOf({ trackers, row }: Facts): string {
  return formatMagnet({ infoHash: row.infoHash, name: row.name, trackers: trackers.map(({ url }) => url) });
}

const goalMode = (goal: number | null | undefined): number => (goal === undefined ? 0 : goal === null ? 2 : 1);
const countPeers = ({ torrent }: Facts, test: (peer: { down: number; up: number }) => boolean): number =>
  (torrent.running?.peers ?? []).filter(test).length;

type Field = (facts: Facts) => unknown;

export const TORRENT_FIELDS: Readonly<Record<string, Field>> = {
  activityDate: ({ torrent }) => seconds(torrent.activeAt),
  addedDate: ({ row }) => seconds(row.added),
  availability: availabilityOf,
  bandwidthPriority: () => 0,
  comment: ({ metainfo }) => metainfo?.comment ?? '',
  corruptEver: ({ torrent }) => torrent.running?.status.wasted ?? 0,
  creator: ({ metainfo }) => metainfo?.createdBy ?? '',
  dateCreated: ({ metainfo }) => metainfo?.creationDate ?? 0,
  desiredAvailable: availableOf,
  doneDate: ({ row }) => seconds(row.done),
  downloadDir: ({ row }) => dirname(row.path),
  downloadedEver: ({ row }) => row.downloaded,
  downloadLimit: ({ row }) => Math.round((row.limits.down ?? 0) / SPEED_UNIT),
  downloadLimited: ({ row }) => (row.limits.down ?? 0) > 0,
  editDate: () => 0,
  error: (facts) => errorOf(facts).error,
  errorString: (facts) => errorOf(facts).errorString,
  eta: etaOf,
  etaIdle: () => -1,
  'file-count': (facts) => filesOf(facts).length,
  files: filesOf,
  fileStats: (facts) =>
    choicesOf(facts).map(({ have, priority, wanted }) => ({ bytesCompleted: have, priority, wanted })),
  group: () => '',
  hashString: ({ row }) => row.infoHash,
  haveUnchecked: () => 0,
  haveValid: ({ row }) => row.have,
  honorsSessionLimits: () => true,
  id: ({ id }) => id,
  isFinished: ({ row }) => row.state === 'finished',
  isPrivate: ({ row }) => row.private,
  isStalled: ({ row }) => row.state === 'downloading' && row.down === 0,
  labels: ({ row }) => row.labels,
  leftUntilDone: left,
  magnetLink: magnetOf,
  manualAnnounceTime: () => -1,
  maxConnectedPeers: () => 60,
  metadataPercentComplete: ({ row }) => (row.size > 0 ? 1 : 0),
  name: ({ row }) => shownName(row),
  'peer-limit': () => 60,
  peers: peersOf,
  peersConnected: ({ row }) => row.peers,
  peersFrom: ({ row }) => ({
    fromCache: 0,
    fromDht: 0,
    fromIncoming: 0,
    fromLpd: 0,
    fromLtep: 0,
    fromPex: 0,
    fromTracker: row.peers,
  }),
  peersGettingFromUs: (facts) => countPeers(facts, ({ up }) => up > 0),
  peersSendingToUs: (facts) => countPeers(facts, ({ down }) => down > 0),
  percentComplete: ({ row }) => share(row.have, row.size),
  percentDone: ({ row }) => share(row.have, row.wanted),
  pieces: bitfieldOf,
  pieceCount: ({ row }) => row.pieceCount,
  pieceSize: ({ metainfo }) => metainfo?.pieceLength ?? 0,
  'primary-mime-type': mimeTypeOf,
  priorities: (facts) => choicesOf(facts).map(({ priority }) => priority),
  queuePosition: ({ row }) => row.position,
  rateDownload: ({ row }) => row.down,
  rateUpload: ({ row }) => row.up,
  recheckProgress: ({ row }) => (row.state === 'checking' ? row.checked : 0),
  secondsDownloading: ({ torrent }) => seconds(torrent.entry.fetched),
  secondsSeeding: ({ torrent }) => seconds(torrent.entry.seeded),
  seedIdleLimit: ({ row }) => Math.round((row.limits.idleTime ?? 0) / 60),
  seedIdleMode: ({ row }) => goalMode(row.limits.idleTime),
  seedRatioLimit: ({ row }) => row.limits.ratio ?? 0,
  seedRatioMode: ({ row }) => goalMode(row.limits.ratio),
  sequentialDownload: ({ row }) => row.sequential,
  sizeWhenDone: ({ row }) => row.wanted,
  startDate: ({ torrent }) => seconds(torrent.startedAt),
  status: statusOf,
  torrentFile: () => '',
  totalSize: ({ row }) => row.size,
  trackerList: trackerListOf,
  trackers: trackersOf,
  trackerStats: trackerStatsOf,
  uploadedEver: ({ row }) => row.uploaded,
  uploadLimit: ({ row }) => Math.round((row.limits.up ?? 0) / SPEED_UNIT),
  uploadLimited: ({ row }) => (row.limits.up ?? 0) > 0,
  uploadRatio: ratioOf,
  wanted: (facts) => choicesOf(facts).map(({ wanted }) => Number(wanted)),
  webseeds: () => [],
  webseedsSendingToUs: () => 0,
};

/** Fields that need the metadata, which of a torrent that does not run is on disk. */
const NEED_METADATA = new Set([
  'availability',
  'comment',
  'creator',
  'dateCreated',
  'desiredAvailable',
  'file-count',
  'files',
  'fileStats',
  'pieces',
  'pieceSize',
  'primary-mime-type',
  'priorities',
  'wanted',
]);

const NEED_TRACKERS = new Set(['magnetLink', 'trackerList', 'trackers', 'trackerStats']);

export function needsTrackers(fields: readonly string[]): boolean {
  return fields.some((field) => NEED_TRACKERS.has(field));
}

export function needsMetadata(fields: readonly string[]): boolean {
  return fields.some((field) => NEED_METADATA.has(field));
}
