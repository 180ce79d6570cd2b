// The announce schedule on a virtual clock, with trackers that answer, fail and refuse as each test scripts it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AnnounceSchedule, type ScheduleOptions } from './announce-schedule.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

interface Sent {
  at: number;
  url: string;
  event: string;
}

type Outcome =
  | { ok: true; interval?: number; minInterval?: number }
  | { ok: false; retryIn?: number | 'never'; minInterval?: number };
type Answer = (url: string, event: string, at: number) => Outcome;

/** Runs the schedule as the engine does; an announce takes 10 ms. */
class World {
  readonly schedule: AnnounceSchedule;
  readonly sent: Sent[] = [];
  now = 0;
  answer: Answer;
  #flights: { at: number; url: string; event: string }[] = [];

  constructor(options: Partial<ScheduleOptions> & { tiers: string[][] }, answer: Answer = () => ({ ok: true })) {
    this.schedule = new AnnounceSchedule({ random: () => 0.5, ...options });
    this.answer = answer;
  }

  do(event: Parameters<AnnounceSchedule['handle']>[0]): void {
    if (event.type === 'stopped') this.#flights = this.#flights.filter((flight) => flight.event === 'stopped');
    this.schedule.handle(event, this.now);
    for (const command of this.schedule.outbox.splice(0)) {
      this.sent.push({ at: this.now, url: command.url, event: command.event });
      this.#flights.push({ at: this.now + 10, url: command.url, event: command.event });
    }
  }

  runUntil(end: number): void {
    for (;;) {
      const flight = this.#flights.toSorted((a, b) => a.at - b.at)[0];
      const next = Math.min(flight?.at ?? Number.POSITIVE_INFINITY, this.schedule.nextDeadline());
      if (next > end) break;
      this.now = Math.max(this.now, next);
      if (flight !== undefined && flight.at <= next) {
        this.#flights.splice(this.#flights.indexOf(flight), 1);
        const { url } = flight;
        const outcome = this.answer(url, flight.event, this.now);
        if (outcome.ok) {
          const { interval = 30 * MINUTE, minInterval } = outcome;
          this.do({ type: 'answered', url, interval, ...(minInterval !== undefined && { minInterval }) });
        } else {
          const { ok: _, ...advice } = outcome;
          this.do({ type: 'failed', url, ...advice });
        }
      } else this.do({ type: 'deadlinePassed' });
    }
    this.now = end;
  }

  events(url: string): string[] {
    return this.sent.filter((sent) => sent.url === url).map((sent) => sent.event);
  }
}

test('started once, then a plain announce each interval', () => {
  const world = new World({ tiers: [['a']] }, () => ({ ok: true, interval: 10 * MINUTE }));
  assert.equal(world.schedule.nextDeadline(), Number.POSITIVE_INFINITY);
  world.do({ type: 'started' });
  world.do({ type: 'started' });
  world.runUntil(25 * MINUTE);
  assert.deepEqual(world.sent, [
    { at: 0, url: 'a', event: 'started' },
    { at: 10 * MINUTE + 10, url: 'a', event: '' },
    { at: 20 * MINUTE + 20, url: 'a', event: '' },
  ]);
});

test('one tracker of every tier is kept informed', () => {
  const world = new World({ tiers: [['a'], ['b'], ['c', 'a']] });
  world.do({ type: 'started' });
  world.runUntil(MINUTE);
  assert.deepEqual(world.sent.map((sent) => sent.url).sort(), ['a', 'b', 'c']);
});

test('the death of one tracker leaves the others in use', () => {
  const world = new World({ tiers: [['a'], ['b']] }, (url, _, at) =>
    url === 'a' && at > MINUTE ? { ok: false } : { ok: true, interval: 2 * MINUTE },
  );
  world.do({ type: 'started' });
  world.runUntil(60 * MINUTE);
  assert.ok(world.sent.filter((sent) => sent.url === 'b').length >= 29);
});

test('in strict order a tier is used only while all before it fail', () => {
  let aliveA = false;
  const world = new World({ tiers: [['a'], ['b'], ['c']], allTiers: false }, (url) =>
    url === 'a' && !aliveA ? { ok: false } : { ok: true, interval: 10 * MINUTE },
  );
  world.do({ type: 'started' });
  world.runUntil(MINUTE);
  assert.deepEqual(
    world.sent.map((sent) => sent.url),
    ['a', 'b'],
  );
  aliveA = true;
  world.runUntil(15 * MINUTE);
  assert.deepEqual(
    world.sent.map((sent) => sent.url),
    ['a', 'b', 'a'],
  );
});

