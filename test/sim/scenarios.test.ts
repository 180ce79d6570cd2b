// The chosen situations in small: each number that `npm run sim -- --report` tells, against its bound where a small swarm
// can keep it.

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  churn,
  fastAmongSlow,
  fewRiders,
  isMet,
  lateAnswers,
  type Measure,
  newcomers,
  oneHonestCopy,
  superSeed,
  titForTat,
  unequalSeeds,
} from './scenarios.ts';

function check(measures: readonly Measure[]): void {
  for (const measure of measures)
    assert.ok(isMet(measure), `${measure.name}: ${measure.value}, bound ${measure.bound}`);
}

test('with one honest copy every download ends in time', () => check(oneHonestCopy(0.5)));
test('a super-seed sends each piece about once', () => check(superSeed(0.4)));
test('sharers end well before free riders', () => check(titForTat(1)));
test('a tenth of free riders costs the others little', () => check(fewRiders(0.7)));
test('newcomers get their first piece soon and nobody starves', () => check(newcomers(0.3)));
test('fast peers among slow ones are used', () => check(fastAmongSlow(1)));
test('of unequal seeds all are used to the end, and hardly anything comes twice', () => check(unequalSeeds(1)));
test('with half of the peers killed each minute all end', () => check(churn(0.3)));
test('no have-bit stands over wrong bytes, however late the answers', () => check(lateAnswers(0.7)));
