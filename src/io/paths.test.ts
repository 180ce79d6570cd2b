import assert from 'node:assert/strict';
import { mkdirSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { temporaryFolder } from '../../test/harness/sample-torrent.ts';
import { ensurePrivateDirectory, findDirectories } from './paths.ts';

describe('own directories', () => {
  it('follow XDG', async (t) => {
    const home = await temporaryFolder(t);
    assert.deepEqual(findDirectories({ HOME: home, XDG_RUNTIME_DIR: '/run/user/5' }, 'linux'), {
      config: join(home, '.config', 'shoal'),
      state: join(home, '.local', 'state', 'shoal'),
      cache: join(home, '.cache', 'shoal'),
      runtime: '/run/user/5/shoal',
    });
    const env = { HOME: home, XDG_CONFIG_HOME: '/c', XDG_STATE_HOME: '/s', XDG_CACHE_HOME: 'relative' };
    const found = findDirectories(env, 'linux');
    assert.deepEqual([found.config, found.state, found.cache], ['/c/shoal', '/s/shoal', join(home, '.cache', 'shoal')]);
  });

  it('are those of systemd where it names some', async (t) => {
    const home = await temporaryFolder(t);
    const found = findDirectories(
      {
        HOME: home,
        XDG_STATE_HOME: '/s',
        STATE_DIRECTORY: '/var/lib/shoal:/var/lib/other',
        CACHE_DIRECTORY: '/var/cache/shoal',
        RUNTIME_DIRECTORY: '/run/shoal',
        CONFIGURATION_DIRECTORY: '/etc/shoal',
      },
      'linux',
    );
    assert.deepEqual(found, {
      config: '/etc/shoal',
      state: '/var/lib/shoal',
      cache: '/var/cache/shoal',
      runtime: '/run/shoal',
    });
  });

  it('are the usual ones of macOS and Windows', async (t) => {
    const home = await temporaryFolder(t);
    const mac = findDirectories({ HOME: home }, 'darwin');
    assert.equal(mac.config, join(home, 'Library', 'Application Support', 'Shoal'));
    assert.equal(mac.cache, join(home, 'Library', 'Caches', 'Shoal'));
    const windows = findDirectories(
      { USERPROFILE: home, APPDATA: join(home, 'R'), LOCALAPPDATA: join(home, 'L') },
      'win32',
    );
    assert.equal(windows.config, join(home, 'R', 'Shoal'));
    assert.equal(windows.state, join(home, 'L', 'Shoal', 'State'));
  });

  it('are private temporary ones without a home', () => {
    const user = process.getuid?.() ?? '';
    for (const HOME of ['/nonexistent', 'relative']) {
      const found = findDirectories({ HOME }, 'linux');
      assert.equal(found.state, join(tmpdir(), `shoal-${user}`, 'state'));
      assert.equal(found.config, join(tmpdir(), `shoal-${user}`, 'config'));
    }
  });

  it('are made for us alone', async (t) => {
    const path = join(await temporaryFolder(t), 'a', 'b');
    ensurePrivateDirectory(path);
    assert.equal(statSync(path).mode & 0o777, 0o700);
    ensurePrivateDirectory(path);
  });

  it('are an error where nothing can be made', { skip: process.platform !== 'linux' }, () => {
    assert.throws(() => ensurePrivateDirectory('/proc/shoal'), { code: 'ERR_STATE', message: /\/proc\/shoal/ });
  });

  it('are refused where another could have put them', { skip: process.platform === 'win32' }, async (t) => {
    const elsewhere = await temporaryFolder(t);
    const trap = join(tmpdir(), `shoal-trap-${process.pid}`);
    symlinkSync(elsewhere, trap);
    t.after(async () => (await import('node:fs')).rmSync(trap));
    mkdirSync(join(elsewhere, 'state'));
    assert.throws(() => ensurePrivateDirectory(trap), { code: 'ERR_STATE', message: /belongs to another user/ });
  });
});
