/** The one connection to the file, through the synchronous libsql package. Only storage/ uses it; rooms get handles. */
import { pathToFileURL } from 'node:url';
import Libsql from 'libsql';
import { StorageFullError, StorageLockedError, type SqlValue } from './database.ts';
import { bindable, countParameters } from './sql-guard.ts';

/** Preparing 100,000 distinct texts costs hundreds of MB, preparing one again costs less than running it. */
/**
 * The package's default file layer (for encryption) forgets errors of reads: a bad sector in the log would be copied into the database
 * as garbage. SQLite's own layer reports them.
 */
const plainVfs = process.platform === 'win32' ? 'win32' : 'unix';

const statementsKept = 500;

/** The log is moved into the file when it has so many pages. */
const checkpointPages = 1000;

interface Prepared {
  statement: Libsql.Statement<unknown[]>;
  parameters: number;
  returnsRows: boolean;
}

export class Connection {
  #open: Libsql.Database | undefined;
  #writable = false;
  /** Most recently used last. */
  readonly #statements = new Map<string, Prepared>();

  /** Opens the file, which must be in an existing folder. Nothing may be written until `writable(true)`. */
  constructor(file: string) {
    this.#open = new Libsql(`${pathToFileURL(file).href}?vfs=${plainVfs}`);
    // busy_timeout stops the whole event loop, so it is short; the lock of open.ts keeps other coordinators away anyway.
    this.exec('PRAGMA busy_timeout = 500');
    const [mode] = this.#guarded(() => this.#db.prepare('PRAGMA journal_mode = WAL').all([])) as {
      journal_mode: string;
    }[];
    if (mode?.journal_mode !== 'wal') {
      throw new Error('The database needs a local disk: write-ahead logging is not possible in this folder.');
    }
    this.exec(`
      PRAGMA synchronous = FULL;
      PRAGMA foreign_keys = ON;
      PRAGMA temp_store = MEMORY;
      PRAGMA wal_autocheckpoint = ${checkpointPages};
      PRAGMA journal_size_limit = 67108864;
      PRAGMA query_only = ON;`);
  }

  get inTransaction(): boolean {
    return this.#db.inTransaction;
  }

  get statements(): number {
    return this.#statements.size;
  }

  /** Allows changes, or (as after the start) refuses them. */
  writable(allowed: boolean): void {
    this.#writable = allowed;
    this.exec(`PRAGMA query_only = ${allowed ? 'OFF' : 'ON'}`);
  }

  /** Runs any SQL text, without parameters: for transactions and migrations. */
  exec(sql: string): void {
    this.#guarded(() => this.#db.exec(sql));
  }

  /** Rows of a query, or of a change with RETURNING. */
  all(sql: string, params: readonly SqlValue[] = []): unknown[] {
    const prepared = this.#prepare(sql);
    if (!prepared.returnsRows) throw new TypeError(`This statement returns no rows, use run(): ${sql}`);
    // Never statement.get(): after all() or an error on the same statement it runs with the values of the call before.
    const rows = this.#guarded(() => prepared.statement.all(bindable(params, prepared.parameters)));
    return rows.map(bytesAsUint8Array);
  }

  /** A change without RETURNING (run() on one with RETURNING would keep the write lock). */
  run(sql: string, params: readonly SqlValue[] = []): { changes: number; lastInsertRowid: number } {
    const prepared = this.#prepare(sql);
    if (prepared.returnsRows) throw new TypeError(`This statement returns rows, use get() or all(): ${sql}`);
    const { changes, lastInsertRowid } = this.#guarded(() =>
      prepared.statement.run(bindable(params, prepared.parameters)),
    );
    return { changes, lastInsertRowid: Number(lastInsertRowid) };
  }

  returnsRows(sql: string): boolean {
    return this.#prepare(sql).returnsRows;
  }

  /**
   * Moves the write-ahead log into the file, then leaves the file alone: what is stored from now on goes to the log only, until `thaw`.
   * Throws StorageFullError if the disk refuses that.
   */
  freeze(): void {
    const [moved] = this.#guarded(() => this.#db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all([])) as {
      busy: number;
    }[];
    if (moved?.busy !== 0) throw new StorageLockedError('Another program reads the database file. Close that program.');
    this.exec('PRAGMA wal_autocheckpoint = 0');
  }

  thaw(): void {
    this.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
  }

  /**
   * Moves the write-ahead log into the file and lets go of it; the operating system's handles are freed when the statements are collected.
   * Throws if the disk refuses that; nothing is lost then, the next start does it.
   */
  close(): void {
    this.#statements.clear();
    const db = this.#db;
    this.#open = undefined;
    try {
      this.#guarded(() => db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all([]));
    } finally {
      db.close();
    }
  }

  /** The binding ends the process when a closed database is asked for anything. */
  get #db(): Libsql.Database {
    if (!this.#open) throw new Error('The database is closed.');
    return this.#open;
  }

  #prepare(sql: string): Prepared {
    let prepared = this.#statements.get(sql);
    if (prepared) {
      this.#statements.delete(sql);
    } else {
      const parameters = countParameters(sql);
      const statement = this.#guarded(() => this.#db.prepare(sql));
      prepared = { statement, parameters, returnsRows: statement.reader };
      if (this.#statements.size >= statementsKept) {
        for (const oldest of this.#statements.keys()) {
          this.#statements.delete(oldest);
          break;
        }
      }
    }
    this.#statements.set(sql, prepared);
    return prepared;
  }

  #guarded<T>(fn: () => T): T {
    try {
      return fn();
    } catch (error) {
      throw this.#meaning(error);
    }
  }

  /** The typed error for what the disk or another process did to us; mistakes in a statement or its values pass as they are. */
  #meaning(cause: unknown): unknown {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const [, kind] = /^SQLITE_(FULL|IOERR|READONLY|BUSY|LOCKED)/.exec(code) ?? [];
    switch (kind) {
      case 'FULL':
        return new StorageFullError('The disk is full: nothing was stored. Free some space; no restart is needed.', {
          cause,
        });
      case 'IOERR':
        return new StorageFullError(
          'The disk answered with an error: nothing was stored. Check its free space and its health; no restart is needed.',
          { cause },
        );
      case 'READONLY':
        if (!this.#writable) return new TypeError('A read may not change anything: use write().', { cause });
        return new StorageFullError(
          'The disk or the database file is read-only: nothing was stored. Make it writable.',
          { cause },
        );
      case 'BUSY':
      case 'LOCKED':
        return new StorageLockedError(
          'Another program holds the database file: nothing was stored. Close that program.',
          {
            cause,
          },
        );
      default:
        return cause;
    }
  }
}

/** The binding hands bytes out as ArrayBuffer, though it takes Uint8Array only. */
function bytesAsUint8Array(row: unknown): unknown {
  const columns = row as Record<string, unknown>;
  for (const name in columns) {
    if (columns[name] instanceof ArrayBuffer) columns[name] = new Uint8Array(columns[name]);
  }
  return row;
}
