// `shoal where`: who holds which pieces of a name, and which pieces are rarest.

import { whereName } from '../../engine/catalog-where.ts';
import { catalogAccess } from '../catalog-access.ts';
import type { COMMON, CommandRun } from '../command.ts';
import { tellHolders } from '../render/where-view.ts';

export const run: CommandRun<'tracker' | 'state' | (typeof COMMON)[number]> = async (context, settings, [name]) => {
  const { trackers, pins } = catalogAccess(settings, context.environment);
  tellHolders(context.output, await whereName({ trackers, pins, name: name!.normalize('NFC') }));
};
