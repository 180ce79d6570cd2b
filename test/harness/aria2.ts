// aria2 as a peer of tests: one download or one seed a process, plain BitTorrent over TCP with trackers only.

import { Program } from './program.ts';

const PLAIN = [
  '--enable-dht=false',
  '--enable-dht6=false',
  '--bt-enable-lpd=false',
  '--enable-peer-exchange=false',
  '--file-allocation=none',
  '--summary-interval=1',
  '--console-log-level=notice',
  '--enable-color=false',
  '--no-conf=true',
  '--bt-max-peers=50',
];

export interface Aria2Options {
  /** A .torrent file or a magnet link. */
  source: string;
  /** Directory that gets, or has, the content under its own name. */
  directory: string;
  port: number;
  /** Go on seeding when everything is there; the data that is there is checked first. */
  seed?: boolean;
  /** Bytes per second. */
  up?: number;
  down?: number;
  wrap?: readonly string[];
}

export function startAria2(options: Aria2Options): Program {
  return new Program([
    ...(options.wrap ?? []),
    'aria2c',
    ...PLAIN,
    `--dir=${options.directory}`,
    `--listen-port=${options.port}`,
    ...(options.seed ? ['--seed-ratio=0.0', '--check-integrity=true', '--allow-overwrite=true'] : ['--seed-time=0']),
    ...(options.up === undefined ? [] : [`--max-upload-limit=${options.up}`]),
    ...(options.down === undefined ? [] : [`--max-download-limit=${options.down}`]),
    options.source,
  ]);
}
