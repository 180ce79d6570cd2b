// The registry against the plainest thing that could do its work: maps of everything, looked through from end to end on
// every question. Random histories of announces, sessions, reports, time and restarts must not tell them apart.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { Bitfield } from '../base/bitfield.ts';
import { classifyAddress, formatAddress, parseAddress } from '../base/endpoint.ts';
import { encodeLatin1 } from '../base/utf8.ts';
import { addressFor, describeAsker } from './reachability.ts';
import { Registry } from './registry.ts';
import { LEASE_INTERVALS } from './registry-types.ts';

const PIECES = 9;
const HASHES = ['a', 'b', 'c'].map((digit) => digit.repeat(40));
const ADDRESSES = ['8.8.8.1', '8.8.8.2', '10.0.0.1', '10.0.0.250', '127.0.0.1', '::1', '2001:db8::1'];
const SESSIONS = ['1', '2', '3', '4'].map((digit) => digit.repeat(32));
const REACHED = '10.0.0.250';
const LEASE = 45_000;
const PORTS_PER_ADDRESS = 2;

interface ModelPeer {
  address: string;
  port: number;
  left: number;
  paused: boolean;
  counted: boolean;
  expires: number;
  seen: number;
  session: string | undefined;
}

interface ModelReport {
  pieces: Set<number>;
  fresh: boolean;
}

/** Order of insertion decides who is the longest silent among equals, so ties are kept out by a clock that always moves. */
class Model {
  now = 0;
  peers = new Map<string, ModelPeer[]>();
  sessions = new Map<string, number>();
  reports = new Map<string, ModelReport>();
  completed = new Map<string, number>();
  allowed = new Set<string>();

  settle(): void {
    for (const [id, expires] of this.sessions) if (expires <= this.now) this.sessions.delete(id);
    for (const hash of HASHES) {
      const live = (this.peers.get(hash) ?? []).filter((peer) =>
        peer.session === undefined ? peer.expires > this.now : this.sessions.has(peer.session),
      );
      this.peers.set(hash, live);
      for (const id of SESSIONS) if (!live.some((peer) => peer.session === id)) this.reports.delete(id + hash);
    }
  }

  in(hash: string): ModelPeer[] {
    return this.peers.get(hash) ?? [];
  }

  copies(hash: string): number[] {
    const copies = new Array<number>(PIECES).fill(0);
    const holders = new Set<string | ModelPeer>();
    for (const peer of this.in(hash)) holders.add(peer.session ?? peer);
    for (const holder of holders) {
      const report = typeof holder === 'string' ? this.reports.get(holder + hash) : undefined;
      const endpoints = typeof holder === 'string' ? this.in(hash).filter((p) => p.session === holder) : [holder];
      const seed = endpoints.some((peer) => peer.left === 0);
      for (let piece = 0; piece < PIECES; piece++)
        if (report?.pieces.has(piece) || (report === undefined && seed)) copies[piece]!++;
    }
    return copies;
  }
}

interface Real {
  registry: Registry;
}

type Command = fc.Command<Model, Real>;

function create(model: Model): Registry {
  const registry = new Registry(
    {
      interval: 60,
      sessionLease: LEASE,
      rosters: { portsPerAddress: PORTS_PER_ADDRESS, portsPerNetwork: 100, portsPerLocalAddress: 100 },
    },
    Math.random,
  );
  for (const hash of model.allowed) registry.allow(hash, PIECES);
  return registry;
}

function check(model: Model, { registry }: Real): void {
  model.settle();
  let seeds = 0;
  let all = 0;
  for (const hash of HASHES) {
    const peers = model.in(hash);
    const complete = peers.filter((peer) => peer.left === 0).length;
    assert.deepEqual(registry.counts(hash, model.now), {
      seeds: complete,
      peers: peers.length - complete,
      completed: model.completed.get(hash) ?? 0,
    });
    seeds += complete;
    all += peers.length;
    const availability = registry.availability(hash, model.now);
    assert.equal(availability === undefined, !model.allowed.has(hash));
    if (availability !== undefined) assert.deepEqual([...availability.copies], model.copies(hash));
  }
  const { stats } = registry;
  assert.ok(stats.peers + stats.seeds >= all && stats.seeds >= seeds);
  assert.equal(stats.allowed, model.allowed.size);
}

