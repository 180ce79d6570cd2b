// How failures look over HTTP: problem documents of RFC 9457 with Shoal's own codes. What went wrong inside the server is
// logged and not told.

import { type ErrorCode, ShoalError } from '../base/errors.ts';

export const PROBLEM_TYPE = 'application/problem+json';

export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  reason?: string;
  near?: string[];
}

/** Codes that are the caller's to mend. All others are the server's failures. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  ERR_USAGE: 400,
  ERR_INTERRUPTED: 503,
  ERR_NOT_ALLOWED: 403,
  ERR_NOT_FOUND: 404,
  ERR_NOT_IN_CATALOG: 404,
  ERR_DESTINATION: 409,
  ERR_LOCKED: 409,
  ERR_NAME_TAKEN: 409,
  ERR_PUBLISHER_CHANGED: 409,
  ERR_ROLLBACK: 409,
  ERR_BENCODE: 422,
  ERR_MAGNET: 422,
  ERR_METAINFO: 422,
  ERR_NAME: 422,
  ERR_SIGNATURE: 422,
  ERR_SOURCE: 422,
  ERR_QUOTA: 429,
  ERR_TRACKER_REPLY: 502,
  ERR_TRACKER_UNREACHABLE: 502,
};

const TITLES: Record<number, string> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'Too large',
  415: 'Unsupported media type',
  421: 'Misdirected request',
  422: 'Not acceptable content',
  429: 'Quota used up',
  500: 'Internal error',
  502: 'No answer from others',
  503: 'Not available now',
  507: 'No room on the disk',
};

/** A failure with the status it is answered with, where the code alone does not say. */
export class HttpError extends ShoalError {
  readonly status: number;
  /** Names the caller may have meant. */
  readonly near: readonly string[] | undefined;

  constructor(status: number, code: ErrorCode, message: string, detail: { reason?: string; near?: string[] } = {}) {
    super(code, message, detail.reason === undefined ? {} : { reason: detail.reason });
    this.status = status;
    this.near = detail.near;
  }
}

export function problem(
  status: number,
  code: ErrorCode,
  detail: string,
  more: { reason?: string | undefined; near?: readonly string[] | undefined } = {},
): ProblemDocument {
  return {
    type: `urn:shoal:error:${code}`,
    title: TITLES[status] ?? (status < 500 ? 'Bad request' : 'Internal error'),
    status,
    detail,
    code,
    ...(more.reason === undefined ? {} : { reason: more.reason }),
    ...(more.near === undefined || more.near.length === 0 ? {} : { near: [...more.near] }),
  };
}

/** Any failure as a problem document; its `status` is the reply's. `frank`: coded failures inside the server are told. */
export function toProblem(error: unknown, frank = false): ProblemDocument {
  if (error instanceof HttpError)
    return problem(error.status, error.code, error.message, { reason: error.reason, near: error.near });
  if (error instanceof ShoalError) {
    const status = STATUSES[error.code];
    if (status !== undefined) return problem(status, error.code, error.message, { reason: error.reason });
    if (error.reason === 'busy' || error.reason === 'closed')
      return problem(503, error.code, error.message, { reason: error.reason });
    return problem(500, error.code, frank ? error.message : 'the server could not do this; its log says why', {
      reason: frank ? error.reason : undefined,
    });
  }
  const status = statusOf(error);
  if (status !== undefined && status >= 400 && status < 500)
    return problem(status, 'ERR_USAGE', (error as Error).message);
  return problem(500, 'ERR_INTERNAL', 'the server failed; its log says why');
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined;
}
