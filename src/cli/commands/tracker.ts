// `shoal tracker`: the tracker with its catalog, in the foreground until it is stopped.

import { join, resolve } from 'node:path';
import { classifyAddress, parseAddress } from '../../base/endpoint.ts';
import { ShoalError } from '../../base/errors.ts';
import { findDirectories } from '../../io/paths.ts';
import { startTracker, type TrackerOptions } from '../../tracker/server.ts';
import type { COMMON, CommandContext, CommandRun } from '../command.ts';
import { untilAborted } from '../interrupt.ts';
import { openLog } from '../log.ts';
import type { Settings } from '../settings.ts';

const DEFAULT_LISTEN = { host: '127.0.0.1', port: 7070 };

type Taken = 'listen' | 'publicUrl' | 'data' | 'open' | 'admin' | (typeof COMMON)[number];

export const run: CommandRun<Taken> = async (context, settings) => {
  const { output, signal } = context;
  const options = await trackerOptions(context, settings);
  const tracker = await startTracker(options);
  try {
    const { url, host, port } = tracker;
    const { dataDir, adminTokenFile } = options;
    output.event('listening', { url, host, port, data: dataDir, adminTokenFile, open: settings.open });
    output.result(`Listening on ${url}`);
    output.say(`Operator's token in ${adminTokenFile}`);
    const address = parseAddress(host);
    if (address !== undefined && classifyAddress(address) === 'loopback' && settings.publicUrl === undefined)
      output.say(`Only this machine can reach it; --listen 0.0.0.0:${port} serves the network.`);
    await untilAborted(signal);
  } finally {
    await tracker.close();
  }
  const { code } = signal.reason as ShoalError;
  throw new ShoalError(code, 'the tracker has stopped; everything published is kept');
};

async function trackerOptions(
  { environment }: CommandContext,
  settings: Pick<Settings, Taken>,
): Promise<TrackerOptions & { adminTokenFile: string }> {
  const { listen, publicUrl, data, open, admin, logLevel, verbose } = settings;
  const dataDir = data === undefined ? join(findDirectories(environment).state, 'tracker') : resolve(data);
  const log = await openLog(logLevel ?? (verbose ? 'info' : undefined));
  return {
    listen: listen ?? DEFAULT_LISTEN,
    listenOrigin: listen === undefined ? 'default' : '--listen',
    dataDir,
    open,
    adminTokenFile: admin === undefined ? join(dataDir, 'admin.token') : resolve(admin),
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...(log === undefined ? {} : { log }),
  };
}
