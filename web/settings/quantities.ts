// The settings that are a number: in which units they are written, and what leaving them empty means. Pure.

import type { Settings } from '../../src/api/settings-schemas.ts';

interface Unit {
  name: string;
  /** How many of the API's units it is: bytes per second, seconds, pieces. */
  factor: number;
}

export interface Quantity {
  name: { [K in keyof Settings]: NonNullable<Settings[K]> extends number ? K : never }[keyof Settings];
  label: string;
  hint: string;
  /** The smallest first; what has only one shows it as a word. */
  units: readonly [Unit, ...Unit[]];
  /** What the empty field stands for, as the API says it, and in a word. */
  none: { value: 0 | null; text: string };
  /** Part of a unit makes sense. */
  broken?: boolean;
}

const RATES = [
  { name: 'KiB/s', factor: 1024 },
  { name: 'MiB/s', factor: 1024 ** 2 },
  { name: 'GiB/s', factor: 1024 ** 3 },
] as const;
const TIMES = [
  { name: 'seconds', factor: 1 },
  { name: 'minutes', factor: 60 },
  { name: 'hours', factor: 3600 },
  { name: 'days', factor: 86_400 },
] as const;

const NO_LIMIT = { value: 0, text: 'no limit' } as const;
const ALL = { value: 0, text: 'all' } as const;
const NEVER = { value: null, text: 'never' } as const;

export const SPEED: readonly Quantity[] = [
  {
    name: 'down',
    label: 'Download',
    hint: 'All transfers together.',
    units: RATES,
    none: NO_LIMIT,
  },
  {
    name: 'up',
    label: 'Upload',
    hint: 'A little below what the line can do keeps everything else on it quick.',
    units: RATES,
    none: NO_LIMIT,
  },
];

export const SLOWER: readonly Quantity[] = [
  { name: 'altDown', label: 'Slower download', hint: 'While it is switched on.', units: RATES, none: NO_LIMIT },
  { name: 'altUp', label: 'Slower upload', hint: 'While it is switched on.', units: RATES, none: NO_LIMIT },
];

export const QUEUE: readonly Quantity[] = [
  {
    name: 'activeDownloads',
    label: 'Downloads at a time',
    hint: 'The others wait for their turn, in the order of the queue.',
    units: [{ name: 'transfers', factor: 1 }],
    none: ALL,
  },
  {
    name: 'activeSeeds',
    label: 'Seeds at a time',
    hint: 'The others wait for their turn.',
    units: [{ name: 'transfers', factor: 1 }],
    none: ALL,
  },
];

export const CONNECTIONS: readonly Quantity[] = [
  {
    name: 'maxConnections',
    label: 'Connections',
    hint: 'To peers of all transfers together; empty: as many as usual.',
    units: [{ name: 'at most', factor: 1 }],
    none: { value: null, text: 'as usual' },
  },
];

export const GOALS: readonly Quantity[] = [
  {
    name: 'ratio',
    label: 'Stop at ratio',
    hint: 'When it has sent so many times its size.',
    units: [{ name: 'times its size', factor: 1 }],
    none: NEVER,
    broken: true,
  },
  {
    name: 'seedTime',
    label: 'Stop after seeding for',
    hint: 'Counted only while it runs.',
    units: TIMES,
    none: NEVER,
  },
  {
    name: 'idleTime',
    label: 'Stop when idle for',
    hint: 'When nobody has asked for anything for so long.',
    units: TIMES,
    none: NEVER,
  },
];

export interface Written {
  text: string;
  unit: number;
}

/** A value as one writes it: in the largest unit in which two digits after the point say it, else in the smallest. */
export function write({ units, none }: Quantity, value: number | null): Written {
  if (value === none.value || value === null) return { text: '', unit: Math.min(1, units.length - 1) };
  const unit = Math.max(
    0,
    units.findLastIndex(({ factor }) => value >= factor && (value * 100) % factor === 0),
  );
  return { text: String(Number((value / units[unit]!.factor).toFixed(3))), unit };
}

/** Undefined: not understood. */
export function read({ units, none, broken = false }: Quantity, { text, unit }: Written): number | null | undefined {
  const given = text.trim().replace(',', '.');
  if (given === '') return none.value;
  if (!/^\d{1,15}(\.\d{1,6})?$/.test(given)) return undefined;
  const value = Number(given) * units[unit]!.factor;
  return broken ? value : Math.round(value);
}
