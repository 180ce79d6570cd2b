// The catalogs of several real trackers as a daemon's callers see them: one list, one entry, and silence that has a name.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openDaemon } from '../../test/harness/daemon.ts';
import { randomFile, temporaryDirectory } from '../../test/harness/shoal.ts';
import { Session } from '../engine/session.ts';
import { startTracker } from '../tracker/server.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
/** Nothing listens on the discard port. */
const DEAD = 'http://127.0.0.1:9';

async function openTracker(t: TestContext) {
  const tracker = await startTracker({ dataDir: await temporaryDirectory('tracker'), listen: LOOPBACK });
  t.after(() => tracker.close());
  return tracker;
}

async function openPublisher(t: TestContext): Promise<(name: string, trackers: string[]) => Promise<void>> {
  const session = await Session.open({ listen: LOOPBACK, state: null });
  t.after(() => session.close());
  const directory = await temporaryDirectory();
  return async (name, trackers) => {
    const torrent = await session.seed(await randomFile(join(directory, name), 20_000));
    await session.publish(torrent, name, trackers);
  };
}

const withTrackers = (...trackers: string[]) => ({ session: { listen: LOOPBACK, trackers } });

describe('the catalog through a daemon', () => {
  it('merges what its trackers have, and names the one that does not answer', async (t) => {
    const [one, two] = [await openTracker(t), await openTracker(t)];
    const publish = await openPublisher(t);
    await publish('both.iso', [one.url, two.url]);
    await publish('first.iso', [one.url]);
    await publish('second song.ogg', [two.url]);
    const { client } = await openDaemon(t, await temporaryDirectory(), withTrackers(one.url, two.url, DEAD));
    const all = await client.catalog({});
    assert.deepEqual(
      all.files.map(({ name, trackers, own }) => [name, trackers, own]),
      [
        ['both.iso', [one.url, two.url], false],
        ['first.iso', [one.url], false],
        ['second song.ogg', [two.url], false],
      ],
    );
    assert.equal(all.total, 2);
    assert.equal(all.next, undefined);
    const told = all.trackers.map(({ url, error }) => [url, error?.code]);
    assert.deepEqual(told, [
      [one.url, undefined],
      [two.url, undefined],
      [DEAD, 'ERR_TRACKER_UNREACHABLE'],
    ]);
    const { files } = await client.catalog({ query: { query: 'SONG' } });
    assert.deepEqual(
      files.map(({ name }) => name),
      ['second song.ogg'],
    );
    const entry = await client.catalogEntry({ params: { name: 'both.iso' } });
    assert.deepEqual(entry.foundOn, [one.url, two.url]);
    assert.deepEqual([entry.size, entry.seq, entry.firstContact, entry.own], [20_000, 1, true, false]);
    assert.deepEqual(entry.contents, [{ path: 'both.iso', size: 20_000 }]);
    assert.deepEqual(
      entry.versions.map(({ seq }) => seq),
      [1],
    );
    assert.ok(entry.warnings.some((warning) => warning.includes(DEAD)));
    assert.match(entry.magnet, /^magnet:/);
    await assert.rejects(client.catalogEntry({ params: { name: 'none' } }), {
      status: 404,
      code: 'ERR_NOT_IN_CATALOG',
    });
  });

  it('goes through long lists page by page, and each name comes once', async (t) => {
    const [one, two] = [await openTracker(t), await openTracker(t)];
    const publish = await openPublisher(t);
    for (const name of ['a', 'b', 'c', 'd', 'e']) await publish(name, [one.url]);
    await publish('f', [two.url]);
    const { client } = await openDaemon(t, await temporaryDirectory(), withTrackers(one.url, two.url));
    const names: string[] = [];
    let pages = 0;
    for (let after: string | undefined; ; pages++) {
      const page = await client.catalog({ query: { limit: 2, ...(after === undefined ? {} : { after }) } });
      names.push(...page.files.map(({ name }) => name));
      after = page.next;
      if (after === undefined) break;
    }
    assert.deepEqual(names.sort(), ['a', 'b', 'c', 'd', 'e', 'f']);
    assert.equal(pages, 2);
    for (const after of ['x', '', Buffer.from('[1]').toString('base64url')])
      await assert.rejects(client.catalog({ query: { after } }), { status: 400 }, after);
  });

  it('says so when it has no tracker, and when none answers', async (t) => {
    const alone = await openDaemon(t, await temporaryDirectory());
    assert.deepEqual(await alone.client.catalog({}), { files: [], total: 0, trackers: [] });
    await assert.rejects(alone.client.catalogEntry({ params: { name: 'x' } }), { status: 404, reason: 'no_tracker' });
    const cut = await openDaemon(t, await temporaryDirectory(), withTrackers(DEAD));
    await assert.rejects(cut.client.catalog({}), { status: 502, code: 'ERR_TRACKER_UNREACHABLE' });
    await assert.rejects(cut.client.catalogEntry({ params: { name: 'x' } }), { status: 502 });
  });
});
