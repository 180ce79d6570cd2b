// Which foreign programs are here. Without one a test is skipped by name, or fails where SHOAL_REQUIRE_INTEROP=1 says that
// all of them must be there.

import { spawnSync } from 'node:child_process';

/** Debian's own Python: its packages, libtorrent among them, are not seen by others. */
export const PYTHON = '/usr/bin/python3';

const CHECKS: Record<string, { command: string[]; from: string }> = {
  aria2: { command: ['aria2c', '--version'], from: "Debian's package aria2" },
  libtorrent: { command: [PYTHON, '-c', 'import libtorrent'], from: "Debian's package python3-libtorrent" },
  opentracker: { command: ['sh', '-c', 'command -v opentracker'], from: "Debian's package opentracker" },
  'transmission-remote': { command: ['transmission-remote', '--version'], from: "Debian's package transmission-cli" },
  bash: { command: ['bash', '--version'], from: "Debian's package bash" },
  zsh: { command: ['zsh', '--version'], from: "Debian's package zsh" },
  fish: { command: ['fish', '--version'], from: "Debian's package fish" },
  script: { command: ['sh', '-c', 'script --version | grep -q util-linux'], from: "Debian's package bsdutils" },
  strace: {
    command: ['strace', '-qq', '-o', '/dev/null', '-e', 'inject=fsync:error=EIO', 'true'],
    from: "Debian's package strace, and where tracing is allowed",
  },
  mounts: {
    command: ['sh', '-c', 'at=$(mktemp -d) && mount -t tmpfs -o size=1m tmpfs $at && umount $at && rmdir $at'],
    from: 'root that may mount file systems',
  },
  'network namespaces': {
    command: ['sh', '-c', 'PATH=$PATH:/usr/sbin:/sbin; ip netns add shoal-try-$$ && ip netns delete shoal-try-$$'],
    from: "root and Debian's package iproute2",
  },
};

/** Options for a test that needs these programs. */
export function needs(...programs: (keyof typeof CHECKS)[]): { skip: string | false } {
  const missing = programs.filter(
    (name) => spawnSync(CHECKS[name]!.command[0]!, CHECKS[name]!.command.slice(1)).status !== 0,
  );
  if (missing.length === 0) return { skip: false };
  const reason = missing.map((name) => `${name} is not here (needs ${CHECKS[name]!.from})`).join(', ');
  if (process.env.SHOAL_REQUIRE_INTEROP === '1') throw new Error(`${reason}, and SHOAL_REQUIRE_INTEROP=1 asks for it`);
  return { skip: reason };
}
