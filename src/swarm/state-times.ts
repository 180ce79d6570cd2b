// The states a torrent and its peers can be in, and counters of the time spent in each. Who counts is time-in-state.ts.

/** What a download from one peer waited for. */
export const DOWN_STATES = [
  'nothingWanted',
  'choked',
  'snubbed',
  'trial',
  'askedOfOthers',
  'noMemory',
  'disk',
  'hash',
  'limited',
  'fewRequests',
  'peerSlow',
  'receiving',
] as const;
export type DownState = (typeof DOWN_STATES)[number];

/** What an upload to one peer waited for. */
export const UP_STATES = [
  'notInterested',
  'choked',
  'askedForNothing',
  'limited',
  'disk',
  'socketFull',
  'sending',
] as const;
export type UpState = (typeof UP_STATES)[number];

/** What a whole download waited for: when it is none of these, what its peer waited for that got furthest. */
export const TORRENT_STATES = [
  'metadata',
  'checking',
  'diskFull',
  'noPeers',
  'dialling',
  'nobodyHas',
  ...DOWN_STATES,
  'complete',
] as const;
export type TorrentState = (typeof TORRENT_STATES)[number];

/** Milliseconds in each state of a list. */
export class StateTimes<S extends string> {
  readonly names: readonly S[];
  readonly #times: Float64Array;

  constructor(names: readonly S[]) {
    this.names = names;
    this.#times = new Float64Array(names.length);
  }

  add(state: S, milliseconds: number): void {
    this.#times[this.names.indexOf(state)]! += milliseconds;
  }

  /** States that took any time. */
  read(): Partial<Record<S, number>> {
    const read: Partial<Record<S, number>> = {};
    for (const [at, name] of this.names.entries()) if (this.#times[at]! > 0) read[name] = this.#times[at]!;
    return read;
  }
}
