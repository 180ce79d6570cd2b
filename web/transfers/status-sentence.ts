// How a transfer stands, in a few words, and in a sentence when something is wrong. Pure.

import type { StripsReply, TorrentRow } from '../../src/api/daemon-schemas.ts';
import { formatDuration, formatPercent } from '../../src/base/quantity.ts';
import { secondsLeft } from '../data/figures.ts';

export interface Sentence {
  text: string;
  tone: 'plain' | 'warning' | 'danger';
}

const plain = (text: string): Sentence => ({ text, tone: 'plain' });
const warning = (text: string): Sentence => ({ text, tone: 'warning' });

/** What no connected peer has of it, as far as that is known. */
type Shortage = Pick<StripsReply['strips'][number], 'nowhere' | 'lastSeen'>;

const NONE: Shortage = { nowhere: 0, lastSeen: null };

/** `now`: epoch milliseconds. */
export function statusSentence(row: TorrentRow, shortage: Shortage = NONE, now: number = Date.now()): Sentence {
  const { state, error, waiting, peers, up, position, checked } = row;
  if (error !== null) return { text: error.message, tone: 'danger' };
  if (waiting !== null) return warning(waiting.message);
  switch (state) {
    case 'queued':
      return plain(`waits for its turn, place ${position + 1}`);
    case 'checking':
      return plain(`checking what is on disk, ${formatPercent(checked, 1)}`);
    case 'metadata':
      return peers === 0
        ? warning('no peer yet that could tell what is in it')
        : plain(`asking ${count(peers, 'peer')} what is in it`);
    case 'downloading':
      return downloading(row, shortage, now);
    case 'seeding':
      return plain(up > 0 ? 'seeding' : 'seeding, nobody asks');
    case 'paused':
      return plain('paused');
    case 'finished':
      return plain('seeded as long as it was to');
    default:
      return { text: 'failed', tone: 'danger' };
  }
}

function downloading(row: TorrentRow, { nowhere, lastSeen }: Shortage, now: number): Sentence {
  const { peers, down, piecesWanted } = row;
  const seen =
    lastSeen === null
      ? ''
      : `; last seen with ${hostOf(lastSeen.address)}, ${formatAge((now - lastSeen.at) / 1000)} ago`;
  if (peers === 0) return warning(`no peers${seen}`);
  if (nowhere > 0 && down === 0)
    return warning(
      `no peer has ${nowhere === piecesWanted ? 'any' : nowhere} of ${count(piecesWanted, 'piece')}${seen}`,
    );
  const left = secondsLeft(row);
  if (left === undefined) return warning(`${count(peers, 'peer')}, none sends`);
  return plain(`${formatDuration(left)} left`);
}

/** Without the port. */
function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'));
}

/** In its largest unit alone. */
function formatAge(seconds: number): string {
  return formatDuration(Math.max(0, seconds)).split(' ')[0]!;
}

function count(value: number, noun: string): string {
  return `${value} ${noun}${value === 1 ? '' : 's'}`;
}