abstract class Step implements Command {
  check(): boolean {
    return true;
  }
  run(model: Model, real: Real): void {
    model.now += 1;
    model.settle();
    this.act(model, real);
    check(model, real);
  }
  abstract act(model: Model, real: Real): void;
  abstract toString(): string;
}

interface AnnounceInput {
  hash: string;
  address: string;
  port: number;
  left: number;
  event: 'started' | 'completed' | 'stopped' | 'paused' | '';
  session: string | undefined;
  numwant: number;
}

class AnnounceStep extends Step {
  readonly input: AnnounceInput;
  constructor(input: AnnounceInput) {
    super();
    this.input = input;
  }

  act(model: Model, { registry }: Real): void {
    const { hash, address, port, left, event, session, numwant } = this.input;
    const source = { address: parseAddress(address)!, reachedAs: parseAddress(REACHED)! };
    // Peer ids differ for each address, so that only addresses tell an asker from others.
    const peerId = encodeLatin1(address.padEnd(20, '.'));
    const reply = registry.announce({ infoHash: hash, peerId, port, left, event, numwant, session }, source, model.now);
    if (!model.allowed.has(hash)) {
      assert.equal(reply.kind, 'refusal');
      return;
    }
    assert.ok(reply.kind === 'reply');
    const swarm = model.in(hash);
    const known = swarm.find((peer) => peer.address === address && peer.port === port);
    if (event === 'stopped') {
      if (known !== undefined && left === 0 && !known.counted)
        model.completed.set(hash, (model.completed.get(hash) ?? 0) + 1);
      model.peers.set(
        hash,
        swarm.filter((peer) => peer !== known),
      );
      assert.deepEqual(reply.peers, []);
      return;
    }
    const held = session !== undefined && model.sessions.has(session) ? session : undefined;
    const lease = session !== undefined && held === undefined ? LEASE : LEASE_INTERVALS * reply.interval * 1000;
    const wasSeed = known?.left === 0;
    const peer: ModelPeer = {
      address,
      port,
      left,
      paused: event === 'paused',
      counted: known?.counted ?? left === 0,
      expires: model.now + lease,
      seen: model.now,
      session: held,
    };
    if (left === 0 && !peer.counted) {
      peer.counted = true;
      model.completed.set(hash, (model.completed.get(hash) ?? 0) + 1);
    }
    let others = swarm.filter((other) => other !== known);
    const ofAddress = others.filter((other) => other.address === address);
    const isPublic = classifyAddress(source.address) === 'global';
    if (known === undefined && isPublic && ofAddress.length >= PORTS_PER_ADDRESS) {
      const oldest = ofAddress.reduce((a, b) => (a.seen < b.seen ? a : b));
      others = others.filter((other) => other !== oldest);
      // What the session of the one that had to go reported goes first.
      model.peers.set(hash, others);
      model.settle();
    }
    model.peers.set(hash, [...others, peer]);
    model.settle();
    const report = held === undefined ? undefined : model.reports.get(held + hash);
    if (report !== undefined && left === 0) for (let piece = 0; piece < PIECES; piece++) report.pieces.add(piece);
    if (report !== undefined && left > 0 && wasSeed && known?.session === held) model.reports.delete(held + hash);

    const asker = describeAsker(source, []);
    const expected = new Set<string>();
    for (const other of others) {
      if (other.left === 0 && (left === 0 || event === 'paused')) continue;
      const bytes = parseAddress(other.address)!;
      const told = addressFor(bytes, classifyAddress(bytes), asker);
      if (told === undefined || (formatAddress(told) === address && other.port === port)) continue;
      // Who is in the swarm under that address too is told, or not, by that entry.
      const own = told !== bytes && others.some((p) => p.address === formatAddress(told) && p.port === other.port);
      if (!own) expected.add(`${formatAddress(told)} ${other.port}`);
    }
    const told = reply.peers.map((other) => `${formatAddress(other.address)} ${other.port}`);
    assert.equal(new Set(told).size, Math.min(numwant, expected.size));
    for (const each of told) assert.ok(expected.has(each), each);
  }

