// The downloads of a shell: each runs in the background and says itself how it ended.

import { ShoalError } from '../../base/errors.ts';
import type { Session } from '../../engine/session.ts';
import type { Torrent } from '../../engine/types.ts';
import { type Downloaded, type FollowOptions, follow, reportDownload } from '../download.ts';
import { asShoalError } from '../errors.ts';
import type { ProgressView } from '../output.ts';
import { DownloadView } from '../render/download-view.ts';
import type { Wanted } from '../wanted.ts';

interface Job {
  label: string;
  infoHash: string;
  state: 'running' | 'done' | 'failed' | 'left';
  ended: Promise<void>;
}

export class Jobs implements ProgressView {
  readonly #session: Session;
  readonly #options: FollowOptions;
  readonly #onFailure: (error: ShoalError) => void;
  readonly #jobs = new Map<string, Job>();

  constructor(session: Session, options: FollowOptions, onFailure: (error: ShoalError) => void) {
    this.#session = session;
    this.#options = options;
    this.#onFailure = onFailure;
  }

  /** Throws ERR_LOCKED when it is being fetched already. */
  start(wanted: Wanted, destination: { path?: string; directory?: string }): void {
    const { label, infoHash } = wanted;
    if (this.#jobs.get(infoHash)?.state === 'running')
      throw new ShoalError('ERR_LOCKED', `"${label}" is being fetched already; progress shows how far it is`);
    const job: Job = { label, infoHash, state: 'running', ended: Promise.resolve() };
    this.#jobs.set(infoHash, job);
    job.ended = follow(this.#session, wanted, destination, this.#options).then(
      (downloaded) => this.#succeed(job, downloaded),
      (error) => this.#fail(job, error),
    );
  }

  get running(): number {
    return [...this.#jobs.values()].filter(({ state }) => state === 'running').length;
  }

  async waitForAll(): Promise<void> {
    while (this.running > 0) await Promise.all([...this.#jobs.values()].map(({ ended }) => ended));
  }

  /** Stops what is called so, if anything is. Its data stays and can be resumed. */
  async leave(label: string): Promise<boolean> {
    const job = [...this.#jobs.values()].find((each) => each.label === label);
    const torrent = job === undefined ? undefined : this.#torrentOf(job);
    if (job === undefined || torrent === undefined) return false;
    job.state = 'left';
    await torrent.stop();
    return true;
  }

  get labels(): string[] {
    return [...this.#jobs.values()].map(({ label }) => label);
  }

  lines(columns: number): string[] {
    return this.#views().flatMap((view) => view.lines(columns));
  }

  plain(): string {
    return this.#views()
      .map((view) => view.plain())
      .join('; ');
  }

  /** What each is doing, one line each; those that ended included. */
  describe(): string[] {
    return [...this.#jobs.values()].map((job) => {
      const torrent = this.#torrentOf(job);
      if (job.state === 'failed' || torrent === undefined) return `${job.label}: ${job.state}`;
      return new DownloadView(job.label, () => torrent, false).plain();
    });
  }

  events(): Record<string, unknown>[] {
    return [...this.#jobs.values()].flatMap((job) =>
      this.#viewOf(job)
        .events()
        .map((fields) => ({ name: job.label, ...fields })),
    );
  }

  #views(): DownloadView[] {
    return [...this.#jobs.values()].filter(({ state }) => state === 'running').map((job) => this.#viewOf(job));
  }

  #viewOf(job: Job): DownloadView {
    return new DownloadView(job.label, () => this.#torrentOf(job), this.#options.output.unicode);
  }

  #torrentOf({ infoHash }: Job): Torrent | undefined {
    return this.#session.torrents.find((torrent) => torrent.infoHash === infoHash);
  }

  #succeed(job: Job, { summary }: Downloaded): void {
    job.state = 'done';
    reportDownload(this.#options.output, summary);
  }

  async #fail(job: Job, error: unknown): Promise<void> {
    const left = job.state === 'left' || this.#options.signal.aborted;
    job.state = left ? 'left' : 'failed';
    if (left) return;
    await this.#torrentOf(job)?.stop();
    this.#onFailure(asShoalError(error));
  }
}
