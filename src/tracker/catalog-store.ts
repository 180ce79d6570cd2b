// The catalog's SQLite file: opening, schema versions, statements, transactions, and what its failures mean to people.
// Runs only inside the catalog's worker. Knows tables, never what publishing or listing means.

import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { ShoalError } from '../base/errors.ts';
import { errnoOf, toDiskError } from '../io/disk/disk-error.ts';

export type Row = Record<string, SQLOutputValue>;

/** Each step takes the file from version i to i + 1 (`user_version`). Steps are never changed once released. */
const MIGRATIONS: readonly string[] = [
  `
  -- One row for each name that stands in the catalog now.
  CREATE TABLE names (
    id        INTEGER PRIMARY KEY,
    name      TEXT    NOT NULL UNIQUE,
    folded    TEXT    NOT NULL, -- what searches compare: see foldText
    skeleton  TEXT    NOT NULL, -- equal for names that look alike
    publisher BLOB    NOT NULL, -- 32 bytes
    since     INTEGER NOT NULL, -- when this publisher took the name
    version   INTEGER NOT NULL REFERENCES versions (id)
  ) STRICT;
  CREATE INDEX names_by_folded ON names (folded, id);
  CREATE INDEX names_by_skeleton ON names (skeleton);
  -- Versions are written once. All versions of a name are by its publisher.
  CREATE TABLE versions (
    id           INTEGER PRIMARY KEY,
    name         TEXT    NOT NULL,
    publisher    BLOB    NOT NULL,
    seq          INTEGER NOT NULL,
    info_hash    BLOB    NOT NULL, -- 20 bytes
    size         INTEGER NOT NULL,
    files        INTEGER NOT NULL,
    piece_length INTEGER NOT NULL,
    pieces       INTEGER NOT NULL,
    private      INTEGER NOT NULL,
    entry        BLOB    NOT NULL, -- the signed bytes as they came
    signature    BLOB    NOT NULL,
    published    INTEGER NOT NULL,
    source       TEXT    NOT NULL, -- quota key of the address it came from
    UNIQUE (name, seq)
  ) STRICT;
  CREATE INDEX versions_by_info_hash ON versions (info_hash, pieces);
  -- Apart from the versions, so that lists never read past megabytes of metadata. The bytes are as they came.
  CREATE TABLE torrents (version INTEGER PRIMARY KEY REFERENCES versions (id), bytes BLOB NOT NULL) STRICT;
  -- The last signed record of each publisher under each name, kept for a while after its removal.
  CREATE TABLE chains (
    publisher BLOB    NOT NULL,
    name      TEXT    NOT NULL,
    seq       INTEGER NOT NULL,
    hash      BLOB    NOT NULL, -- SHA-256 of its signed bytes
    removed   INTEGER,          -- when the name was given up; NULL while it stands
    entry     BLOB,             -- the record itself and its signature, once no version has them
    signature BLOB,
    source    TEXT    NOT NULL,
    PRIMARY KEY (publisher, name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX chains_removed ON chains (removed) WHERE removed IS NOT NULL;
  -- What each publisher and address keeps here, against its quota.
  CREATE TABLE usage (holder TEXT PRIMARY KEY, entries INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `,
];

const SEARCH_INDEX = `
  CREATE VIRTUAL TABLE IF NOT EXISTS names_search
  USING fts5 (folded, content = 'names', content_rowid = 'id', tokenize = 'trigram case_sensitive 1');
`;

