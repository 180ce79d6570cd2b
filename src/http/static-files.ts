// The files of a page that was built beforehand, served from memory: what is in its folder is read as a whole, so that no
// address ever becomes a path. Holds no secrets, and lets browsers keep what is named by its content.

import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HttpServer } from './server.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};
/** Best first, with the ending the build gives each. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;
const START = 'index.html';
/** The page that describes the API of whoever serves it. */
export const API_PAGE = 'api.html';
/** Below it everything is named by its content. */
const HASHED = 'assets/';
/** What a page may have at most; more is not ours. */
const MOST_FILES = 500;

interface StaticFile {
  type: string;
  /** Of what is sent as it is; each encoding has its own. */
  bodies: Map<string, { bytes: Buffer; tag: string }>;
}

export interface StaticOptions {
  /** Where the build has put the page. */
  folder: string;
  /** What is said, as HTML, while there is none. */
  missing: string;
}

/** Registers the page at `/` and its assets; their policy is `public`. */
export function registerStaticFiles(server: HttpServer, { folder, missing }: StaticOptions): void {
  const page = new BuiltPage(folder);
  const config = { policy: 'public' };
  const method = ['GET', 'HEAD'];
  for (const [url, name] of [
    ['/', START],
    [`/${API_PAGE}`, API_PAGE],
  ] as const)
    server.route({
      method,
      url,
      config,
      handler: async (request, reply) => {
        if (await page.sendPage(name, request, reply)) return reply;
        return reply.code(503).type(TYPES['.html']!).send(missing);
      },
    });
  server.route({
    method,
    url: `/${HASHED}:name`,
    config,
    handler: async (request, reply) => {
      const { name } = request.params as { name: string };
      if (!(await page.sendAsset(name, request, reply))) reply.callNotFound();
      return reply;
    },
  });
}

function answer(file: StaticFile, request: FastifyRequest, reply: FastifyReply, cache: string): FastifyReply {
  const accepted = acceptedEncodings(request.headers['accept-encoding']);
  const encoding = ENCODINGS.map(([name]) => name as string).find(
    (name) => accepted.has(name) && file.bodies.has(name),
  );
  const { bytes, tag } = file.bodies.get(encoding ?? '')!;
  void reply.headers({ 'cache-control': cache, vary: 'accept-encoding', etag: tag });
  if (matchesTag(request.headers['if-none-match'], tag)) return reply.code(304).send();
  void reply.headers({ 'content-type': file.type, 'content-length': bytes.length });
  if (encoding !== undefined) void reply.header('content-encoding', encoding);
  return reply.send(request.method === 'HEAD' ? undefined : bytes);
}

/** Those a browser lists without `q=0`. */
function acceptedEncodings(header: string | string[] | undefined): Set<string> {
  const parts = String(header ?? '').split(',');
  return new Set(parts.filter((part) => !/;\s*q=0(\.0*)?\s*$/.test(part)).map((part) => part.split(';')[0]!.trim()));
}

function matchesTag(header: string | undefined, tag: string): boolean {
  return (header ?? '').split(',').some((each) => each.trim().replace(/^W\//, '') === tag);
}

/** What the folder of a page holds; read when it is first asked for and again when it was built anew. */
export class BuiltPage {
  readonly #folder: string;
  #files = new Map<string, StaticFile>();
  #builtAt = 0;
  #reading: Promise<void> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** By its path below the folder, with slashes. */
  file(path: string): StaticFile | undefined {
    return this.#files.get(path);
  }

  /** Sends a page as it is built now; false when there is none. */
  async sendPage(name: string, request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
    await this.refresh();
    const file = this.file(name);
    if (file === undefined) return false;
    void answer(file, request, reply, 'no-cache');
    return true;
  }

  /** Sends what is named by its content; false when there is no such thing. */
  async sendAsset(name: string, request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
    // A page that is open since before this process was started asks for a part of it first.
    if (this.file(HASHED + name) === undefined) await this.refresh();
    const file = this.file(HASHED + name);
    if (file === undefined) return false;
    void answer(file, request, reply, 'public, max-age=31536000, immutable');
    return true;
  }

  /** The text of a file as it was built. */
  text(path: string): string | undefined {
    return this.file(path)?.bodies.get('')?.bytes.toString();
  }

  refresh(): Promise<void> {
    this.#reading ??= this.#look().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #look(): Promise<void> {
    const built = await stat(join(this.#folder, START)).catch(() => undefined);
    if (built === undefined || built.mtimeMs === this.#builtAt) return;
    const files = await readFiles(this.#folder).catch(() => undefined);
    // In the middle of a build; the next request finds all of it.
    if (files === undefined || !files.has(START)) return;
    this.#files = files;
    this.#builtAt = built.mtimeMs;
  }
}

async function readFiles(folder: string): Promise<Map<string, StaticFile>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const found = new Set(paths.slice(0, MOST_FILES));
  const files = new Map<string, StaticFile>();
  for (const path of found) {
    const type = TYPES[extname(path)];
    if (type === undefined) continue;
    const bodies: StaticFile['bodies'] = new Map();
    for (const [encoding, ending] of [['', ''], ...ENCODINGS] as const) {
      if (!found.has(path + ending)) continue;
      const bytes = await readFile(path + ending);
      bodies.set(encoding, { bytes, tag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` });
    }
    files.set(path.slice(folder.length).split(sep).filter(Boolean).join('/'), { type, bodies });
  }
  return files;
}