test('inside a tier: a failing tracker is passed over at once and the one that answers moves to the front', () => {
  const world = new World({ tiers: [['a', 'b', 'c']], random: () => 0.999 }, (url) =>
    url === 'c' ? { ok: true, interval: 10 * MINUTE } : { ok: false },
  );
  world.do({ type: 'started' });
  world.runUntil(15 * MINUTE);
  assert.deepEqual(
    world.sent.map((sent) => sent.url),
    ['a', 'b', 'c', 'c'],
  );
  assert.ok(world.sent[2]!.at < SECOND);
});

test('the order inside a tier is drawn, and every tracker can be the first', () => {
  const firsts = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const world = new World({ tiers: [['a', 'b', 'c']], random: () => ((seed * 7919) % 61) / 61 });
    world.do({ type: 'started' });
    firsts.add(world.sent[0]!.url);
  }
  assert.deepEqual([...firsts].sort(), ['a', 'b', 'c']);
});

test('a tracker that was never there is tried quickly at first, then ever more slowly, up to half an hour', () => {
  const world = new World({ tiers: [['a']] }, () => ({ ok: false }));
  world.do({ type: 'started' });
  world.runUntil(10 * 60 * MINUTE);
  const gaps = world.sent.slice(1).map((sent, i) => Math.round((sent.at - world.sent[i]!.at) / SECOND));
  assert.deepEqual(gaps.slice(0, 5), [1, 2, 4, 8, 16]);
  assert.equal(Math.max(...gaps), 1800);
  assert.equal(gaps.at(-1), 1800);
  assert.ok(world.sent.every((sent) => sent.event === 'started'));
});

test('a tracker that answered before is tried again from 5 s on, and its return resets the wait', () => {
  let alive = true;
  const world = new World({ tiers: [['a']] }, () => (alive ? { ok: true, interval: MINUTE } : { ok: false }));
  world.do({ type: 'started' });
  world.runUntil(30 * SECOND);
  alive = false;
  world.runUntil(MINUTE + 40 * SECOND);
  const gaps = world.sent.slice(2).map((sent, i) => Math.round((sent.at - world.sent[i + 1]!.at) / SECOND));
  assert.deepEqual(gaps, [5, 10, 20]);
  alive = true;
  world.runUntil(5 * MINUTE);
  alive = false;
  const before = world.sent.length;
  world.runUntil(6 * MINUTE + 30 * SECOND);
  const again = world.sent
    .slice(before + 1)
    .map((sent, i) => Math.round((sent.at - world.sent[before + i]!.at) / SECOND));
  assert.equal(again[0], 5);
});

test('jitter spreads the waits by a fifth either way', () => {
  for (const [random, wait] of [
    [0, 800],
    [0.999999, 1200],
  ] as const) {
    const world = new World({ tiers: [['a']], random: () => random }, () => ({ ok: false }));
    world.do({ type: 'started' });
    world.runUntil(1500);
    assert.equal(Math.round(world.sent[1]!.at - 10), wait);
  }
});

test('a refusing tracker is asked again when it said, and never after never', () => {
  const world = new World({ tiers: [['a'], ['b'], ['c']] }, (url) => {
    if (url === 'a') return { ok: false, retryIn: 10 * MINUTE };
    return url === 'b' ? { ok: false, retryIn: 'never' } : { ok: false, minInterval: 5 * MINUTE };
  });
  world.do({ type: 'started' });
  world.runUntil(31 * MINUTE);
  const times = (url: string) =>
    world.sent.filter((sent) => sent.url === url).map((sent) => Math.round(sent.at / MINUTE));
  assert.deepEqual(times('a'), [0, 10, 20, 30]);
  assert.deepEqual(times('b'), [0]);
  assert.deepEqual(times('c').slice(0, 4), [0, 5, 10, 15]);
  world.do({ type: 'peersNeeded' });
  world.runUntil(60 * MINUTE);
  assert.deepEqual(times('b'), [0]);
});

test('completed goes once to each tracker that knows us, and not to one that never answered', () => {
  const world = new World({ tiers: [['a'], ['b'], ['dead']] }, (url) => ({ ok: url !== 'dead' }));
  world.do({ type: 'started' });
  world.runUntil(MINUTE);
  world.do({ type: 'completed' });
  world.runUntil(3 * 60 * MINUTE);
  for (const url of ['a', 'b']) {
    assert.deepEqual(world.events(url).slice(0, 3), ['started', 'completed', '']);
    assert.equal(world.events(url).filter((event) => event === 'completed').length, 1);
  }
  assert.ok(world.events('dead').every((event) => event === 'started'));
});

