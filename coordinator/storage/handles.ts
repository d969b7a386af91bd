/** What `read` and `write` give to their functions: checked access to the connection, valid until the function has settled. */
import type { Kysely } from 'kysely';
import type { Connection } from './connection.ts';
import type { UnstoredEvent } from './event-writer.ts';
import {
  StorageFullError,
  StorageLockedError,
  type NewEvent,
  type ReadHandle,
  type SqlValue,
  type WriteHandle,
} from './database.ts';
import { kyselyOver } from './kysely-dialect.ts';
import type { Tables } from './tables.ts';

export class Reader implements ReadHandle {
  protected readonly connection: Connection;
  protected ended = false;
  #query: Kysely<Tables> | undefined;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  async all<T>(sql: string, params?: readonly SqlValue[]): Promise<T[]> {
    return this.attempt(() => this.connection.all(sql, params) as T[]);
  }

  async get<T>(sql: string, params?: readonly SqlValue[]): Promise<T | undefined> {
    return this.attempt(() => this.connection.all(sql, params)[0] as T | undefined);
  }

  get query(): Kysely<Tables> {
    this.#query ??= kyselyOver((sql, params) =>
      this.attempt(() =>
        this.connection.returnsRows(sql)
          ? { rows: this.connection.all(sql, params) }
          : { rows: [], ...this.connection.run(sql, params) },
      ),
    );
    return this.#query;
  }

  /** Refuses all later use: a statement that was not awaited must not slip into somebody else's transaction. */
  end(): void {
    this.ended = true;
  }

  protected attempt<T>(statement: () => T): T {
    if (this.ended) {
      throw new Error('This database handle has ended: await every statement inside the function it was given to.');
    }
    return statement();
  }
}

export class Writer extends Reader implements WriteHandle {
  readonly events: UnstoredEvent[] = [];
  readonly hooks: (() => void)[] = [];
  /** Why the whole transaction is gone, and not this command alone. */
  lost: Error | undefined;

  async run(sql: string, params?: readonly SqlValue[]): Promise<{ changes: number }> {
    const { changes } = this.attempt(() => this.connection.run(sql, params));
    return { changes };
  }

  /** Kept until the group is stored: its events are then written by one statement (see event-writer.ts). */
  async event(input: NewEvent): Promise<void> {
    const { type, runId = null, workerId = null, taskId = null } = input;
    if (!/^\w+([.-]\w+)*$/.test(type))
      throw new TypeError(`An event's type must be a dotted name, not ${JSON.stringify(type)}`);
    this.attempt(() => this.events.push({ type, runId, workerId, taskId, data: JSON.stringify(input.data ?? {}) }));
  }

  afterCommit(fn: () => void): void {
    this.hooks.push(fn);
  }

  /** SQLite rolls the whole transaction back on some errors; statements after that would each be stored on their own. */
  protected override attempt<T>(statement: () => T): T {
    if (this.lost) throw this.lost;
    try {
      return super.attempt(statement);
    } catch (error) {
      if (this.ended) throw error;
      const storage = error instanceof StorageFullError || error instanceof StorageLockedError;
      if (storage || !this.connection.inTransaction) this.lost = error as Error;
      throw error;
    }
  }
}
