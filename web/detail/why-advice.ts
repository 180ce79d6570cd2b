// One sentence on what held a transfer back most, and what helps against it. Pure.

import type { WhyReply } from '../../src/api/daemon-schemas.ts';
import { sharesOf } from '../../src/api/waiting-words.ts';
import { formatRate } from '../../src/base/quantity.ts';

type Why = Pick<WhyReply, 'times' | 'limits' | 'connected' | 'piecesNowhere'>;

export function adviceOf(why: Why): string {
  const [first] = sharesOf(why.times);
  if (first === undefined) return 'Nothing has been measured yet.';
  const time = `${Math.round(first.share * 100)}% of the time`;
  switch (first.state) {
    case 'limited':
      return why.limits.down > 0
        ? `The daemon's download limit (${formatRate(why.limits.down)}) held it back ${time}.`
        : `A limit of this transfer held it back ${time}.`;
    case 'metadata':
      return `No peer has told what is in it, ${time}: it needs a tracker or a peer that has it.`;
    case 'checking':
      return `Checking what is on disk took ${time}; it ends by itself.`;
    case 'diskFull':
      return `The disk took nothing more, ${time}: make room, or move the data.`;
    case 'noPeers':
      return `No peers were known ${time}: it needs a tracker or a peer that has the data.`;
    case 'dialling':
      return `No peer could be reached ${time}: look at the trackers and the firewall.`;
    case 'nobodyHas':
      return `No connected peer has ${why.piecesNowhere} of the missing pieces, ${time}: it needs a seed.`;
    case 'choked':
      return `All peers made it wait ${time}: more upload, or more peers, would help.`;
    case 'snubbed':
      return `The peers owed data and sent none ${time}.`;
    case 'noMemory':
      return `No memory was free for more pieces ${time}.`;
    case 'disk':
      return `Writing to the disk took ${time}.`;
    case 'hash':
      return `Hashing took ${time}.`;
    case 'fewRequests':
      return `The peers let us ask for too little at a time, ${time}.`;
    case 'peerSlow':
      return `The ${why.connected === 1 ? 'one peer is' : `${why.connected} peers are`} slow, ${time}: more or faster ones would help.`;
    case 'trial':
    case 'askedOfOthers':
    case 'nothingWanted':
      return `The peers had nothing to do ${time}: what is missing is on its way.`;
    default:
      return `It received well ${time}: only a faster network would help.`;
  }
}
