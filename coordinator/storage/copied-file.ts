/** A database file that no coordinator has open: a copy in a backup, or one that is being restored. */
import { pathToFileURL } from 'node:url';
import Libsql from 'libsql';

/** SQLite's own file layer, as in connection.ts. */
const vfs = process.platform === 'win32' ? 'win32' : 'unix';

/** What a copy holds. */
export interface CopiedDatabase {
  /** '' where it is whole, else what SQLite found. */
  damage: string;
  /** The newest migration. */
  schema: number;
  epoch: string;
  counts: { runs: number; tests: number; results: number; workers: number; people: number; events: number };
}

/**
 * Makes one file of a copied database and its copied log: what the log has committed is moved into the file, what it has not is left out.
 * Afterwards there is no log, and the file can be read as it lies. Throws where it is no database.
 */
export function foldLog(file: string): void {
  const db = open(file, '');
  try {
    db.exec('PRAGMA synchronous = FULL');
    const [mode] = db.prepare('PRAGMA journal_mode = DELETE').all() as { journal_mode: string }[];
    if (mode?.journal_mode !== 'delete') throw new Error('the log could not be moved into the database');
  } finally {
    db.close();
  }
}

/** Reads every page of it. `file` must have no log beside it, and is not touched. */
export function inspectCopy(file: string): CopiedDatabase {
  return reading(file, (db) => {
    const damage = (db.prepare('PRAGMA integrity_check(3)').all() as { integrity_check: string }[])
      .map((row) => row.integrity_check)
      .filter((text) => text !== 'ok')
      .join('; ');
    const broken = damage === '' ? db.prepare('PRAGMA foreign_key_check').all().length : 0;
    const [found] = db
      .prepare(
        `SELECT (SELECT max(version) FROM schema_migrations) AS schema, (SELECT value FROM meta WHERE key = 'epoch') AS epoch,
           (SELECT count(*) FROM runs) AS runs, (SELECT count(*) FROM tests) AS tests, (SELECT count(*) FROM test_attempts) AS results,
           (SELECT count(*) FROM workers) AS workers, (SELECT count(*) FROM events) AS events`,
      )
      .all() as ({ schema: number; epoch: string } & Omit<CopiedDatabase['counts'], 'people'>)[];
    if (!found) throw new Error('it holds nothing');
    const { schema, epoch, ...counts } = found;
    return {
      damage: damage === '' && broken > 0 ? `${broken} rows point at others that are not there` : damage,
      schema,
      epoch,
      counts: { ...counts, people: hasTable(db, 'people') ? countOf(db, 'people') : 0 },
    };
  });
}

const PAGE = 5_000;

/** The artifacts that it lists, in order of their hashes. */
export function blobsIn(file: string): { sha256: string; size: number }[] {
  return reading(file, (db) => {
    const page = db.prepare('SELECT sha256, size FROM blobs WHERE sha256 > ? ORDER BY sha256 LIMIT ?');
    const found: { sha256: string; size: number }[] = [];
    for (;;) {
      const rows = page.all([found.at(-1)?.sha256 ?? '', PAGE]) as { sha256: string; size: number }[];
      for (const { sha256, size } of rows) found.push({ sha256, size });
      if (rows.length < PAGE) return found;
    }
  });
}

/** The mark of a database that came out of a backup: its next start ends what was held when it was taken. */
export const RESTORED = 'restored';

export interface RestoredMark {
  backup: string;
  /** ISO 8601. */
  taken_at: string;
  restored_at: string;
}

/** Gives a restored database a new epoch and numbers of grants behind all that were ever given, and marks it. */
export function markRestored(
  file: string,
  mark: RestoredMark,
  fenceBehind: (last: number, isPromoted: boolean) => number,
): void {
  const db = open(file, '');
  try {
    db.exec('PRAGMA synchronous = FULL; BEGIN IMMEDIATE');
    const [row] = db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'task_attempts'").all() as { seq: number }[];
    const fence = fenceBehind(row?.seq ?? 0, isPromoted(db));
    if (row) db.prepare("UPDATE sqlite_sequence SET seq = ? WHERE name = 'task_attempts'").run([fence]);
    else db.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('task_attempts', ?)").run([fence]);
    db.exec("DELETE FROM meta WHERE key = 'epoch'");
    db.prepare(
      'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    ).run([RESTORED, JSON.stringify(mark)]);
    db.exec('COMMIT');
  } finally {
    db.close();
  }
}

function reading<T>(file: string, fn: (db: Libsql.Database) => T): T {
  const db = open(file, '&mode=ro&immutable=1');
  try {
    return fn(db);
  } finally {
    db.close();
  }
}

function open(file: string, parameters: string): Libsql.Database {
  return new Libsql(`${pathToFileURL(file).href}?vfs=${vfs}${parameters}`);
}

function hasTable(db: Libsql.Database, name: string): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").all([name]).length > 0;
}

function isPromoted(db: Libsql.Database): boolean {
  if (!hasTable(db, 'origins')) return false;
  return db.prepare('SELECT 1 FROM origins WHERE own = 1 AND slot > 0').all().length > 0;
}

function countOf(db: Libsql.Database, table: 'people'): number {
  const [row] = db.prepare(`SELECT count(*) AS n FROM ${table}`).all() as { n: number }[];
  return row?.n ?? 0;
}
