import assert from 'node:assert/strict';
import test from 'node:test';
import { Peer } from '../swarm/peer.ts';
import { addressOf, Contributions, describeShares } from './contributions.ts';

function makePeer(id: number, port: number, client: string): Peer {
  const features = { extended: true, fast: true, dht: false, v2: false };
  const endpoint = { host: '127.0.0.1', port };
  return new Peer(id, { endpoint, outgoing: false, peerId: new Uint8Array(20), features }, '', client, 0);
}

test('a peer that comes back is counted once, under the address where it listens', () => {
  const first = makePeer(0, 50_000, 'old name');
  first.listens = { host: '127.0.0.1', port: 6881 };
  const again = makePeer(1, 50_001, 'new name');
  again.listens = { host: '127.0.0.1', port: 6881 };
  const other = makePeer(2, 50_002, 'other');
  const given = new Contributions();
  given.add([
    { peer: first, bytes: 10 },
    { peer: other, bytes: 15 },
  ]);
  given.add([{ peer: again, bytes: 7 }]);
  assert.deepEqual(given.list(), [
    { address: '127.0.0.1:6881', client: 'new name', bytes: 17 },
    { address: '127.0.0.1:50002', client: 'other', bytes: 15 },
  ]);
  assert.equal(addressOf(other), '127.0.0.1:50002');
  assert.deepEqual(describeShares([{ peer: first, bytes: 3 }]), [{ address: '127.0.0.1:6881', bytes: 3 }]);
});