test('completed that fails is sent again until it is taken', () => {
  let failures = 2;
  const world = new World({ tiers: [['a']] }, (_, event) => ({ ok: event !== 'completed' || failures-- <= 0 }));
  world.do({ type: 'started' });
  world.runUntil(MINUTE);
  world.do({ type: 'completed' });
  world.runUntil(10 * MINUTE);
  assert.deepEqual(world.events('a'), ['started', 'completed', 'completed', 'completed']);
});

test('completion during the first announce follows it at once', () => {
  const world = new World({ tiers: [['a']] });
  world.do({ type: 'started' });
  world.do({ type: 'completed' });
  world.runUntil(SECOND);
  assert.deepEqual(world.events('a'), ['started', 'completed']);
});

test('paused stands in every announce until resumed', () => {
  const world = new World({ tiers: [['a']] }, () => ({ ok: true, interval: 10 * MINUTE }));
  world.do({ type: 'started' });
  world.runUntil(MINUTE);
  world.do({ type: 'paused' });
  world.do({ type: 'paused' });
  world.runUntil(12 * MINUTE);
  world.do({ type: 'resumed' });
  world.runUntil(13 * MINUTE);
  assert.deepEqual(world.events('a'), ['started', 'paused', 'paused', '']);
});

test('stopped goes to those that know us or may by now, and then nothing more happens', () => {
  const world = new World({ tiers: [['a'], ['dead'], ['slow']] }, (url) => ({ ok: url !== 'dead' }));
  world.do({ type: 'started' });
  world.runUntil(5);
  world.do({ type: 'answered', url: 'a', interval: MINUTE });
  world.do({ type: 'failed', url: 'dead' });
  world.do({ type: 'stopped' });
  assert.deepEqual(
    world.sent.filter((sent) => sent.event === 'stopped').map((sent) => sent.url),
    ['a', 'slow'],
  );
  assert.equal(world.schedule.done, false);
  world.do({ type: 'stopped' });
  world.runUntil(60 * MINUTE);
  assert.equal(world.schedule.done, true);
  assert.equal(world.sent.length, 5);
  assert.equal(world.schedule.nextDeadline(), Number.POSITIVE_INFINITY);
});

test('stopped before anything was said says nothing', () => {
  const world = new World({ tiers: [['a']] });
  world.do({ type: 'stopped' });
  assert.deepEqual(world.sent, []);
  assert.equal(world.schedule.done, true);
});

test('need of peers brings the next announce forward, never below the least interval', () => {
  const world = new World({ tiers: [['a'], ['b']] }, (url) =>
    url === 'a' ? { ok: true, minInterval: 5 * MINUTE } : { ok: true },
  );
  world.do({ type: 'started' });
  for (let second = 1; second <= 11 * 60; second++) {
    world.runUntil(second * SECOND);
    world.do({ type: 'peersNeeded' });
  }
  const times = (url: string) =>
    world.sent.filter((sent) => sent.url === url).map((sent) => Math.round(sent.at / SECOND));
  assert.deepEqual(times('a'), [0, 300, 600]);
  assert.deepEqual(times('b').slice(0, 3), [0, 60, 120]);
});

test('need of peers keeps a failing tracker from being left alone for more than a minute', () => {
  const world = new World({ tiers: [['a']] }, () => ({ ok: false }));
  world.do({ type: 'started' });
  world.runUntil(60 * MINUTE);
  const before = world.sent.length;
  world.do({ type: 'peersNeeded' });
  world.runUntil(61 * MINUTE);
  assert.equal(world.sent.length, before + 1);
});

test('trackers can be added before and after the start; those known are not added twice', () => {
  const world = new World({ tiers: [['a']] });
  world.do({ type: 'tiersAdded', tiers: [['a', 'b']] });
  world.do({ type: 'started' });
  world.runUntil(MINUTE);
  world.do({ type: 'tiersAdded', tiers: [['a'], ['b'], ['c']] });
  world.runUntil(2 * MINUTE);
  assert.deepEqual(
    world.sent.map(({ url, event }) => `${url} ${event}`),
    ['a started', 'b started', 'c started'],
  );
});

