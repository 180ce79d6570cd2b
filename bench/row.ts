// One measured number of a benchmark, as tables and charts show it.

export interface Row {
  /** What was measured, in words. */
  name: string;
  value: number;
  unit: string;
  /** What it is to reach, in words; absent: a figure for scale. */
  goal?: string;
}
