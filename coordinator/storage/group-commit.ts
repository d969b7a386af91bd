/**
 * The Database over one connection. Commands queued in one turn of the event loop share a transaction, each in a savepoint, and are all
 * acknowledged after its COMMIT: syncing to the disk is paid once for all of them. Reads run between groups, so they see only what is stored.
 */
import { setImmediate } from 'node:timers';
import type { Clock } from '../../shared/base/clock.ts';
import type { Connection } from './connection.ts';
import {
  StalledError,
  type Database,
  type DatabaseStats,
  type ReadHandle,
  type StoredEvent,
  type WriteHandle,
  type WriteOptions,
} from './database.ts';
import { writeEvents, type UnstoredEvent } from './event-writer.ts';
import { failpoint } from './failpoint.ts';
import { Reader, Writer } from './handles.ts';

/** A longer queue is cut into several transactions, so that the event loop can breathe in between. */
const groupLimit = 512;

/** So long a background command lets those go first for which somebody waits, milliseconds. */
const givesWayMs = 25;

interface Command {
  body: (w: Writer) => Promise<unknown>;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  isBackground: boolean;
  /** When it was asked for, by the monotonic clock. */
  at: number;
}

/** What a command came to, told to its caller only after COMMIT: even a refusal may rest on what an earlier one in the group did. */
interface Answer {
  events: readonly UnstoredEvent[];
  hooks: readonly (() => void)[];
  deliver: () => void;
}

export interface GroupCommitOptions {
  epoch: string;
  clock: Clock;
  /** Is told what goes wrong after a commit, where no caller is left to be told. */
  report: (error: unknown, during: string) => void;
  /** Gives the file free for others; called at the end of close(). */
  unlock: () => void;
}

export class GroupCommit implements Database {
  readonly epoch: string;
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #report: GroupCommitOptions['report'];
  readonly #unlock: () => void;
  readonly #listeners = new Set<(events: readonly StoredEvent[]) => void>();
  readonly #reads = new Set<Promise<unknown>>();
  readonly #counts = { reads: 0, commands: 0, refused: 0, groups: 0, largestGroup: 0, failedGroups: 0, busyMs: 0 };
  #commands: Command[] = [];
  #scheduled = false;
  /** Settles when the group being written ends. */
  #group: Promise<void> | undefined;
  #closed = false;
  #isFrozen = false;

  constructor(connection: Connection, options: GroupCommitOptions) {
    this.#connection = connection;
    this.epoch = options.epoch;
    this.#clock = options.clock;
    this.#report = options.report;
    this.#unlock = options.unlock;
  }

