// Carries out what the shell's lines ask for, over one session for all of them. Reads no input; one request at a time,
// downloads going on beside.

import { access } from 'node:fs/promises';
import { ShoalError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import { formatSize } from '../../base/quantity.ts';
import { listFiles } from '../../engine/catalog.ts';
import { unpublishName } from '../../engine/catalog-publish.ts';
import { whereName } from '../../engine/catalog-where.ts';
import type { Session } from '../../engine/session.ts';
import { catalogAccess } from '../catalog-access.ts';
import type { CommandContext } from '../command.ts';
import { chooseDestination, UNATTENDED_TIMEOUT } from '../download.ts';
import { listenOf, type PeerSettings, stateDirectory } from '../peer-session.ts';
import { tellFiles } from '../render/list-view.ts';
import { drawTable } from '../render/table.ts';
import { tellHolders } from '../render/where-view.ts';
import { type Shared, shareEntry } from '../sharing.ts';
import { findWanted } from '../wanted.ts';
import { Jobs } from './jobs.ts';
import { HELP_LINES, type Request } from './verbs.ts';

export class Shell {
  readonly jobs: Jobs;
  /** The first failure, of a line or of a download. */
  failure: ShoalError | undefined;
  failures = 0;
  readonly #context: CommandContext;
  readonly #settings: PeerSettings;
  readonly #session: Session;
  /** By name in the catalog. */
  readonly #shares = new Map<string, Shared & { tracker: string | undefined }>();

  constructor(context: CommandContext, settings: PeerSettings, session: Session, attended: boolean) {
    const { output, signal } = context;
    this.#context = context;
    this.#settings = settings;
    this.#session = session;
    const timeout = attended ? 0 : UNATTENDED_TIMEOUT;
    this.jobs = new Jobs(session, { output, signal, timeout, listen: listenOf(session) }, (error) => this.fail(error));
  }

  /** Tells a failure and goes on; the exit code of a shell without a person is that of the first. */
  fail(error: ShoalError): void {
    this.failure ??= error;
    this.failures++;
    this.#context.output.fail(error);
  }

  /** Everything but `quit`. */
  async execute(request: Request): Promise<void> {
    switch (request.verb) {
      case 'share':
        return this.#share(request);
      case 'get':
        return this.#get(request);
      case 'list':
        return tellFiles(
          this.#context.output,
          await listFiles({ ...this.#accessOf(request), query: request.query }),
          request.query,
        );
      case 'where':
        return tellHolders(
          this.#context.output,
          await whereName({ ...this.#accessOf(request), name: request.name.normalize('NFC') }),
        );
      case 'progress':
        return this.#tellProgress();
      case 'leave':
        return request.name === undefined ? this.#leaveAll() : this.#leave(request.name, request.tracker);
      case 'help':
        for (const line of drawTable([{ title: 'VERB' }, { title: '' }], HELP_LINES)) this.#context.output.result(line);
        return;
      case 'quit':
        return;
    }
  }

  #settingsOf({ tracker }: Pick<Request, 'tracker'>): PeerSettings {
    return tracker === undefined ? this.#settings : { ...this.#settings, tracker: [tracker] };
  }

  #accessOf(request: Pick<Request, 'tracker'>) {
    return catalogAccess(this.#settingsOf(request), this.#context.environment);
  }

  async #share(request: Extract<Request, { verb: 'share' }>): Promise<void> {
    const { output, signal } = this.#context;
    const { name, path, tracker } = request;
    await access(path).catch((cause: Error) => {
      throw new ShoalError('ERR_SOURCE', `cannot share ${path}: ${cause.message}`, { cause });
    });
    const shared = await shareEntry(this.#session, this.#accessOf(request), { paths: [path], name }, output, signal);
    this.#shares.set(shared.name, { ...shared, tracker });
    const { infoHash, size } = shared.torrent.status;
    const { magnet } = shared.published;
    output.event('sharing', { name: shared.name, infoHash, magnet, listen: listenOf(this.#session), size });
    output.result(`Sharing ${printable(shared.name)}, ${formatSize(size)}`);
  }

  async #get(request: Extract<Request, { verb: 'get' }>): Promise<void> {
    const { output, environment } = this.#context;
    const { name, destination } = request;
    const wanted = await findWanted(this.#context, this.#settingsOf(request), name);
    const state = stateDirectory(this.#settings, environment);
    this.jobs.start(wanted, await chooseDestination(destination, wanted.infoHash, state));
    output.say(`Fetching ${printable(wanted.label)}; "progress" shows how far it is`);
  }

  #tellProgress(): void {
    const { output } = this.#context;
    for (const fields of this.jobs.events()) output.event('progress', fields);
    const lines = [
      ...this.jobs.describe(),
      ...[...this.#shares.values()].map(({ name, torrent }) => {
        const { size, uploaded, up, peers } = torrent.status;
        return `${name}: sharing ${formatSize(size)}, ${formatSize(up)}/s to ${peers} peers, ${formatSize(uploaded)} sent`;
      }),
    ];
    for (const line of lines) output.result(printable(line));
    if (lines.length === 0) output.say('Nothing is fetched or shared.');
  }

  async #leaveAll(): Promise<void> {
    for (const name of [...this.#shares.keys()]) await this.#leave(name, undefined);
    for (const label of this.jobs.labels) await this.jobs.leave(label);
    this.#context.output.say('Left everything; what was fetched stays on disk.');
  }

  /** A share of this shell is taken back and stopped, a download is stopped; any other name of ours is taken back. */
  async #leave(given: string, tracker: string | undefined): Promise<void> {
    const { output } = this.#context;
    const name = given.normalize('NFC');
    const share = this.#shares.get(name);
    if (share === undefined && (await this.jobs.leave(name))) {
      output.result(`Left ${printable(name)}; what is here of it stays`);
      return;
    }
    const { trackers, pins, identity } = this.#accessOf({ tracker: tracker ?? share?.tracker });
    const { warnings } = await unpublishName({ trackers, pins, identity: await identity(), name });
    for (const warning of warnings) output.warn(warning);
    this.#shares.delete(name);
    const others = [...this.#shares.values()].some(({ torrent }) => torrent === share?.torrent);
    if (!others && share !== undefined) await this.#session.find(share.torrent.infoHash)?.stop();
    output.event('unshared', { name, trackers });
    output.result(`${printable(name)} is out of the catalog`);
  }
}