  toString(): string {
    return `announce(${JSON.stringify(this.input)})`;
  }
}

class OpenStep extends Step {
  readonly id: string;
  constructor(id: string) {
    super();
    this.id = id;
  }
  override check(): boolean {
    return true;
  }
  act(model: Model, { registry }: Real): void {
    if (model.sessions.has(this.id)) return;
    registry.expire(model.now);
    const address = parseAddress('10.9.9.9')!;
    assert.ok(registry.openSession({ id: this.id, publisher: 'c'.repeat(64), address }, model.now));
    model.sessions.set(this.id, model.now + LEASE);
  }
  toString(): string {
    return `open(${this.id[0]})`;
  }
}

class CloseStep extends Step {
  readonly id: string;
  constructor(id: string) {
    super();
    this.id = id;
  }
  act(model: Model, { registry }: Real): void {
    assert.equal(registry.closeSession(this.id, model.now), model.sessions.delete(this.id));
  }
  toString(): string {
    return `close(${this.id[0]})`;
  }
}

interface BeatInput {
  id: string;
  hash: string;
  whole: number[] | undefined;
  added: [number, number] | undefined;
  leave: boolean;
}

class BeatStep extends Step {
  readonly input: BeatInput;
  constructor(input: BeatInput) {
    super();
    this.input = input;
  }
  act(model: Model, { registry }: Real): void {
    const { id, hash, whole, added, leave } = this.input;
    const field = new Bitfield(PIECES);
    for (const piece of whole ?? []) field.add(piece);
    const report = { pieces: whole && field.bytes, added: added && [added] };
    const reply = registry.heartbeat(id, new Map([[hash, report]]), leave ? [hash] : [], model.now);
    assert.equal(reply !== undefined, model.sessions.has(id));
    if (reply === undefined) return;
    model.sessions.set(id, model.now + LEASE);
    if (leave)
      model.peers.set(
        hash,
        model.in(hash).filter((peer) => peer.session !== id),
      );
    model.settle();
    const mine = (each: string) => model.in(each).filter((peer) => peer.session === id);
    const inSwarm = mine(hash).length > 0;
    const malformed = added !== undefined && !(added[0] <= added[1] && added[1] < PIECES);
    const refused = !model.allowed.has(hash) || (inSwarm && malformed);
    assert.deepEqual(reply.refused, refused ? [hash] : []);
    if (inSwarm && !refused) {
      if (whole !== undefined) model.reports.set(id + hash, { pieces: new Set(whole), fresh: true });
      const known = model.reports.get(id + hash);
      if (known?.fresh && added !== undefined)
        for (let piece = added[0]; piece <= added[1]; piece++) known.pieces.add(piece);
    }
    const resend = HASHES.filter(
      (each) =>
        mine(each).length > 0 &&
        !mine(each).some((peer) => peer.left === 0) &&
        !model.reports.get(id + each)?.fresh &&
        !reply.refused.includes(each),
    );
    assert.deepEqual(reply.resend.sort(), resend);
  }
  toString(): string {
    return `beat(${JSON.stringify(this.input)})`;
  }
}

