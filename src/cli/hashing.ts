// Hashes what a user wants to share or describe, showing how far it is and saying what is left out.

import { printable } from '../base/printable.ts';
import { formatDuration, formatPercent, formatRate, formatSize } from '../base/quantity.ts';
import { type CreatedTorrent, type CreateOptions, createTorrent } from '../io/disk/create.ts';
import { HashPool } from '../io/disk/hash-pool.ts';
import type { Output } from './output.ts';
import { countOf } from './render/download-view.ts';
import { drawBar } from './render/strip.ts';
import { fit } from './render/width.ts';

/** So many left-out things are named one by one; the rest is counted. */
const NAMED = 10;

/** Uses all cores; rejects with the signal's reason when it is aborted. */
export async function hashPaths(
  output: Output,
  options: Omit<CreateOptions, 'pool' | 'onProgress'>,
): Promise<CreatedTorrent> {
  const pool = new HashPool();
  const began = performance.now();
  let state = { hashed: 0, size: 0, file: '' };
  const numbers = () => {
    const seconds = (performance.now() - began) / 1000;
    const rate = state.hashed / Math.max(0.001, seconds);
    const left = formatDuration((state.size - state.hashed) / rate);
    return `${formatPercent(state.hashed, state.size)} of ${formatSize(state.size)}  ${formatRate(rate)}  ${left} left`;
  };
  const stopProgress = output.progress({
    lines: (columns) => {
      if (state.size === 0) return ['Looking for files'];
      const bar = drawBar(state.hashed / state.size, 20, output.unicode);
      return [`Hashing ${bar} ${numbers()}  ${fit(printable(state.file), columns)}`];
    },
    plain: () => (state.size === 0 ? '' : `Hashing: ${numbers()}`),
    eventName: 'hashing',
    events: () => (state.size === 0 ? [] : [{ hashed: state.hashed, size: state.size }]),
  });
  try {
    const created = await createTorrent({
      ...options,
      pool,
      onProgress: (progress) => {
        state = progress;
      },
    });
    stopProgress();
    sayLeftOut(output, created);
    return created;
  } finally {
    stopProgress();
    await pool.close();
  }
}

function sayLeftOut(output: Output, { skipped }: CreatedTorrent): void {
  for (const { path, reason } of skipped.slice(0, output.json ? skipped.length : NAMED)) {
    output.event('skipped', { path, reason });
    output.say(`Left out: ${printable(path)} (${printable(reason)})`);
  }
  if (skipped.length > NAMED) output.say(`Left out: ${countOf(skipped.length - NAMED, 'more thing')}`);
}
