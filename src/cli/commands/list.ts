// `shoal list`: what the catalogs offer.

import { listFiles } from '../../engine/catalog.ts';
import type { COMMON, CommandRun } from '../command.ts';
import { trackersOf } from '../peer-session.ts';
import { tellFiles } from '../render/list-view.ts';

export const run: CommandRun<'tracker' | 'state' | (typeof COMMON)[number]> = async ({ output }, settings, [query]) => {
  tellFiles(output, await listFiles({ trackers: trackersOf(settings), query }), query);
};
