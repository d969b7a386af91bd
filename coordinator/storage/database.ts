/**
 * The database as the rooms of the coordinator see it: reads, and commands that are acknowledged once they are durable.
 * It is asynchronous and knows nothing of SQLite, so that PostgreSQL can take its place.
 */
import type { Kysely } from 'kysely';
import type { Tables } from './tables.ts';

/**
 * What may be bound and stored. Booleans are stored as 0 and 1, times as integer milliseconds, JSON as text. Bytes come back as Uint8Array,
 * a bigint as a number; a NUL character, which text columns cannot hold, becomes ␀ (U+2400).
 */
export type SqlValue = string | number | bigint | null | Uint8Array;

/** Something that happened, to be stored with the change that caused it. Ids that do not apply are left out. */
export interface NewEvent {
  /** Dotted name, e.g. `run.created`. */
  type: string;
  runId?: string;
  workerId?: string;
  taskId?: string;
  /** A JSON object; `{}` when left out. */
  data?: Record<string, unknown>;
}

/** An event as stored. `seq` rises without gaps; together with `epoch` (one per database) it names the event for ever. */
export interface StoredEvent {
  seq: number;
  epoch: string;
  /** Milliseconds since the epoch, by the coordinator's clock. */
  at: number;
  type: string;
  runId: string | null;
  workerId: string | null;
  taskId: string | null;
  data: Record<string, unknown>;
}

/** The part of Kysely that reads. Statements that write are refused at run time as well. */
export type SelectQueries = Pick<
  Kysely<Tables>,
  'selectFrom' | 'selectNoFrom' | 'with' | 'withRecursive' | 'fn' | 'case' | 'dynamic' | 'getExecutor'
>;

/**
 * Reads of one consistent state of the database. Valid until the function it was given to has settled.
 * `all` and `get` take one statement with `?` parameters; the statement's text must be constant, because it is prepared once and kept.
 */
export interface ReadHandle {
  all<T>(sql: string, params?: readonly SqlValue[]): Promise<T[]>;
  get<T>(sql: string, params?: readonly SqlValue[]): Promise<T | undefined>;
  /** Kysely on the same connection and state, for ordinary queries. */
  readonly query: SelectQueries;
}

/**
 * One command: all of it is stored, or nothing. A function that takes a ReadHandle can be given this one, never the other way round. Statements with RETURNING go through `all` or `get`, others through `run`.
 */
export interface WriteHandle extends ReadHandle {
  run(sql: string, params?: readonly SqlValue[]): Promise<{ changes: number }>;
  readonly query: Kysely<Tables>;
  /** Stores an event with this command. It can be read in the table once the command is durable, not before. */
  event(input: NewEvent): Promise<void>;
  /** Runs `fn` once the command is durable, and never otherwise. It must not throw; if it does, the error is reported and nothing else happens. */
  afterCommit(fn: () => void): void;
}

export interface WriteOptions {
  /** A small piece of long work, which gives way before and behind it: however much of it there is, nobody is behind because of it. */
  background?: boolean;
}

/** Counts since the start. `commands / groups` tells how many commands shared one write to the disk. */
export interface DatabaseStats {
  reads: number;
  commands: number;
  /** Commands that threw, alone. */
  refused: number;
  groups: number;
  largestGroup: number;
  /** Groups that could not be stored (disk full, I/O error). */
  failedGroups: number;
  /** Prepared statements kept at this moment. */
  statements: number;
  /** Milliseconds spent on writing what somebody waits for: background commands do not count. */
  busyMs: number;
  /** Commands that wait at this moment, and for how long the first of them has, milliseconds. */
  waiting: number;
  oldestWaitMs: number;
}

/**
 * The functions given to `read` and `write` await nothing but their handle (no files, network, timers): one that does holds up
 * everybody else's writes, and is rejected with StalledError in the same turn of the event loop.
 */
export interface Database {
  /** The random id of this database: the first half of an event's name. */
  readonly epoch: string;
  /** Gives `fn` a consistent state without uncommitted changes. */
  read<T>(fn: (r: ReadHandle) => Promise<T>): Promise<T>;
  /**
   * Runs a command and resolves with its result once that is durable. If `fn` throws, its changes are undone and `write` rejects with
   * the same error. Rejects with StorageFullError or StorageLockedError if the storage refuses; nothing is stored then.
   */
  write<T>(fn: (w: WriteHandle) => Promise<T>, options?: WriteOptions): Promise<T>;
  /** Calls `listener` with the events of each commit, in order of `seq`. The returned function ends that. */
  onCommitted(listener: (events: readonly StoredEvent[]) => void): () => void;
  stats(): DatabaseStats;
  /**
   * While `copy` runs, the database's file stays as it is, and what is stored meanwhile is only added to its log (`<file>-wal`). A copy of
   * the file, with one of the log taken after it, is what was stored when the log's was begun. Reads and writes go on; only fixing the file
   * holds them up, for as long as moving the log into it takes (`blockedMs`). One at a time. Another process must do the copying: to close
   * the file in this one would drop its locks.
   */
  frozen<T>(copy: (blockedMs: number) => Promise<T>): Promise<T>;
  /** Finishes what was asked for, refuses what comes later, and lets go of the files. */
  close(): Promise<void>;
}

/** The disk is full or answers with errors: nothing was stored. For HTTP, 507. Reading goes on, and the next write tries again. */
export class StorageFullError extends Error {
  override readonly name = 'StorageFullError';
}

/** Another process holds the database. */
export class StorageLockedError extends Error {
  override readonly name = 'StorageLockedError';
}

/** The database was written by a newer Playfleet than this one. */
export class NewerDatabaseError extends Error {
  override readonly name = 'NewerDatabaseError';
}

/** A function given to `read` or `write` awaited something else than its handle. A mistake in the program. */
export class StalledError extends Error {
  override readonly name = 'StalledError';
}