test('in strict order an added tier is used at once only when those before it fail', () => {
  const fine = new World({ tiers: [['a']], allTiers: false });
  fine.do({ type: 'started' });
  fine.runUntil(SECOND);
  fine.do({ type: 'tiersAdded', tiers: [['b']] });
  fine.runUntil(MINUTE);
  assert.deepEqual(fine.events('b'), []);
  const failing = new World({ tiers: [['a']], allTiers: false }, (url) => ({ ok: url === 'b' }));
  failing.do({ type: 'started' });
  failing.runUntil(10 * MINUTE);
  failing.do({ type: 'tiersAdded', tiers: [['b']] });
  failing.runUntil(10 * MINUTE + SECOND);
  assert.deepEqual(failing.events('b'), ['started']);
});

test('whatever happens: one announce per tracker at a time, started until it knows us, stopped at most once', () => {
  const step = fc.oneof(
    fc.record({
      type: fc.constantFrom('completed' as const, 'paused' as const, 'resumed' as const, 'peersNeeded' as const),
    }),
    fc.record({ type: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 20 * MINUTE }) }),
  );
  const outcomes = fc.array(fc.boolean(), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25, size: 'max' }), outcomes, fc.boolean(), (steps, script, allTiers) => {
      let at = 0;
      const knows = new Set<string>();
      const flying = new Set<string>();
      const world = new World({ tiers: [['a', 'b'], ['c']], allTiers }, (url, event) => {
        flying.delete(url);
        const ok = script[at++ % script.length]!;
        if (ok && event !== 'stopped') knows.add(url);
        return { ok };
      });
      const checked = world.do.bind(world);
      world.do = (event) => {
        const before = world.sent.length;
        const knew = new Set(knows);
        if (event.type === 'stopped') flying.clear();
        checked(event);
        for (const { url, event: said } of world.sent.slice(before)) {
          assert.ok(!flying.has(url), `two announces to ${url} at a time`);
          flying.add(url);
          if (said === 'started') assert.ok(!knew.has(url), `${url} knows us and hears started again`);
          if (said === '' || said === 'completed') assert.ok(knew.has(url), `${url} hears "${said}" before started`);
        }
      };
      world.do({ type: 'started' });
      for (const step of steps) {
        if (step.type === 'wait') world.runUntil(world.now + step.ms);
        else world.do({ type: step.type });
        assert.ok(Number.isFinite(world.schedule.nextDeadline()) || flying.size > 0, 'the schedule has come to rest');
      }
      world.do({ type: 'stopped' });
      world.runUntil(world.now + MINUTE);
      const stops = world.sent.filter((sent) => sent.event === 'stopped').map((sent) => sent.url);
      assert.equal(new Set(stops).size, stops.length);
      for (const url of knows) assert.ok(stops.includes(url), `${url} was not told`);
      assert.equal(world.schedule.done, true);
    }),
    { numRuns: 300 },
  );
});

test('a renewal is announced at once, even to a tracker that refused or is being asked', () => {
  const schedule = new AnnounceSchedule({ tiers: [['a'], ['b']], random: () => 0.5 });
  const sent = (): string[] => schedule.outbox.splice(0).map((command) => command.url);
  schedule.handle({ type: 'started' }, 0);
  assert.deepEqual(sent(), ['a', 'b']);
  schedule.handle({ type: 'failed', url: 'a', retryIn: 'never' }, 10);
  schedule.handle({ type: 'renewed' }, 20);
  assert.deepEqual(sent(), ['a'], 'b is being asked');
  schedule.handle({ type: 'failed', url: 'b', retryIn: 'never' }, 30);
  assert.deepEqual(sent(), ['b'], 'what it refused is out of date');
  schedule.handle({ type: 'answered', url: 'a', interval: 60_000 }, 40);
  schedule.handle({ type: 'answered', url: 'b', interval: 60_000 }, 50);
  assert.deepEqual(sent(), []);
  schedule.handle({ type: 'renewed' }, 60);
  assert.deepEqual(sent(), ['a', 'b']);
});

