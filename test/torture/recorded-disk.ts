// What a traced run did to the disk, call by call, and what could be left of it after a power cut at any moment: what was
// synced, and of the rest any subset, cut into sectors. New names come to the disk in order within a folder, as on every
// file system with a journal, but not before the folder was synced.

import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const SECTOR = 4096;

interface Write {
  kind: 'write';
  inode: Inode;
  position: number;
  bytes: Buffer;
}

interface Sync {
  kind: 'sync';
  inode: Inode;
}

/** A name in a folder gets this inode, or none. */
interface Rename {
  kind: 'name';
  path: string;
  inode: Inode | undefined;
}

interface SyncFolder {
  kind: 'syncFolder';
  path: string;
}

/** `from`, `to`: lines of the log between which it happened; it is certain after `to`. `at`: its end, in seconds. */
type Operation = (Write | Sync | Rename | SyncFolder) & { from: number; to: number; at: number };

interface Inode {
  /** Bytes so far, for writes without a position. */
  length: number;
}

/** To be given to strace, before `-o LOG`. */
export const RECORDING = ['-ttt', '-y', '-s', '4000000', '-e', 'signal=none'];
export const RECORDED = 'openat,pwrite64,write,fdatasync,fsync,rename,link,unlink';

export class RecordedDisk {
  readonly #operations: Operation[] = [];
  readonly #lines: number;
  readonly #below: string;
  /** When each line was written, in seconds. */
  readonly #times: number[] = [];

  /** `below`: the folder whose files matter. */
  constructor(log: string, below: string) {
    this.#below = `${below}/`;
    const lines = log.split('\n');
    this.#lines = lines.length;
    const names = new Map<string, Inode>();
    const begun = new Map<string, { text: string; from: number }>();
    for (const [index, line] of lines.entries()) {
      const head = /^(\d+) +(\d+\.\d+) (.*)$/s.exec(line);
      if (head === null) continue;
      const [, thread, time, rest] = head as unknown as [string, string, string, string];
      this.#times[index] = Number(time);
      let text = rest;
      let from = index;
      if (text.endsWith('<unfinished ...>')) {
        begun.set(thread, { text: text.slice(0, -'<unfinished ...>'.length).trimEnd(), from });
        continue;
      }
      const resumed = /^<\.\.\. \w+ resumed>(.*)$/s.exec(text);
      if (resumed !== null) {
        const start = begun.get(thread);
        if (start === undefined) continue;
        text = start.text + resumed[1]!;
        from = start.from;
      }
      this.#take(text, names, { from, to: index, at: Number(time) });
    }
  }

