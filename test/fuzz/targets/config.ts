// The config file: read, or refused with its name and a line that exists.

import assert from 'node:assert/strict';
import { parseConfig } from '../../../src/cli/config-file.ts';
import { resolveSettings, SETTINGS, type SettingName } from '../../../src/cli/settings.ts';
import { accept, acceptLater, type FuzzTarget, utf8 } from '../oracle.ts';

const COMMANDS = ['get', 'share', 'tracker'];
const PATH = '/home/me/config.toml';

export const config: FuzzTarget = {
  name: 'config-file',
  maxLength: 65_536,
  seeds: utf8(
    'tracker = ["http://10.0.0.5:7070"]\ndown = "5M"\n[command.get]\nup = "1M"\nseed = true\n',
    'piece-length = "1M"\nlisten = "0.0.0.0:1"\nmemory = 65536\n# a comment\n',
    '[command]\nget = 5\n',
    '__proto__ = 1\n[command.__proto__]\nx = 1\n',
    'a.b.c = 1\n[[command]]\n',
    'down = 1979-05-27T07:32:00Z\nup = inf\n',
  ),
  tokens: utf8(
    '[command.get]',
    '[command',
    ']',
    '=',
    '"',
    "'''",
    '\n',
    'tracker',
    'down',
    'true',
    '[',
    '{',
    '}',
    ',',
    '#',
    '__proto__',
    'constructor',
    '0x1',
    '1e400',
    'nan',
    '.',
    '\\u0000',
  ),
  async fuzz(bytes) {
    const text = Buffer.from(bytes).toString('utf8');
    let line = 0;
    const file = await acceptLater('ERR_CONFIG', async () => {
      try {
        return await parseConfig(text, PATH, COMMANDS);
      } catch (error) {
        line = Number(/^\/home\/me\/config\.toml:(\d+):/.exec((error as Error).message)?.[1]);
        throw error;
      }
    });
    if (file === undefined) {
      assert.ok(line >= 1 && line <= text.split('\n').length, `line ${line} of ${text.split('\n').length}`);
      return;
    }
    for (const name of Object.keys(SETTINGS) as SettingName[])
      for (const command of COMMANDS)
        accept(['ERR_CONFIG', 'ERR_USAGE'], () => resolveSettings(command, [name], {}, {}, file));
  },
};