export class CatalogStore {
  /** False when this SQLite has no FTS5: searches then walk the names, which is slower and finds the same. */
  readonly hasSearchIndex: boolean;
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Opens or creates the file. @throws ShoalError ERR_LOCKED, ERR_STATE or ERR_DISK…, naming the file. */
  constructor(path: string) {
    this.#path = path;
    let database: DatabaseSync | undefined;
    try {
      // It holds addresses of publishers: nobody else on this machine needs to read it.
      closeSync(openSync(path, 'a', 0o600));
      database = new DatabaseSync(path, { timeout: 2000, enableForeignKeyConstraints: true });
      // One process owns the file: a second tracker on the same data would keep its own view of what is registered.
      database.exec('PRAGMA locking_mode = EXCLUSIVE');
      database.exec('PRAGMA journal_mode = WAL');
      database.exec('PRAGMA synchronous = FULL');
      database.exec('BEGIN IMMEDIATE');
      migrate(database, path);
      this.hasSearchIndex = createSearchIndex(database);
      database.exec('COMMIT');
    } catch (error) {
      database?.close();
      throw explain(error, path);
    }
    this.#database = database;
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values);
  }

  /** Row by row, for results that are too many to have at once. Finish it before the next write. */
  iterate(sql: string, ...values: SQLInputValue[]): Iterable<Row> {
    return this.#statement(sql).iterate(...values);
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  /** The row id of the last insert. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).lastInsertRowid);
  }

  /** False when a failure such as a full disk has already rolled everything back. */
  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  begin(): void {
    this.run('BEGIN IMMEDIATE');
  }

  /** Returns when the transaction is on disk (synchronous = FULL). */
  commit(): void {
    this.run('COMMIT');
  }

  rollback(): void {
    if (this.#database.isTransaction) this.run('ROLLBACK');
  }

  /** Runs `work` so that, if it throws, nothing of it stays and what the transaction did before is kept. */
  atomically<T>(work: () => T): T {
    this.run('SAVEPOINT one');
    try {
      const result = work();
      this.run('RELEASE one');
      return result;
    } catch (error) {
      // A full disk may have rolled back the whole transaction already.
      if (this.#database.isTransaction) {
        this.run('ROLLBACK TO one');
        this.run('RELEASE one');
      }
      throw error;
    }
  }

  /** Any failure as a coded error. */
  explain(error: unknown): ShoalError {
    return explain(error, this.#path);
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function migrate(database: DatabaseSync, path: string): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version ?? 0);
  if (version > MIGRATIONS.length)
    throw new ShoalError(
      'ERR_STATE',
      `${path} was written by a newer Shoal (its version is ${version}, this one reads up to ${MIGRATIONS.length}); use that one`,
      { reason: 'newer_format' },
    );
  for (const step of MIGRATIONS.slice(version)) database.exec(step);
  database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
}

/** Also repairs: an SQLite without FTS5 may have written names that the index has not. */
function createSearchIndex(database: DatabaseSync): boolean {
  const options = database.prepare('PRAGMA compile_options').all();
  if (!options.some((row) => row.compile_options === 'ENABLE_FTS5')) return false;
  database.exec(SEARCH_INDEX);
  const counts = database
    .prepare('SELECT (SELECT count(*) FROM names) AS names, (SELECT count(*) FROM names_search_docsize) AS indexed')
    .get();
  if (counts?.names !== counts?.indexed) database.exec(`INSERT INTO names_search (names_search) VALUES ('rebuild')`);
  return true;
}

/** Primary SQLite result codes that have a cause a user can do something about. */
const CAUSES: Record<
  number,
  {
    code: 'ERR_LOCKED' | 'ERR_STATE' | 'ERR_DISK' | 'ERR_DISK_FULL' | 'ERR_DISK_READ_ONLY' | 'ERR_DISK_MISSING';
    text: string;
  }
> = {
  5: { code: 'ERR_LOCKED', text: 'another process has it open; stop that tracker or give this one its own --data' },
  8: { code: 'ERR_DISK_READ_ONLY', text: 'it cannot be written; check its permissions' },
  10: { code: 'ERR_DISK', text: 'the disk failed while it was read or written' },
  11: { code: 'ERR_STATE', text: 'it is damaged; restore it from a backup, or move it away to begin anew' },
  13: { code: 'ERR_DISK_FULL', text: 'the disk is full; free some space' },
  14: { code: 'ERR_DISK_MISSING', text: 'it cannot be opened; check that its directory exists and is writable' },
  26: { code: 'ERR_STATE', text: 'it is not a catalog; move it away, or choose another --data' },
};

function explain(error: unknown, path: string): ShoalError {
  if (error instanceof ShoalError) return error;
  if (errnoOf(error) !== undefined && !(error instanceof Error && 'errcode' in error))
    return toDiskError(error, path, 'open the catalog');
  const result = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
  const known = result === undefined ? undefined : CAUSES[result];
  const text = known?.text ?? (error instanceof Error ? error.message : String(error));
  return new ShoalError(known?.code ?? 'ERR_INTERNAL', `the catalog ${path} cannot be used: ${text}`, {
    cause: error,
  });
}
