// What a transfer or a peer waited for, in words, and how its time was divided. The command line and the page say the same.

export const WAITING_WORDS: Readonly<Record<string, string>> = {
  metadata: 'waiting for the metadata',
  checking: 'checking what is on disk',
  diskFull: 'stopped by the disk',
  noPeers: 'no peer known',
  dialling: 'connecting',
  nobodyHas: 'nobody has what is missing',
  nothingWanted: 'has nothing that is missing',
  choked: 'choked',
  snubbed: 'has stopped sending',
  trial: 'waiting for its first hash',
  askedOfOthers: 'all it has is asked of others',
  noMemory: 'no memory for more pieces',
  disk: 'waiting for the disk',
  hash: 'waiting for hashes',
  limited: 'held back by a limit',
  fewRequests: 'lets us ask for too little',
  peerSlow: 'the peer is slow',
  receiving: 'receiving well',
  complete: 'complete',
};

export interface TimeShare {
  state: string;
  /** Between 0 and 1. */
  share: number;
}

/** `times`: milliseconds by state. Largest first; what came after the end does not count. */
export function sharesOf(times: Readonly<Record<string, number>>): TimeShare[] {
  const parts = Object.entries(times).filter(([state, time]) => state !== 'complete' && time > 0);
  const total = parts.reduce((sum, [, time]) => sum + time, 0);
  return parts.map(([state, time]) => ({ state, share: time / total })).sort((a, b) => b.share - a.share);
}
