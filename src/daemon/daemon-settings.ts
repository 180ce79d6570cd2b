// What can be changed while the daemon runs: defaults, what callers of the API changed, and above both what a flag, the
// environment or the config file has fixed. Keeps the changes; the user's own files are never written.

import { Check } from 'typebox/value';
import { Settings, type SettingsChange } from '../api/settings-schemas.ts';
import { ShoalError } from '../base/errors.ts';
import { readRecord, writeRecord } from './record-file.ts';

export const DEFAULT_SETTINGS: Readonly<Settings> = {
  down: 0,
  up: 0,
  alternative: false,
  altDown: 50_000,
  altUp: 50_000,
  altTimes: { on: false, days: [0, 1, 2, 3, 4, 5, 6], from: 9 * 60, to: 17 * 60 },
  limitLan: true,
  schedule: [],
  maxConnections: 500,
  activeDownloads: 0,
  activeSeeds: 0,
  ratio: null,
  seedTime: null,
  idleTime: null,
  startAdded: true,
  moveTo: null,
  watch: null,
};

export type SettingKey = keyof Settings;

/** A value that callers of the API cannot change, and what fixed it: `--down`, say. */
export type FixedSettings = { readonly [K in SettingKey]?: { readonly value: Settings[K]; readonly by: string } };

export class DaemonSettings {
  readonly #path: string;
  #fixed: FixedSettings;
  #changed: Partial<Settings>;
  #saving: Promise<void> = Promise.resolve();
  /** Called whenever something has changed. */
  onChange: () => void = () => {};

  private constructor(path: string, fixed: FixedSettings, changed: Partial<Settings>) {
    this.#path = path;
    this.#fixed = fixed;
    this.#changed = changed;
  }

  /** Throws ERR_STATE. A damaged file counts as none and is told. */
  static async open(path: string, fixed: FixedSettings, onDamaged: (message: string) => void): Promise<DaemonSettings> {
    const value = await readRecord(path, onDamaged);
    return new DaemonSettings(path, fixed, known(value));
  }

  /** Other values are fixed from now on. */
  refix(fixed: FixedSettings): void {
    this.#fixed = fixed;
    this.onChange();
  }

  get current(): Settings {
    const fixed = Object.fromEntries(Object.entries(this.#fixed).map(([name, { value }]) => [name, value]));
    return { ...DEFAULT_SETTINGS, ...this.#changed, ...(fixed as Partial<Settings>) };
  }

  /** What the session is to hold to: the alternative limits while they are switched on, never more than what is fixed. */
  get rates(): Pick<Settings, 'down' | 'up' | 'schedule'> {
    const { alternative, altDown, altUp, down, up, schedule } = this.current;
    if (!alternative) return { down, up, schedule };
    const within = (rate: number, bound = 0) => (rate > 0 && bound > 0 ? Math.min(rate, bound) : rate + bound);
    const fixed = this.#fixed;
    return {
      down: within(altDown, fixed.down?.value),
      up: within(altUp, fixed.up?.value),
      schedule: fixed.schedule?.value ?? [],
    };
  }

  get locked(): { name: string; by: string }[] {
    return Object.entries(this.#fixed).map(([name, { by }]) => ({ name, by }));
  }

  /** On disk when this resolves. Throws ERR_NOT_ALLOWED for what is fixed, and ERR_STATE. */
  async change(change: SettingsChange): Promise<void> {
    for (const name of Object.keys(change) as SettingKey[]) {
      const fixed = this.#fixed[name];
      if (fixed !== undefined)
        throw new ShoalError('ERR_NOT_ALLOWED', `${name} was fixed by ${fixed.by} and cannot be changed here`, {
          reason: 'locked',
        });
    }
    const changed: Record<string, unknown> = { ...this.#changed };
    for (const [name, value] of Object.entries(change)) {
      // Null is a value where the default is null, and the way back to the default elsewhere.
      if (value === null && DEFAULT_SETTINGS[name as SettingKey] !== null) delete changed[name];
      else if (value !== undefined) changed[name] = value;
    }
    this.#changed = changed as Partial<Settings>;
    this.onChange();
    const saved = { ...this.#changed };
    this.#saving = this.#saving.catch(() => undefined).then(() => writeRecord(this.#path, saved));
    await this.#saving;
  }
}

/** Settings of a known name and the shape they have in this version; the checksum has vouched for the rest. */
function known(value: unknown): Partial<Settings> {
  if (typeof value !== 'object' || value === null) return {};
  const entries = Object.entries(value).filter(
    ([name, each]) => Object.hasOwn(DEFAULT_SETTINGS, name) && Check(Settings.properties[name as SettingKey], each),
  );
  return Object.fromEntries(entries) as Partial<Settings>;
}