class PassStep extends Step {
  readonly milliseconds: number;
  readonly sweep: boolean;
  constructor(milliseconds: number, sweep: boolean) {
    super();
    this.milliseconds = milliseconds;
    this.sweep = sweep;
  }
  act(model: Model, { registry }: Real): void {
    model.now += this.milliseconds;
    if (!this.sweep) return;
    // A second turn finds the swarms that were behind the first one's place.
    registry.expire(model.now);
    registry.expire(model.now);
    model.settle();
    const all = HASHES.flatMap((hash) => model.in(hash));
    assert.equal(registry.stats.peers + registry.stats.seeds, all.length);
    assert.equal(registry.stats.seeds, all.filter((peer) => peer.left === 0).length);
    assert.equal(registry.stats.sessions, model.sessions.size);
    assert.equal(registry.stats.reportBytes, 2 * model.reports.size);
    assert.equal(registry.stats.swarms, HASHES.filter((hash) => model.in(hash).length > 0).length);
  }
  toString(): string {
    return `pass(${this.milliseconds}${this.sweep ? ', sweep' : ''})`;
  }
}

class AllowStep extends Step {
  readonly hash: string;
  readonly allowed: boolean;
  constructor(hash: string, allowed: boolean) {
    super();
    this.hash = hash;
    this.allowed = allowed;
  }
  act(model: Model, { registry }: Real): void {
    if (this.allowed) {
      registry.allow(this.hash, PIECES);
      model.allowed.add(this.hash);
      return;
    }
    registry.disallow(this.hash);
    model.allowed.delete(this.hash);
    model.peers.delete(this.hash);
    model.completed.delete(this.hash);
  }
  toString(): string {
    return `${this.allowed ? 'allow' : 'disallow'}(${this.hash[0]})`;
  }
}

class RestartStep extends Step {
  act(model: Model, real: Real): void {
    const lines = [...real.registry.snapshot(model.now)];
    real.registry = create(model);
    assert.ok(real.registry.restore(lines, model.now));
    for (const id of model.sessions.keys()) model.sessions.set(id, model.now + LEASE);
    for (const report of model.reports.values()) report.fresh = false;
  }
  toString(): string {
    return 'restart()';
  }
}

it('behaves as maps that are looked through from end to end', () => {
  const hash = fc.constantFrom(...HASHES);
  const session = fc.constantFrom(...SESSIONS);
  const piece = fc.nat({ max: PIECES });
  const announce = fc.record<AnnounceInput>({
    hash,
    address: fc.constantFrom(...ADDRESSES),
    port: fc.integer({ min: 1, max: 4 }),
    left: fc.constantFrom(0, 0, 5, 10),
    event: fc.constantFrom('', '', 'started', 'completed', 'stopped', 'paused'),
    session: fc.option(session, { nil: undefined }),
    numwant: fc.constantFrom(0, 1, 2, 3, 200),
  });
  const beat = fc.record<BeatInput>({
    id: session,
    hash,
    whole: fc.option(fc.array(fc.nat({ max: PIECES - 1 }), { maxLength: PIECES }), { nil: undefined }),
    added: fc.option(fc.tuple(piece, piece), { nil: undefined }),
    leave: fc.boolean().map((leave) => leave),
  });
  const commands = fc.commands(
    [
      announce.map((input) => new AnnounceStep(input)),
      announce.map((input) => new AnnounceStep(input)),
      announce.map((input) => new AnnounceStep({ ...input, event: '' })),
      session.map((id) => new OpenStep(id)),
      session.map((id) => new OpenStep(id)),
      session.map((id) => new CloseStep(id)),
      beat.map((input) => new BeatStep(input)),
      beat.map((input) => new BeatStep({ ...input, leave: false })),
      fc.tuple(fc.integer({ min: 1, max: 50_000 }), fc.boolean()).map(([ms, sweep]) => new PassStep(ms, sweep)),
      fc.tuple(hash, fc.constantFrom(true, true, true, false)).map(([each, allowed]) => new AllowStep(each, allowed)),
      fc.constant(new RestartStep()),
    ],
    { size: 'max', maxCommands: 150 },
  );
  fc.assert(
    fc.property(commands, (steps) => {
      fc.modelRun(() => {
        const model = new Model();
        for (const each of HASHES) model.allowed.add(each);
        return { model, real: { registry: create(model) } };
      }, steps);
    }),
    { numRuns: 1000 },
  );
});
