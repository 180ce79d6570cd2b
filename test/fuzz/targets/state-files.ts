// Small files that outlive a process: why a download was slow, bans, pins, the identity; and rules of the schedule. What is
// damaged is none or is refused by name; what is taken can be shown and is written again as the same.

import assert from 'node:assert/strict';
import { Output } from '../../../src/cli/output.ts';
import { tellWhy } from '../../../src/cli/render/why-view.ts';
import { parseLimitRule } from '../../../src/cli/schedule.ts';
import { parseWhyRecord } from '../../../src/cli/why-record.ts';
import { parseIdentity } from '../../../src/io/identity.ts';
import { parseBans } from '../../../src/io/stores/bans.ts';
import { parsePin } from '../../../src/io/stores/pins.ts';
import { accept, type FuzzTarget, note, utf8 } from '../oracle.ts';

const HASH = 'ab'.repeat(20);
const KEY = 'cd'.repeat(32);
const NOW = 1_000;

const why = {
  version: 1,
  pid: 5,
  at: 1_700_000_000_000,
  ended: 'done',
  infoHash: HASH,
  name: 'film.mkv',
  size: 100,
  have: 50,
  wanted: 80,
  limits: { down: 0, up: 5 },
  times: { choked: 5, receiving: 10, nobodyHas: 1 },
  connected: 1,
  piecesNowhere: 1,
  lastSeen: { address: '1.2.3.4:5', at: 1_699_999_000_000 },
  peers: [
    { address: '1.2.3.4:5', client: 'Shoal 1', downloaded: 5, uploaded: 6, down: { choked: 5 }, up: { sending: 7 } },
  ],
};
const bans = {
  format: 'shoal-bans-v1',
  bans: [{ address: '1.2.3.4', since: 1, until: 9_000, reason: 'sent blocks that were not what they should be' }],
};
const pin = { format: 'shoal-pin-v1', name: 'n', publisher: KEY, seq: 3, infoHash: HASH, hash: KEY };

let told = '';
const sink = {
  write: (text: string): void => {
    told += text;
  },
};
const output = new Output({ stdout: sink, stderr: sink, environment: {} });

export const stateFiles: FuzzTarget = {
  name: 'state-files',
  maxLength: 20_000,
  seeds: utf8(
    JSON.stringify(why),
    JSON.stringify(bans),
    JSON.stringify(pin),
    `# a comment\nshoal-identity-v1 ${KEY} ${KEY}\n`,
    'null',
    '[]',
    '{"format":"shoal-bans-v2"}',
  ),
  tokens: utf8(
    'null',
    '-1',
    '1e400',
    '0.5',
    '{}',
    '[]',
    '[null]',
    '"__proto__":',
    '"constructor":5,',
    '"times":',
    '"peers":',
    '"bans":',
    '"until":',
    'shoal-bans-v1',
    '\\u001b[2J',
    ',',
    '}',
  ),
  fuzz(bytes) {
    const text = Buffer.from(bytes).toString('utf8');
    const record = parseWhyRecord(text);
    if (record !== undefined) {
      note(`why ${Object.keys(record.times).length} ${record.peers.length}`);
      told = '';
      for (const running of [false, true]) {
        output.json = running;
        tellWhy(output, record, running);
      }
      assert.ok(told.length < 20 * bytes.length + 10_000);
      assert.ok(!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(told), 'control characters reach the terminal');
      assert.doesNotMatch(told, /NaN|undefined|function/);
      // JSON knows one zero.
      const json = JSON.stringify(record);
      assert.equal(JSON.stringify(parseWhyRecord(json)), json);
    }
    const kept = accept('ERR_STATE', () => parseBans(text, NOW, '/bans.json'));
    if (kept !== undefined && kept.length > 0) {
      note(`bans ${kept.length}`);
      for (const ban of kept) assert.ok(ban.until > NOW && ban.address.length <= 45 && ban.reason.length <= 200);
      const json = JSON.stringify({ format: 'shoal-bans-v1', bans: kept });
      assert.equal(JSON.stringify(parseBans(json, NOW, '')), JSON.stringify(kept));
    }
    const pinned = accept('ERR_STATE', () => parsePin(text, 'n', '/pin'));
    if (pinned !== undefined) {
      const again = parsePin(JSON.stringify({ format: 'shoal-pin-v1', ...pinned }), 'n', '/pin');
      assert.equal(JSON.stringify(again), JSON.stringify(pinned));
    }
    const identity = accept('ERR_USAGE', () => parseIdentity(text, '/identity'));
    if (identity !== undefined) assert.match(identity.publicKey, /^[0-9a-f]{64}$/);
  },
};

export const schedule: FuzzTarget = {
  name: 'schedule',
  maxLength: 1_000,
  seeds: utf8(
    'Mon-Fri 08:00-18:00 down=1M up=200K',
    '22:00-06:00 up=0',
    'Sat,Sun 00:00-24:00 down=1.5M/s',
    'Sat-Mon,Wed 9:05-9:06 down=5 up=6',
  ),
  tokens: utf8('Mon', '-', ',', ' ', 'Sun', '24:00', '00:00', 'down=', 'up=', '1M', '60', 'K', '\t', ':', '='),
  fuzz(bytes) {
    const rule = parseLimitRule(Buffer.from(bytes).toString('utf8'));
    note(rule === undefined ? 'refused' : `${rule.days.length} ${Object.keys(rule).length}`);
    if (rule === undefined) return;
    const { days, from, to, down, up } = rule;
    assert.ok(days.length > 0 && new Set(days).size === days.length);
    assert.ok(days.every((day, i) => Number.isInteger(day) && day >= 0 && day < 7 && (i === 0 || day > days[i - 1]!)));
    assert.ok(Number.isInteger(from) && from >= 0 && from < 1440);
    assert.ok(Number.isInteger(to) && to >= 0 && to <= 1440 && to !== from);
    assert.ok(down !== undefined || up !== undefined);
    for (const rate of [down, up]) assert.ok(rate === undefined || (Number.isSafeInteger(rate) && rate >= 0));
    assert.deepEqual(parseLimitRule(rule.text!), rule);
  },
};
