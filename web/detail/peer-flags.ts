// What the choke and interest bits of a connection mean, in words. Pure.

import type { PeerRow } from '../../src/api/daemon-schemas.ts';

type Flags = Pick<PeerRow, 'chokedByPeer' | 'chokedByUs' | 'interestedInPeer' | 'interestedInUs'>;

/** The one thing worth knowing in each direction. */
export function wordsOf({ chokedByPeer, chokedByUs, interestedInPeer, interestedInUs }: Flags): string {
  const down = interestedInPeer ? (chokedByPeer ? 'makes us wait' : 'gives') : '';
  const up = interestedInUs ? (chokedByUs ? 'waits for us' : 'takes') : '';
  return [down, up].filter(Boolean).join(', ') || 'idle';
}

/** All four, spelled out. */
export function flagsOf({ chokedByPeer, chokedByUs, interestedInPeer, interestedInUs }: Flags): string {
  return [
    interestedInPeer ? 'It has what we want' : 'It has nothing we want',
    chokedByPeer ? 'it lets us ask for nothing now' : 'it lets us ask',
    interestedInUs ? 'it wants what we have' : 'it wants nothing of us',
    chokedByUs ? 'we let it ask for nothing now' : 'we let it ask',
  ].join('; ');
}
