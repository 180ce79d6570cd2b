// The catalog against a plain in-memory model, and what happens when its thread or file fails. Takes some seconds: each
// catalog is a thread of its own, and one in use is waited for.

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, type TestContext, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { ShoalError } from '../base/errors.ts';
import { createIdentity, type Identity } from '../io/identity.ts';
import { entryBytes } from '../protocol/entry.ts';
import { parseMetainfo } from '../protocol/metainfo.ts';
import { buildInfo, encodeMetainfo } from '../protocol/metainfo-build.ts';
import { Catalog } from './catalog.ts';
import { foldText } from './catalog-search.ts';
import type { PublishInput, Quotas } from './catalog-types.ts';

const sha1 = (bytes: Uint8Array): Uint8Array => hash('sha1', bytes, 'buffer');
const sha256 = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex');

// What survives a crash is tested elsewhere: here no disk needs to be waited for, where there is a file system without one.
const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'shoal-catalog-'));
after(() => rmSync(root, { recursive: true, force: true }));
let directories = 0;

function makeDirectory(): string {
  return join(root, String(directories++));
}

interface Content {
  torrent: Uint8Array;
  infoHash: string;
  size: number;
}

const contents = new Map<number, Content>();

function contentOf(seed: number): Content {
  let content = contents.get(seed);
  if (content === undefined) {
    const pieces = hash('sha1', String(seed), 'buffer');
    const infoBytes = buildInfo({ name: 'content', pieceLength: 16384, pieces, files: { length: 1000 + seed } });
    const torrent = encodeMetainfo({ infoBytes });
    const { infoHash, size } = parseMetainfo(torrent, sha1);
    content = { torrent, infoHash, size };
    contents.set(seed, content);
  }
  return content;
}

interface Chain {
  seq: number;
  hash: string;
}

function makePublication(
  identity: Identity,
  name: string,
  seed: number,
  chain: Chain = { seq: 0, hash: '' },
  sourceAddress = '192.0.2.1',
): PublishInput {
  const { torrent, infoHash, size } = contentOf(seed);
  const links = { seq: chain.seq + 1, prev: chain.hash };
  const entry = entryBytes({
    type: 'file',
    publisher: identity.publicKey,
    name,
    ...links,
    size,
    infoHash,
    timestamp: 1_700_000_000,
    trackers: [],
  });
  return { torrent, entry, signature: identity.sign(entry), sourceAddress };
}

function makeRemoval(identity: Identity, name: string, chain: Chain): { entry: Uint8Array; signature: Uint8Array } {
  const links = { seq: chain.seq + 1, prev: chain.hash };
  const entry = entryBytes({ type: 'remove', publisher: identity.publicKey, name, ...links, timestamp: 1_700_000_000 });
  return { entry, signature: identity.sign(entry) };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'done';
  } catch (error) {
    assert.ok(error instanceof ShoalError, String(error));
    return error.code;
  }
}

async function listAll(catalog: Catalog, query: string, limit: number): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await catalog.list({ query, cursor, limit });
    assert.ok(page.files.length <= limit);
    names.push(...page.files.map((file) => file.name));
    cursor = page.next;
  } while (cursor !== undefined);
  return names;
}

// The model: the rules in their plainest form, on Maps.

interface ModelName {
  publisher: string;
  versions: { seq: number; seed: number }[];
}

class Model {
  readonly names = new Map<string, ModelName>();
  /** Last record of each publisher under each name, removals too. */
  readonly chains = new Map<string, Chain>();

  chain(identity: Identity, name: string): Chain {
    return this.chains.get(`${identity.publicKey} ${name}`) ?? { seq: 0, hash: '' };
  }

  setChain(identity: Identity, name: string, chain: Chain): void {
    this.chains.set(`${identity.publicKey} ${name}`, chain);
  }

  search(query: string): string[] {
    const words = foldText(query).split(/\s+/);
    return [...this.names.keys()]
      .filter((name) => words.every((word) => foldText(name).includes(word)))
      .sort((a, b) => Buffer.compare(Buffer.from(foldText(a)), Buffer.from(foldText(b))));
  }
}

interface Real {
  catalog: Catalog;
  directory: string;
}

