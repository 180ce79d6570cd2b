// Shapes of what can be changed while a daemon runs. Rates are bytes per second; 0: no limit.

import { type Static, Type } from 'typebox';
import { orNull } from './schema-parts.ts';

const Rate = Type.Integer({
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'Bytes per second; 0: no limit',
});
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Directory = Type.String({ minLength: 1, maxLength: 4096 });
const STRICT = { additionalProperties: false };

/** Limits for a part of the week. */
export const ScheduleRule = Type.Object(
  {
    days: Type.Array(Type.Integer({ minimum: 0, maximum: 6 }), {
      minItems: 1,
      maxItems: 7,
      description: 'On which it begins, 0: Sunday',
    }),
    from: Type.Integer({ minimum: 0, maximum: 1439, description: "Minutes since midnight by the daemon's clock" }),
    to: Type.Integer({ minimum: 0, maximum: 1440, description: 'Before `from`: over midnight' }),
    down: Type.Optional(Rate),
    up: Type.Optional(Rate),
  },
  STRICT,
);

/** A part of the week in which the alternative limits are switched on, and off at its end. */
export const AlternativeTimes = Type.Object(
  {
    on: Type.Boolean({ description: 'Whether the clock switches at all' }),
    days: Type.Array(Type.Integer({ minimum: 0, maximum: 6 }), {
      maxItems: 7,
      description: 'On which it begins, 0: Sunday',
    }),
    from: ScheduleRule.properties.from,
    to: ScheduleRule.properties.to,
  },
  STRICT,
);

export const Settings = Type.Object({
  down: Rate,
  up: Rate,
  alternative: Type.Boolean({
    description:
      '`altDown` and `altUp` hold in place of `down`, `up` and `schedule`; a rate that is fixed still bounds them',
  }),
  altDown: Rate,
  altUp: Rate,
  altTimes: AlternativeTimes,
  limitLan: Type.Boolean({ description: 'Limits hold for peers in the same network, too' }),
  schedule: Type.Array(ScheduleRule, {
    maxItems: 50,
    description: 'The first rule that holds goes before `down` and `up`; what it does not name stays',
  }),
  maxConnections: Type.Integer({ minimum: 1, maximum: 100_000, description: 'Of all torrents together' }),
  activeDownloads: Type.Integer({ minimum: 0, maximum: 100_000, description: 'Downloads at a time; 0: all' }),
  activeSeeds: Type.Integer({ minimum: 0, maximum: 100_000, description: 'Seeds at a time; 0: all' }),
  ratio: orNull(Type.Number({ minimum: 0, maximum: 1e6 })),
  seedTime: orNull(Count),
  idleTime: orNull(Count),
  startAdded: Type.Boolean({ description: 'Whether what is added runs at once' }),
  moveTo: orNull(Directory, 'Where downloads are moved when they are complete; null: they stay'),
  watch: orNull(Directory, 'A folder: .torrent and .magnet files that are put there are added'),
});
export type Settings = Static<typeof Settings>;

const { properties } = Settings;

export const SettingsChange = Type.Object(
  {
    down: Type.Optional(orNull(properties.down)),
    up: Type.Optional(orNull(properties.up)),
    alternative: Type.Optional(orNull(properties.alternative)),
    altDown: Type.Optional(orNull(properties.altDown)),
    altUp: Type.Optional(orNull(properties.altUp)),
    altTimes: Type.Optional(orNull(properties.altTimes)),
    limitLan: Type.Optional(orNull(properties.limitLan)),
    schedule: Type.Optional(orNull(properties.schedule)),
    maxConnections: Type.Optional(orNull(properties.maxConnections)),
    activeDownloads: Type.Optional(orNull(properties.activeDownloads)),
    activeSeeds: Type.Optional(orNull(properties.activeSeeds)),
    ratio: Type.Optional(properties.ratio),
    seedTime: Type.Optional(properties.seedTime),
    idleTime: Type.Optional(properties.idleTime),
    startAdded: Type.Optional(orNull(properties.startAdded)),
    moveTo: Type.Optional(properties.moveTo),
    watch: Type.Optional(properties.watch),
  },
  STRICT,
);
export type SettingsChange = Static<typeof SettingsChange>;
