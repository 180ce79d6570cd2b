// What a graph of rates is drawn from. Pure.

import type { HistoryReply } from '../../src/api/history-schemas.ts';

export type History = Pick<HistoryReply, 'step' | 'from' | 'down' | 'up'>;

/** Epoch seconds, bytes per second down, and up. */
export function pointsOf({ step, from, down, up }: History): [number[], number[], number[]] {
  return [down.map((_, index) => from / 1000 + index * step), [...down], [...up]];
}

/** Round rates from 0 up to `most`, in steps of 1, 2 or 5 times a power of 1024 and 10: four to eight of them. */
export function rateTicks(most: number): number[] {
  const rough = Math.max(1, most) / 5;
  const unit = 1024 ** Math.floor(Math.log(rough) / Math.log(1024));
  const power = 10 ** Math.floor(Math.log10(rough / unit));
  const factor = [1, 2, 5, 10].find((each) => each * power * unit >= rough) ?? 10;
  const step = factor * power * unit;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}
