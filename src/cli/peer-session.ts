// Opens the engine as the flags of a command say, and finds where the user's own files are kept.

import { lookup } from 'node:dns/promises';
import { join, resolve } from 'node:path';
import { type Endpoint, parseAddress } from '../base/endpoint.ts';
import { ShoalError } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import { formatRate } from '../base/quantity.ts';
import type { LimitRule, Limits, SessionOptions } from '../engine/types.ts';
import { findDirectories } from '../io/paths.ts';
import { DEFAULT_TRACKER, type Settings } from './settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export type PeerSettings = Pick<
  Settings,
  'tracker' | 'listen' | 'state' | 'down' | 'up' | 'noLimitLan' | 'schedule' | 'memory'
>;

/** Where config.toml is looked for. */
export function configFile(environment: Environment): string {
  return join(findDirectories(environment).config, 'config.toml');
}

export function stateDirectory(settings: Pick<Settings, 'state'>, environment: Environment): string {
  return settings.state === undefined ? findDirectories(environment).state : resolve(settings.state);
}

export function trackersOf(settings: Pick<Settings, 'tracker'>): string[] {
  return settings.tracker ?? [DEFAULT_TRACKER];
}

/** `purpose` is told to whoever finds one of the torrents in use, `detail` who asked for more. Host names are looked up here. */
export async function sessionOptions(
  settings: PeerSettings,
  environment: Environment,
  purpose: string,
  detail: (line: string) => void,
): Promise<SessionOptions> {
  const { listen, down, up, memory, noLimitLan, schedule } = settings;
  return {
    state: stateDirectory(settings, environment),
    trackers: trackersOf(settings),
    purpose,
    ...(listen === undefined ? {} : { listen: await resolveHost(listen, '--listen') }),
    ...(down === undefined ? {} : { down }),
    ...(up === undefined ? {} : { up }),
    ...(memory === undefined ? {} : { memory }),
    ...(noLimitLan ? { limitLan: false } : {}),
    ...(schedule === undefined ? {} : { schedule, onRule: (rule, limits) => detail(describeRule(rule, limits)) }),
  };
}

function describeRule(rule: LimitRule | undefined, { down, up }: Limits): string {
  const rate = (bytes = 0) => (bytes === 0 ? 'no limit' : formatRate(bytes));
  const name = rule === undefined ? 'no rule of the schedule holds' : `the rule "${printable(rule.text ?? '')}" holds`;
  return `${name}: down ${rate(down)}, up ${rate(up)}`;
}

/** The endpoint with its host as an address. An empty host stays: it means every interface. */
export async function resolveHost(endpoint: Endpoint, flag: string): Promise<Endpoint> {
  if (endpoint.host === '' || parseAddress(endpoint.host) !== undefined) return endpoint;
  try {
    const { address } = await lookup(endpoint.host);
    return { host: address, port: endpoint.port };
  } catch (error) {
    throw new ShoalError('ERR_USAGE', `${flag}: no address is known for the host "${endpoint.host}"`, { cause: error });
  }
}

export async function resolvePeers(peers: readonly Endpoint[] | undefined): Promise<Endpoint[]> {
  return Promise.all((peers ?? []).map((peer) => resolveHost(peer, '--peer')));
}

/** Where others reach a session, as one address. */
export function listenOf(session: { readonly listenAddresses: readonly string[]; readonly port: number }): string {
  return session.listenAddresses[0] ?? `:${session.port}`;
}
