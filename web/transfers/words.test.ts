// What the list and the menus say: sentences, shell commands, limits as text.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TorrentRow } from '../../src/api/daemon-schemas.ts';
import { parseRate, parseSeconds } from '../../src/base/quantity.ts';
import { rateText, secondsText } from './limit-text.ts';
import { commandFor, wordFor } from './shell-command.ts';
import { statusSentence } from './status-sentence.ts';

const ROW = {
  state: 'downloading',
  size: 1000,
  wanted: 1000,
  have: 400,
  pieceCount: 12,
  piecesWanted: 10,
  peers: 3,
  down: 10,
  up: 0,
  position: 2,
  checked: 0.5,
  error: null,
  waiting: null,
} as TorrentRow;

test('a sentence says what is wrong before anything else', () => {
  const say = (change: Partial<TorrentRow>, nowhere = 0, address?: string): string => {
    const lastSeen = address === undefined ? null : { address, at: 1_000_000 };
    const { text, tone } = statusSentence({ ...ROW, ...change }, { nowhere, lastSeen }, 8_500_000);
    return `${tone}: ${text}`;
  };
  assert.equal(say({}), 'plain: 1m 00s left');
  assert.equal(say({ down: 0 }), 'warning: 3 peers, none sends');
  assert.equal(say({ down: 0, peers: 1 }, 3), 'warning: no peer has 3 of 10 pieces');
  assert.equal(say({ down: 0, peers: 1 }, 10), 'warning: no peer has any of 10 pieces');
  assert.equal(say({ peers: 0, down: 0 }, 3), 'warning: no peers');
  assert.equal(
    say({ down: 0 }, 3, '10.0.0.7:6881'),
    'warning: no peer has 3 of 10 pieces; last seen with 10.0.0.7, 2h ago',
  );
  assert.equal(say({ peers: 0, down: 0 }, 3, '[fd00::7]:1'), 'warning: no peers; last seen with [fd00::7], 2h ago');
  assert.equal(say({ state: 'queued' }), 'plain: waits for its turn, place 3');
  assert.equal(say({ state: 'checking' }), 'plain: checking what is on disk, 50%');
  assert.equal(say({ state: 'metadata', peers: 1 }), 'plain: asking 1 peer what is in it');
  assert.equal(say({ state: 'seeding' }), 'plain: seeding, nobody asks');
  assert.equal(say({ error: { code: 'ERR_DISK', message: 'the disk is gone' } }), 'danger: the disk is gone');
  assert.equal(say({ waiting: { code: 'ERR_DISK_FULL', message: 'the disk is full' } }), 'warning: the disk is full');
});

test('a name becomes a word that a shell takes as it stands', () => {
  const infoHash = 'ab'.repeat(20);
  for (const [name, word] of [
    ['film.mkv', 'film.mkv'],
    ['two words.iso', "'two words.iso'"],
    ["it's.ogg", "'it'\\''s.ogg'"],
    ['$(rm -rf ~)', infoHash],
    ['`x`', infoHash],
    ['a\nb', infoHash],
    ['-rf', infoHash],
    ['all', infoHash],
    ['', infoHash],
    ['a; b', infoHash],
    ['\u202egpj.exe', infoHash],
    ['x'.repeat(61), infoHash],
  ])
    assert.equal(wordFor({ name: name!, infoHash }), word, name);
  const many = ['a', 'b', 'c', 'd'].map((name) => ({ name, infoHash }));
  assert.equal(commandFor('limit', many, '--up 1M'), 'shoal limit a b c … --up 1M');
});

test('limits are written as they are read', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 45 }), (value) => assert.equal(parseRate(rateText(value)), value)),
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 8 }), (value) => assert.equal(parseSeconds(secondsText(value)), value)),
  );
  assert.equal(rateText(2 * 1024 * 1024), '2M');
  assert.deepEqual(
    [secondsText(5400), secondsText(7200), secondsText(null), secondsText(undefined)],
    ['90m', '2h', 'none', ''],
  );
  assert.equal(rateText(undefined), '');
});
