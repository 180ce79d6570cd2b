// The handlers by which a file is played: an address for who has the token, and what is behind it.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { DaemonRoutes } from '../api/daemon-routes.ts';
import type { streamEndpoints } from '../api/stream-endpoints.ts';
import { ShoalError } from '../base/errors.ts';
import { HttpError } from '../http/problem.ts';
import type { HandlersFor } from '../http/route-table.ts';
import type { Access } from './access.ts';
import type { ManagedTorrent } from './managed-torrent.ts';
import type { FileStreams } from './stream-files.ts';
import type { StreamGrants } from './stream-grants.ts';
import type { Torrents } from './torrents.ts';

export interface StreamHandlerContext {
  readonly torrents: Torrents;
  readonly grants: StreamGrants;
  readonly streams: FileStreams;
}

export type StreamHandlers = HandlersFor<Pick<DaemonRoutes, keyof typeof streamEndpoints>, Access>;

/** `find` throws 404. */
export function streamHandlers(
  { torrents, grants, streams }: StreamHandlerContext,
  find: (params: { infoHash: string }) => ManagedTorrent,
): StreamHandlers {
  const play = async (call: {
    params: { token: string; name: string };
    request: FastifyRequest;
    reply: FastifyReply;
  }): Promise<undefined> => {
    const grant = grants.find(call.params.token);
    if (grant === undefined || grant.name !== call.params.name)
      throw new HttpError(404, 'ERR_NOT_FOUND', 'nothing is played at this address, or not any more; ask for another', {
        reason: 'no_such_stream',
      });
    await streams.answer(grant, call.request, call.reply);
    return undefined;
  };
  return {
    async openStream({ params, request, reply }) {
      const torrent = find(params);
      const metainfo = await torrent.metainfo();
      if (metainfo === undefined)
        throw new HttpError(409, 'ERR_USAGE', 'the files are not known before the metadata is here', {
          reason: 'no_metadata',
        });
      const { index } = params;
      const file = metainfo.files[index];
      if (file === undefined || file.pad)
        throw new ShoalError('ERR_NOT_FOUND', `${metainfo.name} has no file ${index}`, { reason: 'no_such_file' });
      if (torrent.entry.priorities?.[index] === 0)
        await torrents.chooseFiles(torrent, () => [{ index, priority: 'normal' }]);
      const name = file.path.at(-1)!;
      const { token, expires } = grants.open({ torrent, index, name, size: file.length });
      const path = `/stream/${token}/${encodeURIComponent(name)}`;
      reply.code(201);
      return { url: `http://${request.headers.host}${path}`, path, expires };
    },
    stream: play,
    streamHead: play,
  };
}
