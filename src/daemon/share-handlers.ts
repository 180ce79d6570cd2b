// The handlers by which something is shared: thin, from shapes to uploads and jobs and back.

import { isAbsolute } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { DaemonRoutes } from '../api/daemon-routes.ts';
import type { shareEndpoints } from '../api/share-endpoints.ts';
import { ShoalError } from '../base/errors.ts';
import { HttpError } from '../http/problem.ts';
import type { HandlersFor } from '../http/route-table.ts';
import type { Access } from './access.ts';
import type { AllowedRoots } from './allowed-roots.ts';
import { listDirectory } from './directories.ts';
import type { ShareJobs } from './share-jobs.ts';
import { planUpload } from './upload-plan.ts';
import type { Uploads } from './uploads.ts';

export interface ShareHandlerContext {
  readonly uploads: Uploads;
  readonly shares: ShareJobs;
  readonly roots: AllowedRoots;
}

export type ShareHandlers = HandlersFor<Pick<DaemonRoutes, keyof typeof shareEndpoints>, Access>;

export function shareHandlers({ uploads, shares, roots }: ShareHandlerContext): ShareHandlers {
  return {
    uploads: () => ({ uploads: uploads.rows }),
    async startUpload({ body, reply }) {
      const row = await uploads.start(planUpload(body));
      reply.code(201);
      return row;
    },
    upload: ({ params }) => uploads.describe(params.id),
    async sendFile({ params, query, request, reply }) {
      const length = announcedLength(request);
      const taking = { offset: query.offset ?? 0, length, body: request.raw };
      return uploads.receive(params.id, params.index, taking).catch((error: unknown) => hangUp(reply, error));
    },
    async cancelUpload({ params }) {
      await uploads.cancel(params.id);
      return { cancelled: true };
    },
    async shareUpload({ params, body, reply }) {
      const { name } = uploads.describe(params.id);
      const request = { path: name, name: body?.name, publish: body?.publish !== false };
      // Before the files have moved.
      shares.check(request);
      const path = await uploads.finish(params.id);
      reply.code(202);
      return shares.share({ ...request, path });
    },
    shares: () => ({ shares: shares.rows }),
    async share({ body, owner, reply }) {
      if (owner && !isAbsolute(body.path))
        throw new ShoalError('ERR_USAGE', `${body.path} is no absolute path`, { reason: 'bad_path' });
      const path = await roots.checkShared(body.path, owner);
      reply.code(202);
      return shares.share({ path, name: body.name, publish: body.publish !== false });
    },
    async cancelShare({ params }) {
      if (!(await shares.cancel(params.id)))
        throw new HttpError(404, 'ERR_NOT_FOUND', 'there is no such share', { reason: 'no_such_share' });
      return { cancelled: true };
    },
    directories: ({ query }) => listDirectory(query.path, roots),
  };
}

function announcedLength(request: FastifyRequest): number | undefined {
  const text = request.headers['content-length'];
  return text === undefined ? undefined : Number(text);
}

/** What still comes of a body that is refused is read by nobody. */
function hangUp(reply: FastifyReply, error: unknown): never {
  reply.header('connection', 'close');
  throw error;
}
