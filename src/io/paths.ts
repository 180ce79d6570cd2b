// Where the program keeps its own files: XDG on Linux, the usual places on macOS and Windows, systemd's directories where
// they are set. Having no home directory is not an error.

import { accessSync, constants, existsSync, lstatSync, mkdirSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { ShoalError } from '../base/errors.ts';
import { errnoOf, toDiskError } from './disk/disk-error.ts';

export interface Directories {
  /** `config.toml`. Never written to by the program. */
  config: string;
  /** Identity, resume records, the tracker's catalog. */
  state: string;
  cache: string;
  /** Sockets and such; gone after a restart of the machine. */
  runtime: string;
}

const NAME = 'shoal';

/** The four directories; none of them is made. `platform` as in `process.platform`. */
export function findDirectories(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
): Directories {
  const home = findHome(env, platform);
  const fallback = join(tmpdir(), `${NAME}-${userTag()}`);
  const below = (...parts: string[]): string | undefined => (home === undefined ? undefined : join(home, ...parts));
  const usual =
    platform === 'win32' ? windowsPlaces(env, below) : platform === 'darwin' ? macPlaces(below) : xdgPlaces(below);
  const place = (systemd: string, xdg: string, kind: keyof Directories): string =>
    firstAbsolute(env[systemd]) ?? withName(env[xdg]) ?? usual[kind] ?? join(fallback, kind);
  return {
    config: place('CONFIGURATION_DIRECTORY', 'XDG_CONFIG_HOME', 'config'),
    state: place('STATE_DIRECTORY', 'XDG_STATE_HOME', 'state'),
    cache: place('CACHE_DIRECTORY', 'XDG_CACHE_HOME', 'cache'),
    runtime: place('RUNTIME_DIRECTORY', 'XDG_RUNTIME_DIR', 'runtime'),
  };
}

type Below = (...parts: string[]) => string | undefined;
type Places = { [Kind in keyof Directories]: string | undefined };

function xdgPlaces(below: Below): Places {
  return {
    config: below('.config', NAME),
    state: below('.local', 'state', NAME),
    cache: below('.cache', NAME),
    runtime: undefined,
  };
}

function macPlaces(below: Below): Places {
  const support = below('Library', 'Application Support', 'Shoal');
  return {
    config: support,
    state: support === undefined ? undefined : join(support, 'State'),
    cache: below('Library', 'Caches', 'Shoal'),
    runtime: undefined,
  };
}

function windowsPlaces(env: Readonly<Record<string, string | undefined>>, below: Below): Places {
  const roaming = env.APPDATA ?? below('AppData', 'Roaming');
  const local = env.LOCALAPPDATA ?? below('AppData', 'Local');
  return {
    config: roaming === undefined ? undefined : join(roaming, 'Shoal'),
    state: local === undefined ? undefined : join(local, 'Shoal', 'State'),
    cache: local === undefined ? undefined : join(local, 'Shoal', 'Cache'),
    runtime: undefined,
  };
}

/** systemd gives a list with colons when a unit names several; the first is meant. */
function firstAbsolute(value: string | undefined): string | undefined {
  const first = value?.split(process.platform === 'win32' ? ';' : ':')[0];
  return first !== undefined && isAbsolute(first) ? first : undefined;
}

/** XDG: relative paths are to be ignored. */
function withName(value: string | undefined): string | undefined {
  return value !== undefined && isAbsolute(value) ? join(value, NAME) : undefined;
}

/** A home that is there and can be used; services and containers often have none. */
function findHome(env: Readonly<Record<string, string | undefined>>, platform: string): string | undefined {
  const named = platform === 'win32' ? env.USERPROFILE : env.HOME;
  const home = named === undefined || named === '' ? systemHome() : named;
  if (home === undefined || !isAbsolute(home) || !existsSync(home)) return undefined;
  try {
    accessSync(home, constants.W_OK);
    return home;
  } catch {
    // Not ours to write, but a directory inside it may have been made for us.
    return existsSync(join(home, '.local', 'state', NAME)) || existsSync(join(home, '.config', NAME))
      ? home
      : undefined;
  }
}

function systemHome(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}

function userTag(): string {
  if (process.getuid !== undefined) return String(process.getuid());
  try {
    return userInfo().username;
  } catch {
    return 'user';
  }
}

/**
 * Makes a directory for our own files, readable by us only, and refuses one that another user put there (in a shared
 * temporary directory anybody can).
 */
export function ensurePrivateDirectory(path: string): void {
  try {
    makeDirectory(path);
    if (process.getuid === undefined) return;
    const parts = path.startsWith(join(tmpdir(), NAME)) ? [path, join(tmpdir(), `${NAME}-${userTag()}`)] : [];
    for (const part of parts) {
      if (!existsSync(part)) continue;
      const found = lstatSync(part);
      if (found.isSymbolicLink() || found.uid !== process.getuid())
        throw new ShoalError(
          'ERR_STATE',
          `${part} belongs to another user; name a directory of your own with --state or --data`,
        );
    }
  } catch (error) {
    if (error instanceof ShoalError) throw error;
    const { message } = toDiskError(error, path, 'make the directory');
    throw new ShoalError('ERR_STATE', message, { cause: error });
  }
}

/** Where nothing can be made, as in /proc, Node would try to make the missing parents for ever although none is missing. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && existsSync(dirname(path))) throw error;
    mkdirSync(path, { recursive: true, mode: 0o700 });
  }
}
