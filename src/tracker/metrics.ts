// What the tracker counts, as Prometheus text (exposition format 0.0.4). The number of series is fixed: no label ever
// comes from a request.

import type { Registry } from '../registry/registry.ts';
import type { TrackerSessions } from './sessions.ts';

/** Upper bounds of the latency buckets in seconds. */
const BOUNDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1];

export class Histogram {
  readonly #buckets = new Array<number>(BOUNDS.length).fill(0);
  #count = 0;
  #sum = 0;

  observe(seconds: number): void {
    this.#count++;
    this.#sum += seconds;
    for (let i = BOUNDS.length - 1; i >= 0 && seconds <= BOUNDS[i]!; i--) this.#buckets[i]!++;
  }

  lines(name: string): string[] {
    return [
      ...BOUNDS.map((bound, i) => `${name}_bucket{le="${bound}"} ${this.#buckets[i]}`),
      `${name}_bucket{le="+Inf"} ${this.#count}`,
      `${name}_sum ${this.#sum}`,
      `${name}_count ${this.#count}`,
    ];
  }
}

/** Since the start of the process. */
export class AnnounceCounters {
  answered = 0;
  refused = 0;
  malformed = 0;
  scrapes = 0;
  peersHanded = 0;
  /** From the parsed request to the whole reply. */
  readonly seconds = new Histogram();
}

export interface MetricSources {
  registry: Registry;
  sessions: TrackerSessions;
  announces: AnnounceCounters;
  /** Names in the catalog. */
  files: () => number;
  /** Open connections. */
  connections: () => number;
}

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export class TrackerMetrics {
  readonly #sources: MetricSources;
  readonly #startedAt = Date.now() / 1000;

  constructor(sources: MetricSources) {
    this.#sources = sources;
  }

  render(): string {
    const { registry, sessions, announces, files, connections } = this.#sources;
    const stats = registry.stats;
    const memory = process.memoryUsage();
    const lines = [
      ...counter('shoal_announces_total', 'Announces, by how they were answered', [
        ['outcome="answered"', announces.answered],
        ['outcome="refused"', announces.refused],
        ['outcome="malformed"', announces.malformed],
      ]),
      ...counter('shoal_scrapes_total', 'Scrapes answered', [['', announces.scrapes]]),
      ...counter('shoal_peers_handed_total', 'Peers told in announce replies', [['', announces.peersHanded]]),
      '# HELP shoal_announce_seconds Time to answer an announce or a scrape',
      '# TYPE shoal_announce_seconds histogram',
      ...announces.seconds.lines('shoal_announce_seconds'),
      ...counter('shoal_sessions_opened_total', 'Sessions opened', [['', sessions.opened]]),
      ...counter('shoal_heartbeats_total', 'Heartbeats of sessions, by whether the session was known', [
        ['session="known"', sessions.heartbeats],
        ['session="unknown"', sessions.unknown],
      ]),
      ...gauge('shoal_swarms', 'Torrents with peers', [['', stats.swarms]]),
      ...gauge('shoal_peers', 'Peers in all swarms', [
        ['role="seed"', stats.seeds],
        ['role="leecher"', stats.peers],
      ]),
      ...gauge('shoal_sessions', 'Open sessions', [['', stats.sessions]]),
      ...gauge('shoal_torrents', 'Torrents that may be announced because the catalog holds them', [
        ['', stats.allowed],
      ]),
      ...gauge('shoal_files', 'Names in the catalog', [['', files()]]),
      ...gauge('shoal_report_bytes', 'Memory taken by piece reports', [['', stats.reportBytes]]),
      ...gauge('shoal_connections', 'Open HTTP connections', [['', connections()]]),
      ...gauge('process_resident_memory_bytes', 'Resident memory', [['', memory.rss]]),
      ...gauge('process_start_time_seconds', 'When the process started, epoch seconds', [['', this.#startedAt]]),
    ];
    return `${lines.join('\n')}\n`;
  }
}

type Sample = readonly [labels: string, value: number];

function counter(name: string, help: string, samples: readonly Sample[]): string[] {
  return family(name, help, 'counter', samples);
}

function gauge(name: string, help: string, samples: readonly Sample[]): string[] {
  return family(name, help, 'gauge', samples);
}

function family(name: string, help: string, type: string, samples: readonly Sample[]): string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(([labels, value]) => (labels === '' ? `${name} ${value}` : `${name}{${labels}} ${value}`)),
  ];
}
