// How a transfer stands, in a few words, and in a sentence when something is wrong. Pure.

import type { TorrentRow } from '../../src/api/daemon-schemas.ts';
import { formatDuration, formatPercent } from '../../src/base/quantity.ts';
import { secondsLeft } from '../data/figures.ts';

export interface Sentence {
  text: string;
  tone: 'plain' | 'warning' | 'danger';
}

const plain = (text: string): Sentence => ({ text, tone: 'plain' });
const warning = (text: string): Sentence => ({ text, tone: 'warning' });

/** `nowhere`: pieces that are missing and that no connected peer has. */
export function statusSentence(row: TorrentRow, nowhere: number): Sentence {
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
      return downloading(row, nowhere);
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

function downloading(row: TorrentRow, nowhere: number): Sentence {
  const { peers, down, pieceCount } = row;
  if (peers === 0) return warning('no peers');
  if (nowhere > 0 && down === 0)
    return warning(`no peer has ${nowhere === pieceCount ? 'any' : nowhere} of ${count(pieceCount, 'piece')}`);
  const left = secondsLeft(row);
  if (left === undefined) return warning(`${count(peers, 'peer')}, none sends`);
  return plain(`${formatDuration(left)} left`);
}

function count(value: number, noun: string): string {
  return `${value} ${noun}${value === 1 ? '' : 's'}`;
}
