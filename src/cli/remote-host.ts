// A running daemon as the host of a command's torrents: they are added there, followed from here, and taken out again when
// the command ends. What the daemon had before stays.

import type { DaemonClient } from '../api/daemon-client.ts';
import type { AddBody, TorrentRow } from '../api/daemon-schemas.ts';
import { type Endpoint, formatEndpoint } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import { keepOriginal } from '../daemon/keep-original.ts';
import { resolveSource } from '../engine/torrent-source.ts';
import type { AddOptions, TorrentSource } from '../engine/types.ts';
import { TorrentStore } from '../io/stores/torrent-store.ts';
import { matchFiles } from '../protocol/file-selection.ts';
import type { Metainfo } from '../protocol/metainfo.ts';
import { encodeMetainfo } from '../protocol/metainfo-build.ts';
import type { CommandContext } from './command.ts';
import { stateDirectory } from './peer-session.ts';
import { RemoteTorrent } from './remote-torrent.ts';
import type { Settings } from './settings.ts';
import type { FollowedTorrent, TorrentHost } from './torrent-host.ts';

/** `limits`: of each torrent that is added, in bytes per second. */
export async function openRemoteHost(
  client: DaemonClient,
  { environment }: CommandContext,
  settings: Pick<Settings, 'state'>,
  limits: { down?: number; up?: number },
): Promise<TorrentHost> {
  const { listen } = await client.session({});
  return new RemoteHost(client, stateDirectory(settings, environment), listen[0] ?? '', limits);
}

class RemoteHost implements TorrentHost {
  readonly listen: string;
  readonly #client: DaemonClient;
  readonly #state: string;
  readonly #limits: { down?: number; up?: number };
  readonly #torrents = new Map<string, RemoteTorrent>();
  /** Those that were not there before. */
  readonly #own = new Set<string>();

  constructor(client: DaemonClient, state: string, listen: string, limits: { down?: number; up?: number }) {
    this.#client = client;
    this.#state = state;
    this.listen = listen;
    this.#limits = limits;
  }

  get torrents(): readonly FollowedTorrent[] {
    return [...this.#torrents.values()];
  }

  async add(source: TorrentSource, options: AddOptions): Promise<FollowedTorrent> {
    const resolved = resolveSource(source);
    const { infoHash, torrent, metainfo } = resolved;
    const files = options.files ?? resolved.files;
    const bytes = torrent ?? (metainfo === undefined ? undefined : encodeMetainfo(metainfo));
    return this.#add(infoHash, options, {
      ...(bytes === undefined ? { magnet: source as string } : { torrent: Buffer.from(bytes).toString('base64') }),
      ...(options.path === undefined ? { directory: options.directory ?? process.cwd() } : { path: options.path }),
      overwrite: options.overwrite === true,
      ...(options.sequential === true ? { sequential: true } : {}),
      ...(files === undefined ? {} : { files: [...files] }),
    });
  }

  /** What was hashed here goes to the daemon as the state of the torrent, so that it need not hash again. */
  async seedOriginal(
    metainfo: Metainfo,
    root: string,
    original: Parameters<TorrentHost['seedOriginal']>[2],
    options: { trackers?: readonly (readonly string[])[]; peers?: readonly Endpoint[] },
  ): Promise<FollowedTorrent> {
    const { infoHash } = metainfo;
    const bytes = encodeMetainfo({ infoBytes: metainfo.infoBytes });
    if ((await this.#find(infoHash)) === undefined)
      await keepOriginal(new TorrentStore(this.#state), bytes, original.record);
    const body = { torrent: Buffer.from(bytes).toString('base64'), path: root, originals: [...original.paths] };
    return this.#add(infoHash, options, body);
  }

  async #add(
    infoHash: string,
    { trackers = [], peers = [] }: Pick<AddOptions, 'trackers' | 'peers'>,
    body: AddBody,
  ): Promise<FollowedTorrent> {
    const near = { trackers: trackers.flat(), peers: peers.map(formatEndpoint) };
    const { added, torrent } = await this.#client.add({
      body: { ...body, ...near, limits: this.#limits, paused: false },
    });
    if (added) this.#own.add(infoHash);
    else await this.#join(torrent, body, near);
    const remote = new RemoteTorrent(this.#client, torrent);
    this.#torrents.set(infoHash, remote);
    return remote;
  }

  /** The daemon has it already: the same place is wanted, or somebody would look for it in vain. */
  async #join(row: TorrentRow, body: AddBody, near: { trackers: string[]; peers: string[] }): Promise<void> {
    const { infoHash, name, path, state } = row;
    const { path: wanted, directory } = body;
    const isThere = wanted === undefined ? directory === undefined || path.startsWith(directory) : path === wanted;
    if (!isThere)
      throw new ShoalError(
        'ERR_LOCKED',
        `the daemon has "${name}" already, in ${path}; remove it there, or use --no-daemon with another --state`,
      );
    await this.#want(row, body.files);
    await this.#client.change({
      params: { infoHash },
      body: { ...near, ...(body.sequential === true ? { sequential: true } : {}) },
    });
    if (state === 'paused' || state === 'finished' || state === 'failed')
      await this.#client.resume({ params: { infoHash } });
  }

  /** What is wanted there already stays so. Throws ERR_NOT_FOUND when no file is meant. */
  async #want({ infoHash, name }: TorrentRow, terms: AddBody['files']): Promise<void> {
    const { files } = await this.#client.files({ params: { infoHash } });
    const meant = terms === undefined ? files : matchFiles(terms, files);
    if (terms !== undefined && meant.length === 0)
      throw new ShoalError(
        'ERR_NOT_FOUND',
        `${terms.join(', ')} means none of the ${files.length} files that the daemon knows of "${name}"; see shoal files`,
        { reason: 'no_file_chosen' },
      );
    const missed = meant.filter(({ priority }) => priority === 'skip');
    const changes = missed.map(({ index }) => ({ index, priority: 'normal' as const }));
    if (changes.length > 0) await this.#client.changeFiles({ params: { infoHash }, body: { files: changes } });
  }

  async #find(infoHash: string): Promise<TorrentRow | undefined> {
    try {
      return await this.#client.torrent({ params: { infoHash } });
    } catch (error) {
      if (error instanceof ShoalError && error.code === 'ERR_NOT_FOUND') return undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const [infoHash, torrent] of this.#torrents) {
      torrent.close();
      if (!this.#own.has(infoHash)) continue;
      await this.#client.remove({ params: { infoHash }, query: { state: false } }).catch((error: unknown) => {
        // Gone with its daemon, or taken out by somebody else.
        if (!(error instanceof ShoalError) || !['ERR_NOT_FOUND', 'ERR_DAEMON'].includes(error.code)) throw error;
      });
    }
  }
}