  async read<T>(fn: (r: ReadHandle) => Promise<T>): Promise<T> {
    this.#refuseIfClosed();
    while (this.#group) await this.#group;
    this.#counts.reads += 1;
    const reading = settle(new Reader(this.#connection), fn);
    this.#reads.add(reading);
    try {
      return await reading;
    } finally {
      this.#reads.delete(reading);
    }
  }

  async write<T>(fn: (w: WriteHandle) => Promise<T>, { background = false }: WriteOptions = {}): Promise<T> {
    this.#refuseIfClosed();
    return new Promise<T>((resolve, reject) => {
      this.#commands.push({
        body: fn,
        resolve: (value) => resolve(value as T),
        reject,
        isBackground: background,
        at: this.#clock.monotonic(),
      });
      this.#schedule();
    });
  }

  onCommitted(listener: (events: readonly StoredEvent[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async frozen<T>(copy: (blockedMs: number) => Promise<T>): Promise<T> {
    this.#refuseIfClosed();
    if (this.#isFrozen) throw new Error('The database file is being copied already.');
    this.#isFrozen = true;
    try {
      while (this.#group) await this.#group;
      const began = this.#clock.monotonic();
      this.#connection.freeze();
      return await copy(this.#clock.monotonic() - began);
    } finally {
      this.#isFrozen = false;
      // Closed meanwhile: the log is in the file then.
      if (!this.#closed) this.#connection.thaw();
    }
  }

  stats(): DatabaseStats {
    const [first] = this.#commands;
    return {
      ...this.#counts,
      statements: this.#connection.statements,
      waiting: this.#commands.length,
      oldestWaitMs: first ? this.#clock.monotonic() - first.at : 0,
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    while (this.#scheduled || this.#reads.size > 0) await new Promise((resolve) => setImmediate(resolve));
    try {
      this.#connection.close();
    } finally {
      this.#unlock();
    }
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw new Error('The database is closed.');
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => void this.#turn());
  }

  async #turn(): Promise<void> {
    const commands = this.#takeGroup();
    const ended = Promise.withResolvers<void>();
    this.#group = ended.promise;
    // A read still running when its turn has ended has stalled, or will have soon; it must not see what this group does.
    await Promise.allSettled(this.#reads);
    const began = this.#clock.monotonic();
    const { answers, events, backgroundMs } = await this.#writeGroup(commands);
    const isBackground = commands.every((command) => command.isBackground);
    this.#counts.busyMs += isBackground ? 0 : this.#clock.monotonic() - began - backgroundMs;
    this.#group = undefined;
    this.#scheduled = false;
    ended.resolve();
    if (this.#commands.length > 0) this.#schedule();
    this.#deliver(answers, events);
  }

  /** In the order in which they came, but what is in the background waits for a group in which it keeps nobody. */
  #takeGroup(): Command[] {
    const behind = this.#commands.find((command) => command.isBackground);
    const isDue = behind === undefined || this.#clock.monotonic() - behind.at >= givesWayMs;
    const first = isDue ? [] : this.#commands.filter((command) => !command.isBackground);
    if (first.length === 0) return this.#commands.splice(0, groupLimit);
    const group = new Set(first.slice(0, groupLimit));
    this.#commands = this.#commands.filter((command) => !group.has(command));
    return [...group];
  }

  /** Runs and stores a group. If that fails, nothing of it is stored and every command is answered with the error. */
  async #writeGroup(
    commands: readonly Command[],
  ): Promise<{ answers: Answer[]; events: readonly StoredEvent[]; backgroundMs: number }> {
    let backgroundMs = 0;
    this.#counts.groups += 1;
    this.#counts.commands += commands.length;
    this.#counts.largestGroup = Math.max(this.#counts.largestGroup, commands.length);
    try {
      this.#connection.writable(true);
      this.#connection.exec('BEGIN IMMEDIATE');
      const answers: Answer[] = [];
      for (const command of commands) {
        const began = command.isBackground ? this.#clock.monotonic() : 0;
        answers.push(await this.#runCommand(command));
        if (command.isBackground) backgroundMs += this.#clock.monotonic() - began;
      }
      const unstored = answers.flatMap((answer) => answer.events);
      const events = writeEvents(this.#connection, unstored, { epoch: this.epoch, at: this.#clock.now() });
      failpoint('before-commit');
      this.#connection.exec('COMMIT');
      failpoint('after-commit');
      return { answers, events, backgroundMs };
    } catch (error) {
      this.#counts.failedGroups += 1;
      this.#rollBack();
      return {
        answers: commands.map(({ reject }) => ({ events: [], hooks: [], deliver: () => reject(error) })),
        events: [],
        backgroundMs,
      };
    } finally {
      this.#connection.writable(false);
    }
  }

  /** Runs one command in its savepoint. Throws if that cost the whole group its transaction. */
  async #runCommand({ body, resolve, reject }: Command): Promise<Answer> {
    const writer = new Writer(this.#connection);
    this.#connection.exec('SAVEPOINT command');
    try {
      const value = await settle(writer, body);
      // Also when the command swallowed the error.
      if (writer.lost) throw writer.lost;
      this.#connection.exec('RELEASE command');
      return { events: writer.events, hooks: writer.hooks, deliver: () => resolve(value) };
    } catch (error) {
      if (writer.lost) throw writer.lost;
      this.#connection.exec('ROLLBACK TO command; RELEASE command');
      this.#counts.refused += 1;
      return { events: [], hooks: [], deliver: () => reject(error) };
    }
  }

  #rollBack(): void {
    try {
      if (this.#connection.inTransaction) this.#connection.exec('ROLLBACK');
    } catch (error) {
      // The next BEGIN fails then, and leads here again.
      this.#report(error, 'rolling back');
    }
  }

  #deliver(answers: readonly Answer[], events: readonly StoredEvent[]): void {
    for (const { hooks, deliver } of answers) {
      for (const hook of hooks) this.#safely(hook, 'a hook after the commit');
      deliver();
    }
    if (events.length === 0) return;
    for (const listener of this.#listeners) this.#safely(() => listener(events), 'telling of new events');
  }

  #safely(fn: () => void, during: string): void {
    try {
      fn();
    } catch (error) {
      this.#report(error, during);
    }
  }
}

/**
 * Runs a function with its handle and ends the handle. Statements are synchronous underneath, so a function that awaits nothing but its
 * handle has settled before the next turn of the event loop: one that has not is waiting for something else, and is given up at once.
 */
async function settle<H extends Reader, T>(handle: H, fn: (handle: H) => Promise<T>): Promise<T> {
  const stalled = Promise.withResolvers<never>();
  const watch = setImmediate(() =>
    stalled.reject(
      new StalledError(
        'A database function awaited something else than its handle (a file, a timer, the network, or the database again): do that before or after.',
      ),
    ),
  );
  try {
    return await Promise.race([fn(handle), stalled.promise]);
  } finally {
    clearImmediate(watch);
    handle.end();
  }
}
