// An order of chance (Fisher-Yates).

import type { Random } from './ports.ts';

/** The numbers from 0 to `count` - 1, each once, every order as likely as any other. */
export function drawPermutation(count: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const other = order[j]!;
    order[j] = order[i]!;
    order[i] = other;
  }
  return order;
}
