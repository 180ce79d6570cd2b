// Leafing through the catalogs of several trackers as through one, a page at a time: each tracker goes on where it ended.

import { ShoalError } from '../base/errors.ts';
import { type ListedFile, mergeFiles } from './catalog.ts';
import { type AskOptions, askTrackers, normalizeTrackers, type TrackerFailure } from './catalog-trackers.ts';

export interface PageOptions extends AskOptions {
  trackers: readonly string[];
  query: string;
  /** Entries from each tracker. */
  limit: number;
  /** `next` of the page before. */
  after: string | undefined;
}

export interface CatalogPage {
  /** By name. Nothing in it is verified: to use an entry, resolve its name. */
  files: ListedFile[];
  /** Names in the largest of the catalogs. */
  total: number;
  answered: string[];
  failures: TrackerFailure[];
  /** Undefined when no tracker that answered has more. */
  next: string | undefined;
}

/** Throws ERR_USAGE for what is no `next`, and ERR_TRACKER_UNREACHABLE when nobody answers. */
export async function listPage({ trackers, query, limit, after, ...asking }: PageOptions): Promise<CatalogPage> {
  const known = after === undefined ? undefined : readNext(after);
  const bases = normalizeTrackers(trackers).filter((base) => known === undefined || known[base] !== undefined);
  if (bases.length === 0) return { files: [], total: 0, answered: [], failures: [], next: undefined };
  const cursors = new Map(bases.map((base) => [base, known?.[base]]));
  const { answers, failures } = await askTrackers(
    bases,
    async (client, signal) => {
      const cursor = cursors.get(client.url);
      const reply = await client.list({
        query: { q: query, limit, ...(cursor === undefined ? {} : { cursor }) },
        signal,
      });
      return { ...reply, files: reply.files.slice(0, limit) };
    },
    asking,
  );
  const next = answers.flatMap(({ tracker, value }) =>
    value.next === undefined || value.files.length === 0 ? [] : [[tracker, value.next] as const],
  );
  return {
    files: mergeFiles(answers),
    total: Math.max(0, ...answers.map(({ value }) => value.total)),
    answered: answers.map(({ tracker }) => tracker),
    failures,
    next: next.length === 0 ? undefined : Buffer.from(JSON.stringify(Object.fromEntries(next))).toString('base64url'),
  };
}

function readNext(text: string): Record<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Object.values(value).some((each) => typeof each !== 'string'))
    throw new ShoalError('ERR_USAGE', 'this is no page that was given here; begin again without it', {
      reason: 'bad_cursor',
    });
  return { ...(value as Record<string, string>) };
}