  #take(text: string, names: Map<string, Inode>, when: { from: number; to: number; at: number }): void {
    const match = /^(\w+)\((.*)\) += (-?\d+)/s.exec(text);
    if (match === null || Number(match[3]) < 0) return;
    const [, call, words] = match as unknown as [string, string, string];
    const opened = /^\d+<([^>]*)>/.exec(words)?.[1];
    const quoted = [...words.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map((found) => decode(found[1]!).toString('latin1'));
    const ours = (path: string | undefined): path is string => path?.startsWith(this.#below) === true;
    const name = (path: string, inode: Inode | undefined): void => {
      if (!ours(path)) return;
      if (inode === undefined) names.delete(path);
      else names.set(path, inode);
      this.#operations.push({ kind: 'name', path, inode, ...when });
    };
    const inode = opened === undefined ? undefined : names.get(opened);
    switch (call) {
      case 'openat':
        if (words.includes('O_CREAT') && quoted[0] !== undefined && !names.has(quoted[0]))
          name(quoted[0], { length: 0 });
        return;
      case 'pwrite64':
      case 'write': {
        if (inode === undefined) return;
        const bytes = Buffer.from(quoted[0]!, 'latin1');
        const position = call === 'write' ? inode.length : Number(/, (\d+)$/.exec(words)![1]);
        inode.length = Math.max(inode.length, position + bytes.length);
        this.#operations.push({ kind: 'write', inode, position, bytes, ...when });
        return;
      }
      case 'fsync':
      case 'fdatasync':
        if (inode !== undefined) this.#operations.push({ kind: 'sync', inode, ...when });
        else if (ours(opened === undefined ? undefined : `${opened}/`))
          this.#operations.push({ kind: 'syncFolder', path: opened!, ...when });
        return;
      case 'link':
        if (quoted[0] !== undefined && quoted[1] !== undefined) name(quoted[1], names.get(quoted[0]));
        return;
      case 'rename': {
        const moved = names.get(quoted[0]!);
        if (moved === undefined) return;
        name(quoted[1]!, moved);
        name(quoted[0]!, undefined);
        return;
      }
      case 'unlink':
        if (names.has(quoted[0]!)) name(quoted[0]!, undefined);
        return;
      default:
    }
  }

  get lines(): number {
    return this.#lines;
  }

  /** Seconds; of the last line with a time up to `line`. */
  timeOf(line: number): number {
    for (let at = line; at >= 0; at--) if (this.#times[at] !== undefined) return this.#times[at]!;
    return 0;
  }

  /** Bytes that were written to this path and when, for whoever wants to know what was there. */
  writesTo(path: string): { position: number; length: number; at: number; line: number }[] {
    const inode = this.#operations.find((one) => one.kind === 'name' && one.path === path && one.inode !== undefined);
    if (inode?.kind !== 'name') return [];
    return this.#operations.flatMap((one) =>
      one.kind === 'write' && one.inode === inode.inode
        ? [{ position: one.position, length: one.bytes.length, at: one.at, line: one.to }]
        : [],
    );
  }

  /**
   * Makes the folder what it could be after a power cut at this line. `survives`: of what was not synced, asked for each
   * sector and for each name.
   */
  rebuild(line: number, survives: () => boolean): void {
    rmSync(this.#below, { recursive: true, force: true });
    const past = this.#operations.filter(({ from }) => from <= line);
    const folders = new Map<string, Map<string, Inode>>();
    const stopped = new Set<string>();
    for (const operation of past) {
      if (operation.kind !== 'name') continue;
      const folder = dirname(operation.path);
      const present = folders.get(folder) ?? new Map<string, Inode>();
      folders.set(folder, present);
      const certain = past.some(
        (other) =>
          other.kind === 'syncFolder' && other.path === folder && other.from > operation.to && other.to <= line,
      );
      if (!certain && (stopped.has(folder) || !survives())) {
        stopped.add(folder);
        continue;
      }
      if (operation.inode === undefined) present.delete(operation.path);
      else present.set(operation.path, operation.inode);
    }
    const written = new Map<Inode, string>();
    for (const [folder, present] of folders) {
      mkdirSync(folder, { recursive: true });
      for (const [path, inode] of present) {
        const other = written.get(inode);
        if (other !== undefined) linkSync(other, path);
        else writeFileSync(path, contentOf(inode, past, line, survives));
        written.set(inode, path);
      }
    }
  }
}

function contentOf(inode: Inode, past: readonly Operation[], line: number, survives: () => boolean): Buffer {
  const writes = past.flatMap((one) => (one.kind === 'write' && one.inode === inode ? [one] : []));
  const syncs = past.filter((one) => one.kind === 'sync' && one.inode === inode && one.to <= line);
  const bytes = Buffer.alloc(Math.max(0, ...writes.map((one) => one.position + one.bytes.length)));
  let length = 0;
  for (const write of writes) {
    const certain = syncs.some(({ from }) => from > write.to);
    for (let at = 0; at < write.bytes.length; ) {
      const end = Math.min(write.bytes.length, at + SECTOR - ((write.position + at) % SECTOR));
      if (certain || survives()) {
        write.bytes.copy(bytes, write.position + at, at, end);
        length = Math.max(length, write.position + end);
      }
      at = end;
    }
  }
  return bytes.subarray(0, length);
}

/** A string as strace prints it → its bytes. */
function decode(text: string): Buffer {
  if (!text.includes('\\')) return Buffer.from(text, 'latin1');
  const plain = text.replace(/\\([0-7]{1,3}|.)/gs, (_, code: string) => {
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
    return { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f' }[code] ?? code;
  });
  return Buffer.from(plain, 'latin1');
}
