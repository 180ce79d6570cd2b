import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classifyAddress, formatAddress, parseAddress, parseIpv6 } from '../base/endpoint.ts';
import { addressFor, describeAsker } from './reachability.ts';

const bytes = (text: string) => parseAddress(text)!;

/** What a peer seen at `peer` is told as, or '-' when it is not told. */
function handed(peer: string, asker: string, reachedAs?: string, publicAddresses: string[] = []): string {
  const described = describeAsker(
    { address: bytes(asker), reachedAs: reachedAs === undefined ? undefined : bytes(reachedAs) },
    publicAddresses.map(bytes),
  );
  const address = addressFor(bytes(peer), classifyAddress(bytes(peer)), described);
  return address === undefined ? '-' : formatAddress(address);
}

const LOOPBACK = ['127.0.0.1', '127.8.8.8', '::1'];
const PRIVATE = ['10.0.0.2', '172.16.5.4', '192.168.1.2', '100.64.0.9', 'fd00::2', 'fc00::9'];
const LINK_LOCAL = ['169.254.3.4', 'fe80::12'];
const GLOBAL = ['8.8.8.8', '203.0.113.7', '2001:db8::7'];
const NOWHERE = ['0.0.0.0', '224.0.0.1', '255.255.255.255', '::', 'ff02::1'];

describe('reachability', () => {
  describe('every class of peer to every class of asker', () => {
    // Rows are peers, columns askers. 'as is', '-' never, 'host' the tracker's host as that asker reached it.
    const table = {
      loopback: { loopback: 'as is', private: 'host', 'link-local': 'host', global: 'host' },
      private: { loopback: 'as is', private: 'as is', 'link-local': 'as is', global: '-' },
      'link-local': { loopback: 'v4', private: '-', 'link-local': 'as is', global: '-' },
      global: { loopback: 'as is', private: 'as is', 'link-local': 'as is', global: 'as is' },
      nowhere: { loopback: '-', private: '-', 'link-local': '-', global: '-' },
    } as const;
    const addresses = {
      loopback: LOOPBACK,
      private: PRIVATE,
      'link-local': LINK_LOCAL,
      global: GLOBAL,
      nowhere: NOWHERE,
    };
    const reached = { loopback: '127.0.0.1', private: '10.0.0.1', 'link-local': '169.254.3.1', global: '198.51.100.1' };
    for (const [peerClass, row] of Object.entries(table) as [keyof typeof table, (typeof table)['loopback']][])
      for (const [askerClass, rule] of Object.entries(row) as [keyof typeof reached, string][])
        it(`${peerClass} to ${askerClass}: ${rule}`, () => {
          for (const peer of addresses[peerClass])
            for (const asker of addresses[askerClass]) {
              const asIs = formatAddress(bytes(peer));
              const expected =
                rule === 'as is' || (rule === 'v4' && bytes(peer).length === 4)
                  ? asIs
                  : rule === 'host'
                    ? reached[askerClass]
                    : '-';
              assert.equal(handed(peer, asker, reached[askerClass]), expected, `${peer} to ${asker}`);
            }
        });
  });

  it('never hands a loopback address to another host, whatever is known of the tracker', () => {
    for (const asker of [...PRIVATE, ...LINK_LOCAL, ...GLOBAL])
      for (const reachedAs of [undefined, '127.0.0.1', '::1', '0.0.0.0', ...LINK_LOCAL, ...PRIVATE, ...GLOBAL])
        for (const publicAddress of [undefined, '127.0.0.1', ...PRIVATE, ...GLOBAL])
          for (const peer of LOOPBACK) {
            const told = handed(peer, asker, reachedAs, publicAddress === undefined ? [] : [publicAddress]);
            assert.ok(told === '-' || classifyAddress(bytes(told)) !== 'loopback', `${asker} was told ${told}`);
          }
  });

  it('hands the peer on the host of the tracker to each asker under the address that asker reached', () => {
    assert.equal(handed('127.0.0.1', '10.0.0.2', '10.0.0.1'), '10.0.0.1');
    assert.equal(handed('127.0.0.1', '10.1.0.2', '10.1.0.1'), '10.1.0.1');
    assert.equal(handed('127.0.0.1', 'fd00::2', 'fd00::1'), 'fd00::1');
    assert.equal(handed('::1', '10.0.0.2', '10.0.0.1'), '10.0.0.1');
    assert.equal(handed('127.0.0.1', '10.0.0.1', '10.0.0.1'), '10.0.0.1', 'on the same host by its outer address');
  });

  it('hands no private stand-in to a public asker: the tracker is behind a port forwarding', () => {
    assert.equal(handed('127.0.0.1', '203.0.113.7', '192.168.1.5'), '-');
    assert.equal(handed('127.0.0.1', '203.0.113.7', '192.168.1.5', ['198.51.100.9']), '198.51.100.9');
    assert.equal(handed('127.0.0.1', '203.0.113.7', '169.254.1.5'), '-');
    assert.equal(handed('127.0.0.1', '203.0.113.7'), '-');
  });

  it('lets the public address stand for the host before the one reached, in the family of the asker', () => {
    assert.equal(handed('127.0.0.1', '10.0.0.2', '10.0.0.1', ['198.51.100.9']), '198.51.100.9');
    const both = ['198.51.100.9', '2001:db8::9'];
    assert.equal(handed('127.0.0.1', '203.0.113.7', '10.0.0.1', both), '198.51.100.9');
    assert.equal(handed('127.0.0.1', '2001:db8::7', 'fd00::1', both), '2001:db8::9');
    assert.equal(handed('127.0.0.1', '2001:db8::7', 'fd00::1', ['198.51.100.9']), '198.51.100.9');
    assert.equal(handed('127.0.0.1', '127.0.0.1', '127.0.0.1', both), '127.0.0.1', 'but not on the host itself');
    assert.equal(handed('127.0.0.1', '10.0.0.2', '10.0.0.1', ['127.0.0.1']), '10.0.0.1', 'a name that means loopback');
  });

  it('takes IPv4-mapped addresses as IPv4', () => {
    const mapped = (v4: string) => parseIpv6(`::ffff:${v4}`)!;
    assert.equal(mapped('10.0.0.2').length, 16);
    const asker = describeAsker({ address: mapped('10.0.0.2'), reachedAs: mapped('10.0.0.1') }, []);
    assert.deepEqual([...asker.address], [10, 0, 0, 2]);
    assert.equal(asker.scope, 'private');
    assert.equal(formatAddress(addressFor(bytes('127.0.0.1'), 'loopback', asker)!), '10.0.0.1');
    assert.equal(describeAsker({ address: mapped('127.0.0.1') }, []).scope, 'loopback');
  });
});
