// What a command needs to read and write catalogs as the user: trackers, identity and pins, all from the state directory.

import { join } from 'node:path';
import { type Identity, openIdentity } from '../io/identity.ts';
import { FilePins, type Pins } from '../io/stores/pins.ts';
import { stateDirectory, trackersOf } from './peer-session.ts';
import type { Settings } from './settings.ts';

export interface CatalogAccess {
  trackers: string[];
  pins: Pins;
  /** Made on first use. */
  identity(): Promise<Identity>;
}

export function catalogAccess(
  settings: Pick<Settings, 'tracker' | 'state'>,
  environment: Readonly<Record<string, string | undefined>>,
): CatalogAccess {
  const state = stateDirectory(settings, environment);
  return {
    trackers: trackersOf(settings),
    pins: new FilePins(join(state, 'pins')),
    identity: () => openIdentity(state),
  };
}
