// Says what a download waited for, as a table of shares and one sentence with the change that would help most.

import { sharesOf, WAITING_WORDS } from '../../api/waiting-words.ts';
import { printable } from '../../base/printable.ts';
import { formatDuration, formatRate, formatSize } from '../../base/quantity.ts';
import type { TorrentWhy } from '../../engine/types.ts';
import type { WhyRecord } from '../../engine/why.ts';
import type { Output } from '../output.ts';
import { countOf } from './download-view.ts';
import { drawTable } from './table.ts';

const BAR = 20;
/** Shares below this are left out of the table. */
const LEAST_SHARE = 0.005;
/** A peer's row names no more than this many states. */
const MOST_NAMED = 2;

type Times = Readonly<Record<string, number>>;

const percent = (share: number): string => `${Math.round(share * 100)}%`;

export function tellWhy(output: Output, why: WhyRecord, running: boolean): void {
  const advice = advise(why);
  const status = running ? 'running' : (why.ended ?? 'ended without a word');
  const parts = sharesOf(why.times);
  output.event('why', {
    name: why.name,
    infoHash: why.infoHash,
    running,
    ...(why.ended === undefined ? {} : { ended: why.ended }),
    at: why.at,
    size: why.size,
    have: why.have,
    wanted: why.wanted,
    limits: why.limits,
    dominant: parts[0]?.state ?? null,
    shares: Object.fromEntries(parts.map(({ state, share }) => [state, share])),
    times: why.times,
    connected: why.connected,
    piecesNowhere: why.piecesNowhere,
    lastSeen: why.lastSeen ?? null,
    advice,
  });
  for (const peer of why.peers)
    output.event('peer', { ...peer, dominant: sharesOf(peer.down as Times)[0]?.state ?? null });
  const rest = why.wanted < why.size ? ` wanted (${formatSize(why.size)} in all)` : '';
  // Without metadata nobody knows how much there is.
  const amount = why.wanted === 0 ? '' : `${formatSize(why.have)} of ${formatSize(why.wanted)}${rest}, `;
  output.result(`${printable(why.name)}: ${amount}${status}`);
  const rows = parts
    .filter(({ share }) => share >= LEAST_SHARE)
    .map(({ state, share }) => [WAITING_WORDS[state] ?? printable(state), percent(share), drawBar(output, share)]);
  const columns = [{ title: 'TIME WENT INTO' }, { title: '', align: 'right' as const }, { title: '' }];
  if (rows.length > 0) for (const line of drawTable(columns, rows, output.columns)) output.result(line);
  if (why.peers.length > 0) tellPeers(output, why);
  output.result(advice);
}

function drawBar(output: Output, share: number): string {
  if (output.columns === 0) return '';
  return (output.unicode ? '█' : '#').repeat(Math.round(share * BAR));
}

function tellPeers(output: Output, why: TorrentWhy): void {
  const rows = why.peers.map(({ address, client, downloaded, down }) => [
    printable(address),
    printable(client),
    formatSize(downloaded),
    sharesOf(down as Times)
      .slice(0, MOST_NAMED)
      .map(({ state, share }) => `${WAITING_WORDS[state] ?? printable(state)} ${percent(share)}`)
      .join(', '),
  ]);
  const columns = [
    { title: 'PEER' },
    { title: 'CLIENT', shrinks: true },
    { title: 'GAVE', align: 'right' as const },
    { title: 'WAITED FOR' },
  ];
  for (const line of drawTable(columns, rows, output.columns)) output.result(line);
}

function seenLast({ lastSeen, at }: WhyRecord): string {
  if (lastSeen === undefined) return '';
  return `, last seen with ${printable(lastSeen.address)} ${formatDuration((at - lastSeen.at) / 1000)} ago`;
}

/** One sentence: what held it back most, and what to do about that. */
export function advise(why: WhyRecord): string {
  const [first] = sharesOf(why.times);
  if (first === undefined) return 'Nothing has been measured yet.';
  const time = `${percent(first.share)} of the time`;
  const peers = countOf(why.connected, 'peer');
  switch (first.state) {
    case 'limited': {
      const { down } = why.limits;
      const which = down > 0 ? `The limit --down (${formatRate(down)})` : 'A limit of this torrent';
      return `${which} held it back ${time}: raise it.`;
    }
    case 'metadata':
      return `No peer has sent the metadata, ${time}: add a tracker or a peer that has the torrent (--tracker, --peer).`;
    case 'checking':
      return `Checking what is on disk took ${time}: it ends by itself.`;
    case 'diskFull':
      return `The disk takes nothing more, ${time}: make room or choose another with -o.`;
    case 'noPeers':
      return `No peers were known ${time}: add a tracker or a peer that has the data (--tracker, --peer).`;
    case 'dialling':
      return `No peer could be reached ${time}: look at the addresses, the firewall and the trackers.`;
    case 'nobodyHas':
      return `Nobody among ${peers} has ${countOf(why.piecesNowhere, 'piece')} of what is missing${seenLast(why)}, ${time}: find a seed (--peer, --tracker).`;
    case 'choked':
      return `All peers choked us ${time}: let others fetch from here (raise --up), or find more peers.`;
    case 'snubbed':
      return `The peers owed data and sent none ${time}: find more peers (--peer, --tracker).`;
    case 'noMemory':
      return `No memory was free for more pieces ${time}: raise --memory.`;
    case 'disk':
      return `The disk took ${time}: use a faster one.`;
    case 'hash':
      return `Hashing took ${time}: leave the processor more time, or use a faster one.`;
    case 'fewRequests':
      return `The peers let us ask for too little at a time, ${time}: find more peers (--peer, --tracker).`;
    case 'peerSlow':
      return `${why.connected === 1 ? 'The one peer is' : `The ${peers} are`} slow, ${time}: find more or faster peers (--peer, --tracker).`;
    case 'trial':
    case 'askedOfOthers':
    case 'nothingWanted':
      return `The peers had nothing to do ${time}: it is waiting for pieces that are on their way.`;
    default:
      return `It received well ${time}: only a faster network would help.`;
  }
}
