// A piece whose bytes are all here is not had before it is written: until then nobody is told, nobody gets it, and
// progress does not count it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeRequest, MESSAGE } from '../../src/protocol/wire/messages.ts';
import { LoneSwarm } from './lone-swarm.ts';

test('a have is neither counted nor told nor served before the write', () => {
  const net = new LoneSwarm();
  net.autoCommit = false;
  const other = net.connect();
  other.signal(MESSAGE.interested);
  const seed = net.connect();
  seed.offer();
  seed.answerUntil(() => net.commits.length === 1);
  const { piece } = net.commits[0]!;
  const { ledger } = net.swarm.view.content!;
  net.pass(1_000);
  other.say(encodeRequest(piece, 0, 16_384));
  assert.equal(ledger.have.count, 0, 'counted before it was written');
  assert.equal(other.count(MESSAGE.have), 0, 'told before it was written');
  assert.equal(other.count(MESSAGE.reject), 1, 'not refused before it was written');
  assert.ok(net.log.every(({ type }) => type !== 'announcePiece' && type !== 'serve'));
  net.commit(piece);
  net.pass(1_000);
  assert.equal(ledger.have.count, 1);
  assert.deepEqual(other.indexes(MESSAGE.have), [piece]);
  assert.equal(net.log.filter(({ type }) => type === 'announcePiece').length, 1);
});
