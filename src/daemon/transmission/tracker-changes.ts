// How the trackers of a torrent are changed in the words of Transmission's RPC: the whole list as text, or single trackers by
// the ids that `trackers` has: their places in the list.

import { type Arguments, RpcFailure } from './arguments.ts';

/** What a call asks for; undefined: nothing. `before`: the tiers as they are. Throws RpcFailure. */
export function changeTiers(args: Arguments, before: readonly (readonly string[])[]): string[][] | undefined {
  const list = args.text('trackerList');
  if (list !== undefined) return parseTiers(list);
  const added = args.texts('trackerAdd') ?? [];
  const removed = args.numbers('trackerRemove') ?? [];
  const replaced = readPairs(args.raw('trackerReplace'));
  if (added.length + removed.length + replaced.size === 0) return undefined;
  let id = 0;
  const tiers: string[][] = [];
  for (const tier of before) {
    const kept: string[] = [];
    for (const url of tier) {
      if (!removed.includes(id)) kept.push(replaced.get(id) ?? url);
      id++;
    }
    if (kept.length > 0) tiers.push(kept);
  }
  for (const wrong of [...removed, ...replaced.keys()])
    if (wrong >= id) throw new RpcFailure(`there is no tracker ${wrong}`);
  return [...tiers, ...added.map((url) => [url])];
}

/** Text as `trackerList` has it: a line a tracker, an empty line between tiers. */
function parseTiers(text: string): string[][] {
  const tiers = text.split(/\r?\n\s*\r?\n/).map((tier) => tier.split(/\r?\n/).map((line) => line.trim()));
  return tiers.map((tier) => tier.filter((line) => line !== '')).filter((tier) => tier.length > 0);
}

/** `[id, url, id, url, …]`. */
function readPairs(value: unknown): Map<number, string> {
  const pairs = new Map<number, string>();
  if (value === undefined || value === null) return pairs;
  if (!Array.isArray(value) || value.length % 2 !== 0 || value.length > 1000)
    throw new RpcFailure('trackerReplace is not a list of ids and addresses in turn');
  for (let at = 0; at < value.length; at += 2) {
    const [id, url] = [value[at] as unknown, value[at + 1] as unknown];
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || typeof url !== 'string')
      throw new RpcFailure('trackerReplace is not a list of ids and addresses in turn');
    pairs.set(id, url);
  }
  return pairs;
}