test('a tracker that is removed hears that we leave, once, and nothing after that', () => {
  const world = new World({ tiers: [['http://a', 'http://b'], ['http://c']] });
  world.do({ type: 'started' });
  world.runUntil(SECOND);
  const told = world.sent.map(({ url }) => url);
  const first = told.find((url) => url !== 'http://c')!;
  const other = first === 'http://a' ? 'http://b' : 'http://a';
  world.do({ type: 'tiersReplaced', tiers: [[other]] });
  assert.deepEqual(
    world.sent
      .slice(told.length)
      .map(({ url, event }) => `${url} ${event}`)
      .sort(),
    [`${first} stopped`, 'http://c stopped', `${other} started`].sort(),
  );
  world.runUntil(60 * MINUTE);
  const later = world.sent.slice(told.length + 3).map(({ url }) => url);
  assert.deepEqual([...new Set(later)], [other], 'the other of its tier takes over');
  world.do({ type: 'tiersAdded', tiers: [['http://c']] });
  assert.deepEqual(world.sent.at(-1), { at: world.now, url: 'http://c', event: 'started' }, 'it can come back');
});

test('a tracker that is removed while it is asked leaves its tier to the next at once', () => {
  const world = new World({ tiers: [['http://a', 'http://b']] }, () => ({ ok: false }));
  world.do({ type: 'started' });
  const [{ url }] = world.sent as [Sent];
  world.do({ type: 'tiersReplaced', tiers: [['http://a', 'http://b'].filter((each) => each !== url)] });
  assert.deepEqual(
    world.sent.map(({ event }) => event),
    ['started', 'stopped', 'started'],
  );
  assert.notEqual(world.sent[2]!.url, url);
  world.runUntil(MINUTE);
  assert.equal(
    world.sent.slice(3).some((each) => each.url === url),
    false,
  );
});

test('other tiers hold at once, and who answers in them is not asked anew', () => {
  const world = new World({ tiers: [['http://a'], ['http://b'], ['http://c']] }, (url) => ({ ok: url !== 'http://c' }));
  world.do({ type: 'started' });
  world.runUntil(5 * MINUTE);
  const before = world.sent.length;
  world.do({
    type: 'tiersReplaced',
    tiers: [
      ['http://d', 'http://a'],
      ['http://c', 'http://b'],
    ],
  });
  assert.equal(world.sent.length, before, 'both tiers have one that answers');
  world.runUntil(31 * MINUTE);
  const again = world.sent.slice(before);
  assert.deepEqual(again.map(({ url, event }) => `${url} ${event}`).sort(), ['http://a ', 'http://b ']);
  world.answer = (url) => ({ ok: url !== 'http://a' });
  world.runUntil(62 * MINUTE);
  assert.ok(
    world.sent.slice(before + 2).some(({ url, event }) => url === 'http://d' && event === 'started'),
    'the other of its tier takes over',
  );
  const later = world.sent.length;
  world.do({ type: 'tiersReplaced', tiers: [['http://b'], ['http://e']] });
  assert.deepEqual(
    world.sent
      .slice(later)
      .map(({ url, event }) => `${url} ${event}`)
      .sort(),
    ['http://a stopped', 'http://d stopped', 'http://e started'],
  );
});

test('tiers may be replaced at any time, and each tracker that knows us hears of the end', () => {
  const tiers = fc.uniqueArray(fc.constantFrom('http://a', 'http://b', 'http://c', 'http://d'), { maxLength: 4 });
  const cut = (urls: string[], at: number): string[][] => [urls.slice(0, at), urls.slice(at)];
  fc.assert(
    fc.property(
      fc.array(fc.record({ urls: tiers, at: fc.nat(4), wait: fc.constantFrom(20, SECOND, 40 * MINUTE) }), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
      (steps, outcomes) => {
        let asked = 0;
        const knows = new Set<string>();
        const world = new World({ tiers: [['http://a'], ['http://b']] }, (url, event) => {
          const ok = outcomes[asked++ % outcomes.length]!;
          if (event === 'stopped') knows.delete(url);
          else if (ok) knows.add(url);
          return { ok };
        });
        world.do({ type: 'started' });
        for (const { urls, at, wait } of steps) {
          world.runUntil(world.now + wait);
          world.do({ type: 'tiersReplaced', tiers: cut(urls, at) });
        }
        world.runUntil(world.now + SECOND);
        const busy = new Set(world.sent.filter(({ at }) => at + 10 >= world.now).map(({ url }) => url));
        const before = world.sent.length;
        world.do({ type: 'stopped' });
        const left = world.sent.slice(before).map(({ url }) => url);
        assert.equal(new Set(left).size, left.length, 'nobody hears it twice');
        for (const url of knows) assert.ok(left.includes(url) || busy.has(url), `${url} knows us and hears nothing`);
      },
    ),
  );
});
