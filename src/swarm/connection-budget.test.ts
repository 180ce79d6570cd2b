import assert from 'node:assert/strict';
import test from 'node:test';
import { ConnectionBudget, type Seats } from './connection-budget.ts';

/** A torrent with so many peers to dial. Attempts stay under way until they are ended. */
class Torrent {
  readonly seats: Seats;
  waiting: number;
  asked = 0;
  gaveWay = 0;

  constructor(budget: ConnectionBudget, waiting: number) {
    this.waiting = waiting;
    this.seats = budget.join({
      dialNext: () => {
        this.asked++;
        if (this.waiting === 0) return false;
        this.waiting--;
        this.seats.dialBegan();
        return true;
      },
      giveWay: () => {
        this.gaveWay++;
        return true;
      },
    });
    this.seats.wake();
  }

  /** All attempts under way succeed. */
  connect(): void {
    while (this.seats.dialling > 0) {
      this.seats.dialEnded();
      this.seats.connectionBegan();
    }
  }

  fail(): void {
    while (this.seats.dialling > 0) this.seats.dialEnded();
    this.seats.wake();
  }
}

test('attempts are begun at a steady pace, whatever waits', () => {
  const budget = new ConnectionBudget({ dialsPerSecond: 20, maxHalfOpen: 1000 });
  const torrent = new Torrent(budget, 1000);
  budget.run(0);
  assert.equal(torrent.seats.dialling, 20, 'a second of them at once');
  for (let now = 100; now <= 1000; now += 100) budget.run(now);
  assert.equal(torrent.seats.dialling, 40);
  for (let now = 1100; now <= 5000; now += 100) budget.run(now);
  assert.equal(torrent.seats.dialling, 120);
  budget.run(100_000);
  assert.equal(torrent.seats.dialling, 140, 'a pause saves up a second and no more');
});

test('a pace of less than one in a second is kept as well', () => {
  const budget = new ConnectionBudget({ dialsPerSecond: 0.5 });
  const torrent = new Torrent(budget, 10);
  for (let now = 0; now <= 10_000; now += 100) budget.run(now);
  assert.equal(torrent.seats.dialling, 6);
});

test('attempts under way are bounded, over all torrents', () => {
  const budget = new ConnectionBudget({ maxHalfOpen: 7 });
  const torrents = [new Torrent(budget, 100), new Torrent(budget, 100)];
  for (let now = 0; now < 10_000; now += 100) budget.run(now);
  assert.deepEqual(
    torrents.map(({ seats }) => seats.dialling),
    [4, 3],
  );
  assert.equal(budget.halfOpen, 7);
  torrents[0]!.fail();
  budget.run(20_000);
  assert.equal(budget.halfOpen, 7);
});

test('torrents take turns: one with many to dial does not hold up one with few', () => {
  const budget = new ConnectionBudget({ dialsPerSecond: 10, maxHalfOpen: 1000 });
  const crowd = new Torrent(budget, 10_000);
  budget.run(0);
  const few = new Torrent(budget, 5);
  for (let now = 100; now <= 1000; now += 100) budget.run(now);
  assert.equal(few.seats.dialling, 5);
  assert.equal(crowd.seats.dialling, 15);
});

test('a torrent with nobody to dial is not asked again until it wakes up', () => {
  const budget = new ConnectionBudget();
  const torrent = new Torrent(budget, 1);
  for (let now = 0; now < 5000; now += 100) budget.run(now);
  assert.equal(torrent.asked, 2);
  torrent.waiting = 1;
  torrent.seats.wake();
  budget.run(5000);
  assert.equal(torrent.seats.dialling, 2);
  torrent.waiting = 1;
  torrent.seats.leave();
  torrent.seats.wake();
  budget.run(6000);
  assert.equal(torrent.seats.dialling, 2, 'it has left');
});

test('of the connections of a session some are kept for those who dial us', () => {
  const budget = new ConnectionBudget({ maxConnections: 40, dialsPerSecond: 1000 });
  const torrent = new Torrent(budget, 100);
  budget.run(0);
  assert.equal(torrent.seats.dialling, 38);
  torrent.connect();
  torrent.seats.wake();
  budget.run(1);
  assert.equal(torrent.seats.dialling, 0);
  assert.equal(torrent.seats.admit(1), true);
  torrent.seats.connectionBegan();
  torrent.seats.connectionBegan();
  assert.equal(budget.connected, 40);
  assert.equal(torrent.seats.admit(1), false);
  torrent.seats.connectionEnded();
  assert.equal(torrent.seats.admit(1), true);
});

test('in a full session a torrent that has few gets one of the torrent that has most', () => {
  const budget = new ConnectionBudget({ maxConnections: 10, dialsPerSecond: 1000 });
  const rich = new Torrent(budget, 10);
  budget.run(0);
  rich.connect();
  assert.equal(rich.seats.connected, 10);
  const middle = new Torrent(budget, 0);
  const poor = new Torrent(budget, 100);
  budget.run(1);
  // It may dial as long as it would have fewer.
  assert.equal(poor.seats.dialling, 9);
  let admitted = 0;
  while (poor.seats.admit(1)) {
    poor.seats.dialEnded();
    poor.seats.connectionBegan();
    admitted++;
  }
  assert.equal(admitted, 5);
  assert.equal(rich.gaveWay, 5);
  assert.equal(poor.gaveWay, 0);
  assert.equal(budget.connected, 10);
  while (rich.seats.connected > 5) rich.seats.connectionEnded();
  assert.equal(budget.connected, 10, 'what gave way is not counted twice');
  assert.equal(middle.seats.admit(1), true);
  rich.seats.connectionEnded();
  assert.equal(budget.connected, 9);
});
