// The lock file names versions and digests, and no address to download from: every checkout uses its own registry.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';

interface Lock {
  packages: Record<string, { resolved?: string; integrity?: string; version?: string }>;
}

it('pins digests and no addresses', () => {
  const text = readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8');
  const { packages } = JSON.parse(text) as Lock;
  const installed = Object.entries(packages).filter(([path]) => path !== '');
  assert.ok(installed.length > 10);
  for (const [path, entry] of installed) {
    assert.equal(entry.resolved, undefined, `${path} says where it came from`);
    assert.match(entry.integrity ?? '', /^sha512-/, `${path} has no digest`);
  }
});
