// opentracker as the tracker of tests: Debian's build serves only the info-hashes of a list, and drops root first.

import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { Program } from './program.ts';
import { eventually, temporaryDirectory } from './shoal.ts';

export interface Opentracker {
  /** Announce URL. */
  url: string;
  /** Seeds and peers of a swarm, by its own scrape. */
  scrape(infoHash: string): Promise<{ complete: number; incomplete: number }>;
}

export async function startOpentracker(infoHashes: readonly string[]): Promise<Opentracker> {
  const directory = await temporaryDirectory('opentracker');
  await chmod(directory, 0o755);
  await writeFile(join(directory, 'list'), infoHashes.map((infoHash) => `${infoHash}\n`).join(''));
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const started = new Program([
    'opentracker',
    ...['-i', '127.0.0.1', '-p', String(port), '-P', String(port)],
    ...['-u', 'nobody', '-d', directory, '-w', 'list'],
  ]);
  const scrape = async (infoHash: string) => {
    const escaped = infoHash.replace(/../g, '%$&');
    const text = await (await fetch(`${base}/scrape?info_hash=${escaped}`)).text();
    const number = (key: string) => Number(new RegExp(`${key}i(\\d+)e`).exec(text)?.[1] ?? 0);
    return { complete: number('8:complete'), incomplete: number('10:incomplete') };
  };
  await eventually(async () => {
    if (started.ended !== undefined) throw started.failure('ended');
    return await scrape('00'.repeat(20)).catch(() => undefined);
  }, 'opentracker answers');
  return { url: `${base}/announce`, scrape };
}