const identities = [createIdentity(), createIdentity(), createIdentity()];
// Names that fold differently, contain each other, and search syntax.
// Three of them fold alike, so that a page can end between them.
const NAMES = [
  'alpha',
  'ALPHA',
  'Alpha',
  'Alpha two',
  'beta "x" OR y*',
  'Ärger 100%',
  'файл',
  'zz',
  'al_pha',
  'beta-alpha',
];
const QUERIES = ['alpha', 'AL', 'beta "x"', 'arger', 'ФАЙЛ', 'z', '100%', '_', '"', 'y*', 'alpha two', 'nothing', 'OR'];

type Command = fc.AsyncCommand<Model, Real>;

class Publish implements Command {
  readonly #who: number;
  readonly #name: string;
  readonly #seed: number;
  /** 0: properly chained. Else how far the sequence number is off. */
  readonly #off: number;
  /** The record claims another one before it than there was. */
  readonly #forged: boolean;

  constructor(who: number, name: string, seed: number, off: number, forged: boolean) {
    this.#who = who;
    this.#name = name;
    this.#seed = seed;
    this.#off = off;
    this.#forged = forged;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, { catalog }: Real): Promise<void> {
    const identity = identities[this.#who]!;
    const chain = model.chain(identity, this.#name);
    const seq = Math.max(chain.seq + this.#off, 0);
    const input = makePublication(identity, this.#name, this.#seed, {
      seq,
      hash: seq === 0 ? '' : seq === chain.seq && !this.#forged ? chain.hash : 'ee'.repeat(32),
    });
    const owned = model.names.get(this.#name);
    const newest = owned?.versions.at(-1);
    let expected: string;
    if (owned !== undefined && owned.publisher !== identity.publicKey) expected = 'ERR_NAME_TAKEN';
    else if (newest?.seed === this.#seed) expected = 'same';
    else if (seq < chain.seq || (this.#forged && seq === chain.seq && seq > 0)) expected = 'ERR_ROLLBACK';
    else {
      expected = owned === undefined ? 'created' : 'newVersion';
      model.setChain(identity, this.#name, { seq: seq + 1, hash: sha256(input.entry) });
      const name = owned ?? { publisher: identity.publicKey, versions: [] };
      name.versions.push({ seq: seq + 1, seed: this.#seed });
      model.names.set(this.#name, name);
    }
    const actual = await catalog.publish(input).then(
      (result) => result.outcome,
      (error: ShoalError) => error.code,
    );
    assert.equal(actual, expected);
  }

  toString(): string {
    return `publish(${this.#who}, ${this.#name}, ${this.#seed}, ${this.#off}, ${this.#forged})`;
  }
}

class Remove implements Command {
  readonly #who: number;
  readonly #name: string;
  readonly #operator: boolean;

  constructor(who: number, name: string, operator: boolean) {
    this.#who = who;
    this.#name = name;
    this.#operator = operator;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, { catalog }: Real): Promise<void> {
    const identity = identities[this.#who]!;
    const owned = model.names.get(this.#name);
    const removal = makeRemoval(identity, this.#name, model.chain(identity, this.#name));
    let expected = 'done';
    if (owned === undefined) expected = 'ERR_NOT_IN_CATALOG';
    else if (!this.#operator && owned.publisher !== identity.publicKey) expected = 'ERR_NOT_ALLOWED';
    else {
      model.names.delete(this.#name);
      if (!this.#operator) {
        const { seq } = model.chain(identity, this.#name);
        model.setChain(identity, this.#name, { seq: seq + 1, hash: sha256(removal.entry) });
      }
    }
    const actual = this.#operator
      ? await codeOf(catalog.removeAsOperator(this.#name))
      : await codeOf(catalog.unpublish(this.#name, removal));
    assert.equal(actual, expected);
  }

  toString(): string {
    return `remove(${this.#who}, ${this.#name}, ${this.#operator})`;
  }
}

class Reopen implements Command {
  check(): boolean {
    return true;
  }

  async run(_model: Model, real: Real): Promise<void> {
    await real.catalog.close();
    real.catalog = await Catalog.open({ directory: real.directory });
  }

  toString(): string {
    return 'reopen';
  }
}

class Compare implements Command {
  readonly #query: string;
  readonly #limit: number;

  constructor(query: string, limit: number) {
    this.#query = query;
    this.#limit = limit;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, { catalog }: Real): Promise<void> {
    assert.deepEqual(await listAll(catalog, this.#query, this.#limit), model.search(this.#query));
    assert.deepEqual(await listAll(catalog, '', this.#limit), model.search(''));
    assert.equal(catalog.total, model.names.size);
    const held = new Set<string>();
    for (const name of NAMES) {
      const owned = model.names.get(name);
      const entry = await catalog.lookup(name);
      const versions = owned?.versions ?? [];
      assert.equal(entry?.publisher, owned?.publisher);
      assert.equal(entry?.seq, versions.at(-1)?.seq);
      assert.deepEqual(
        (await catalog.versions(name)).map(({ seq, infoHash }) => [seq, infoHash]),
        versions.map(({ seq, seed }) => [seq, contentOf(seed).infoHash]).reverse(),
      );
      for (const { seq, seed } of versions) {
        const { torrent, infoHash } = contentOf(seed);
        held.add(infoHash);
        assert.equal((await catalog.lookup(name, seq))?.infoHash, infoHash);
        assert.deepEqual(Buffer.from((await catalog.torrent(name, seq))!.bytes), Buffer.from(torrent));
      }
      for (const identity of identities) {
        const { seq, hash: recordHash } = await catalog.head(name, identity.publicKey);
        assert.deepEqual({ seq, hash: recordHash }, model.chain(identity, name));
      }
    }
    for (const { infoHash } of contents.values()) assert.equal(catalog.has(infoHash), held.has(infoHash));
  }

  toString(): string {
    return `compare(${this.#query}, ${this.#limit})`;
  }
}

test('the catalog does what a plain model does', async () => {
  const who = fc.nat({ max: identities.length - 1 });
  const name = fc.constantFrom(...NAMES);
  const off = fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(-1, 1, 5) });
  const forged = fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });
  const publish = fc.tuple(who, name, fc.nat({ max: 5 }), off, forged).map((args) => new Publish(...args));
  const remove = fc.tuple(who, name, fc.boolean()).map((args) => new Remove(...args));
  const compare = fc
    .tuple(fc.constantFrom(...QUERIES), fc.integer({ min: 1, max: 4 }))
    .map((args) => new Compare(...args));
  const command: fc.Arbitrary<Command> = fc.oneof(
    { weight: 20, arbitrary: publish },
    { weight: 5, arbitrary: remove },
    { weight: 5, arbitrary: compare },
    { weight: 1, arbitrary: fc.constant(new Reopen()) },
  );
  const commands = fc.commands([command], { maxCommands: 60, size: 'max' });
  const last = new Compare('alpha', 3);
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      const directory = makeDirectory();
      const real: Real = { catalog: await Catalog.open({ directory }), directory };
      try {
        await fc.asyncModelRun(() => ({ model: new Model(), real }), [...sequence, last]);
      } finally {
        await real.catalog.close();
      }
    }),
    { numRuns: 20 },
  );
});

test('publications that come at once end as if one after the other', async (t) => {
  const catalog = await openCatalog(t);
  const [alice, bob] = [identities[0]!, identities[1]!];
  const outcomes = await Promise.all([
    ...[1, 2, 3].map((seed) => codeOf(catalog.publish(makePublication(alice, 'one', seed)))),
    ...[4, 5].map((seed) => codeOf(catalog.publish(makePublication(bob, 'one', seed)))),
    codeOf(catalog.publish(makePublication(bob, 'two', 4))),
  ]);
  assert.deepEqual(outcomes, ['done', 'ERR_ROLLBACK', 'ERR_ROLLBACK', 'ERR_NAME_TAKEN', 'ERR_NAME_TAKEN', 'done']);
  assert.deepEqual(await listAll(catalog, '', 10), ['one', 'two']);
});

async function openCatalog(t: TestContext, quotas?: Partial<Quotas>, directory = makeDirectory()): Promise<Catalog> {
  const catalog = await Catalog.open({ directory, ...(quotas === undefined ? {} : { quotas }) });
  t.after(() => catalog.close());
  return catalog;
}

test('quotas hold for publishers and addresses, and removal gives room back', async (t) => {
  const catalog = await openCatalog(t, { publisherEntries: 2, addressEntries: 3 });
  const [alice, bob] = [identities[0]!, identities[1]!];
  const publish = (who: Identity, name: string, address: string): Promise<string> =>
    codeOf(catalog.publish(makePublication(who, name, 1, undefined, address)));
  assert.equal(await publish(alice, 'a1', '192.0.2.1'), 'done');
  assert.equal(await publish(alice, 'a2', '192.0.2.1'), 'done');
  assert.equal(await publish(alice, 'a3', '192.0.2.2'), 'ERR_QUOTA');
  assert.equal(await publish(bob, 'b1', '::ffff:192.0.2.1'), 'done');
  assert.equal(await publish(bob, 'b2', '192.0.2.1'), 'ERR_QUOTA');
  assert.equal(await publish(bob, 'b2', '192.0.2.2'), 'done');
  assert.deepEqual(await listAll(catalog, '', 10), ['a1', 'a2', 'b1', 'b2']);
  // A removed name is remembered and goes on to count, or names without end could be published and removed.
  await catalog.removeAsOperator('a1');
  assert.equal(await publish(alice, 'a3', '192.0.2.3'), 'ERR_QUOTA');
  const chain = await catalog.head('a1', alice.publicKey);
  assert.equal(await codeOf(catalog.publish(makePublication(alice, 'a1', 2, chain, '192.0.2.3'))), 'done');
});

test('a quota that was lowered since does not keep anything in', async (t) => {
  const directory = makeDirectory();
  const catalog = await openCatalog(t, undefined, directory);
  for (const name of ['a', 'b', 'c']) await catalog.publish(makePublication(identities[0]!, name, 1));
  await catalog.close();
  const strict = await openCatalog(t, { publisherEntries: 1 }, directory);
  assert.equal(await codeOf(strict.removeAsOperator('a')), 'done');
  assert.equal(await codeOf(strict.publish(makePublication(identities[0]!, 'd', 1))), 'ERR_QUOTA');
});

test('an IPv6 network counts as one address', async (t) => {
  const catalog = await openCatalog(t, { addressEntries: 1 });
  const publish = (name: string, address: string): Promise<string> =>
    codeOf(catalog.publish(makePublication(createIdentity(), name, 1, undefined, address)));
  assert.equal(await publish('a', '2001:db8:0:1::1'), 'done');
  assert.equal(await publish('b', '2001:db8:0:1:ffff::2'), 'ERR_QUOTA');
  assert.equal(await publish('b', '2001:db8:0:2::1'), 'done');
});

test('bytes count too', async (t) => {
  const first = makePublication(identities[0]!, 'a', 1);
  const size = first.torrent.length + first.entry.length;
  const catalog = await openCatalog(t, { publisherBytes: 2 * size - 1 });
  assert.equal(await codeOf(catalog.publish(first)), 'done');
  assert.equal(await codeOf(catalog.publish(makePublication(identities[0]!, 'b', 2))), 'ERR_QUOTA');
});

test('names that look alike are told', async (t) => {
  const catalog = await openCatalog(t);
  await catalog.publish(makePublication(identities[0]!, 'paypal.txt', 1));
  const { warnings, file } = await catalog.publish(makePublication(identities[1]!, 'pаypаl.txt', 2));
  assert.deepEqual(file.lookalikes, ['paypal.txt']);
  assert.match(warnings[0]!, /"paypal\.txt", which looks alike/);
});

test('a page goes on where the last one ended, whatever is published meanwhile', async (t) => {
  const catalog = await openCatalog(t);
  const publish = (name: string): Promise<unknown> => catalog.publish(makePublication(identities[0]!, name, 1));
  for (const name of ['b', 'd', 'f', 'h']) await publish(name);
  const first = await catalog.list({ query: '', cursor: undefined, limit: 2 });
  assert.deepEqual(
    first.files.map((file) => file.name),
    ['b', 'd'],
  );
  for (const name of ['a', 'c', 'e', 'g']) await publish(name);
  await catalog.removeAsOperator('d');
  const second = await catalog.list({ query: '', cursor: first.next, limit: 10 });
  assert.deepEqual(
    second.files.map((file) => file.name),
    ['e', 'f', 'g', 'h'],
  );
});

test('a search with more hits than are sorted at once finds each of them once', async (t) => {
  const catalog = await openCatalog(t);
  const names = Array.from({ length: 1500 }, (_, i) => `report ${(i * 7919) % 1500}.txt`);
  await Promise.all(names.map((name) => catalog.publish(makePublication(identities[0]!, name, 1))));
  assert.deepEqual(await listAll(catalog, 'REPORT', 400), names.toSorted());
  assert.deepEqual(await listAll(catalog, 'report 149', 400), names.filter((name) => name.includes('149')).toSorted());
  assert.deepEqual(await listAll(catalog, '99 re', 7), names.filter((name) => name.includes('99')).toSorted());
});

test('a thread that dies rejects what was under way, and another takes over', async (t) => {
  let thread: Worker | undefined;
  const note = (worker: Worker): void => {
    thread = worker;
  };
  process.on('worker', note);
  t.after(() => process.off('worker', note));
  const catalog = await openCatalog(t);
  await catalog.publish(makePublication(identities[0]!, 'kept', 1));
  for (let round = 0; round < 3; round++) {
    const under = Array.from({ length: 50 }, (_, i) =>
      codeOf(catalog.publish(makePublication(identities[0]!, `name ${round} ${i}`, 2))),
    );
    await thread?.terminate();
    const outcomes = await Promise.all(under);
    for (const outcome of outcomes) assert.match(outcome, /^(done|ERR_INTERNAL)$/);
    assert.equal((await catalog.lookup('kept'))?.seq, 1);
    const names = await listAll(catalog, `name ${round}`, 100);
    outcomes.forEach((outcome, i) => {
      if (outcome === 'done') assert.ok(names.includes(`name ${round} ${i}`), 'what was acknowledged is there');
    });
    assert.equal(catalog.total, (await listAll(catalog, '', 100)).length);
  }
  assert.equal(catalog.has(contentOf(1).infoHash), true);
  await thread?.terminate();
  assert.equal(
    await codeOf(catalog.lookup('kept')),
    'ERR_INTERNAL',
    'a thread that keeps dying stays dead, and says so',
  );
});

test('calls after closing are rejected, calls before are finished', async () => {
  const directory = makeDirectory();
  const catalog = await Catalog.open({ directory });
  const published = Promise.all(
    Array.from({ length: 20 }, (_, i) => catalog.publish(makePublication(identities[0]!, `name ${i}`, 1))),
  );
  await Promise.all([catalog.close(), published]);
  assert.equal(await codeOf(catalog.lookup('name 1')), 'ERR_STATE');
  const again = await Catalog.open({ directory });
  assert.equal(again.total, 20);
  await again.close();
});

test('a file in use, damaged, foreign or newer is an error that says so', async (t) => {
  const used = makeDirectory();
  await openCatalog(t, undefined, used);
  await assert.rejects(Catalog.open({ directory: used }), (error: ShoalError) => {
    assert.equal(error.code, 'ERR_LOCKED');
    assert.match(error.message, /--data/);
    return true;
  });

  const foreign = makeDirectory();
  await (await Catalog.open({ directory: foreign })).close();
  writeFileSync(join(foreign, 'catalog.sqlite'), 'this is no database, and long enough to be seen as none'.repeat(100));
  await assert.rejects(Catalog.open({ directory: foreign }), { code: 'ERR_STATE' });

  const newer = makeDirectory();
  await (await Catalog.open({ directory: newer })).close();
  const database = new DatabaseSync(join(newer, 'catalog.sqlite'));
  database.exec('PRAGMA user_version = 99');
  database.close();
  await assert.rejects(Catalog.open({ directory: newer }), { code: 'ERR_STATE', reason: 'newer_format' });

  writeFileSync(join(root, 'a file'), '');
  await assert.rejects(Catalog.open({ directory: join(root, 'a file') }), (error: ShoalError) => {
    assert.equal(error.code, 'ERR_STATE');
    assert.ok(error.message.includes('a file'));
    return true;
  });
});

test('names written without a search index are found once there is one', async (t) => {
  const directory = makeDirectory();
  const catalog = await Catalog.open({ directory });
  await catalog.publish(makePublication(identities[0]!, 'findable', 1));
  await catalog.close();
  const database = new DatabaseSync(join(directory, 'catalog.sqlite'));
  database.exec('DROP TABLE names_search');
  database.close();
  const again = await openCatalog(t, undefined, directory);
  assert.deepEqual(await listAll(again, 'indab', 10), ['findable']);
});
