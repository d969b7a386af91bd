/** The live feed: hands events to any number of listeners, each resuming where it left off, without gaps and without doubles. */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../shared/base/clock.ts';
import type { Database, NewEvent, StoredEvent } from '../storage/database.ts';
import { beginningOf, newestSeq, readPage } from './missed-events.ts';
import type { Teams } from '../http/scope.ts';
import { EventTeams, seenByAll, type IsSeen } from './visible.ts';
import { concernsRun, EventStream, message, type StreamEvent } from './sse.ts';

/** Serialising and writing once per batch instead of once per event and listener: at 500 events/s and 200 listeners 6 % CPU, not 105 %. */
const leastBatchMs = 100;
/** What a batch costs is its writes, one per listener: with more than a hundred, batches come less often, so that these stay below 1,000 a second. */
const msPerListener = 1;
const pingMs = 15_000;
/** Stored events read at a time for a listener that has missed some. */
const pageSize = 500;
/** Live events that wait for a batch; more are left out. */
const mostLive = 5_000;
/** Each may have a megabyte waiting (sse.ts). */
export const mostListeners = 1_000;

/** Where a listener wants to begin: behind this event. An epoch of null means the present one. */
export interface Position {
  epoch: string | null;
  seq: number;
}

export interface FeedRequest {
  /** Only events of this run, from its creation on, and of workers. */
  runId?: string;
  /** Left out: from now on. A position in another database than the present one means its beginning. */
  after?: Position;
  /** Only what these see; default: all. */
  teams?: Teams;
  /** Asked at every ping: a listener whose token was revoked or has expired is not told more. */
  stillAllowed?: () => Promise<boolean>;
}

interface Listener {
  stream: EventStream;
  runId: string | undefined;
  teams: Teams;
  stillAllowed: () => Promise<boolean>;
  /** Stored events up to this one were sent. */
  seq: number;
}

interface Queued {
  event: StreamEvent;
  stored: boolean;
}

export class EventFeed {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #streams = new Set<EventStream>();
  readonly #listeners = new Set<Listener>();
  readonly #stop: () => void;
  /** What has happened since the last batch. */
  #queue: Queued[] = [];
  /** The last event stored, and the last one that went out in a batch. */
  #stored = 0;
  #sent = 0;
  readonly #teams = new EventTeams();
  #cancelBatch: (() => void) | undefined;
  #cancelPing: (() => void) | undefined;

  /** A feed of a database's events from now on. Close it before the database. */
  static async open(database: Database, clock: Clock): Promise<EventFeed> {
    const feed = new EventFeed(database, clock);
    const newest = await database.read(newestSeq);
    feed.#stored = Math.max(feed.#stored, newest);
    feed.#sent = feed.#stored;
    return feed;
  }

  private constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
    this.#stop = database.onCommitted((events) => this.#add(events));
  }

  get listeners(): number {
    return this.#streams.size;
  }

  /** Sends an event that is not stored to those who listen now. */
  live(input: NewEvent): void {
    if (this.#streams.size === 0 || this.#queue.length >= mostLive) return;
    const { type, runId = null, workerId = null, taskId = null, data = {} } = input;
    const { epoch } = this.#database;
    const ids = { run_id: runId, worker_id: workerId, task_id: taskId };
    const event = { seq: this.#stored, epoch, at: this.#clock.now(), type, ...ids, data: JSON.stringify(data) };
    this.#enqueue({ event, stored: false });
  }

  /**
   * Answers with the stream: what the listener missed, then what happens, until one side ends it. Resolves when it follows live; rejects,
   * with the stream ended, if the missed events cannot be read.
   */
  async serve(
    response: ServerResponse,
    { runId, after, teams = null, stillAllowed = yes }: FeedRequest,
  ): Promise<void> {
    const listener: Listener = {
      runId,
      teams,
      stillAllowed,
      seq: this.#stored,
      stream: new EventStream(response, () => this.#forget(listener)),
    };
    const { stream } = listener;
    if (!stream.open) return;
    this.#streams.add(stream);
    this.#keepPinging();
    try {
      if (after) {
        // Events of merged runs are stored without being told of as they come.
        if (after.seq > this.#stored) this.#stored = Math.max(this.#stored, await this.#database.read(newestSeq));
        const known = (after.epoch ?? this.#database.epoch) === this.#database.epoch && after.seq <= this.#stored;
        listener.seq = known ? after.seq : 0;
        if (runId !== undefined) {
          const beginning = await this.#database.read((r) => beginningOf(r, runId));
          listener.seq = Math.max(listener.seq, beginning);
        }
        await this.#replay(listener);
      } else this.#listeners.add(listener);
    } catch (error) {
      stream.end();
      throw error;
    }
  }

  /** Ends all streams. */
  close(): void {
    this.#stop();
    this.#cancelBatch?.();
    this.#cancelPing?.();
    for (const stream of this.#streams) stream.end();
  }

  /** Sends what was stored behind the listener's position until nothing is missing, then lets it take part in the batches. */
  async #replay(listener: Listener): Promise<void> {
    const { stream, runId, teams } = listener;
    while (stream.open) {
      const { events, newest } = await this.#database.read((r) => readPage(r, listener.seq, runId, pageSize));
      const isSeen = teams === null ? seenByAll : await this.#database.read((r) => this.#teams.learn(r, events));
      const seen = events.filter((event) => isSeen(event, teams));
      stream.write(seen.map((event) => message(event, true)).join(''));
      const last = events.length === pageSize ? events.at(-1) : undefined;
      listener.seq = last?.seq ?? newest;
      await stream.drained();
      // A batch may have gone out while the network was slow.
      if (!last && listener.seq >= this.#sent) break;
    }
    if (stream.open) this.#listeners.add(listener);
  }

  #add(events: readonly StoredEvent[]): void {
    for (const { seq, epoch, at, type, runId, workerId, taskId, data } of events) {
      this.#stored = seq;
      // One that is still reading what it missed counts as well.
      if (this.#streams.size === 0) continue;
      const ids = { run_id: runId, worker_id: workerId, task_id: taskId };
      this.#enqueue({ event: { seq, epoch, at, type, ...ids, data: JSON.stringify(data) }, stored: true });
    }
  }

  #enqueue(queued: Queued): void {
    this.#queue.push(queued);
    this.#cancelBatch ??= this.#nextBatch();
  }

  #nextBatch(): () => void {
    const ms = Math.max(leastBatchMs, this.#listeners.size * msPerListener);
    return this.#clock.after(ms, () => void this.#sendBatch());
  }

  /** Resolves when the batch is written. What comes while it is found out whose the events are waits for the next one. */
  async #sendBatch(): Promise<void> {
    const ready = this.#queue.length;
    const isSeen = this.#anyLimited() ? await this.#learn(this.#queue) : seenByAll;
    const queue = this.#queue.splice(0, ready);
    const before = this.#sent;
    this.#sent = queue.findLast(({ stored }) => stored)?.event.seq ?? before;
    this.#cancelBatch = this.#queue.length > 0 ? this.#nextBatch() : undefined;
    const shared = new Map<string, Buffer>();
    for (const listener of this.#listeners) {
      const { runId, teams, seq, stream } = listener;
      const key = JSON.stringify([runId, teams]);
      let bytes = seq === before ? shared.get(key) : undefined;
      if (!bytes) {
        bytes = Buffer.from(textFor(queue, listener, isSeen));
        if (seq === before) shared.set(key, bytes);
      }
      listener.seq = Math.max(seq, this.#sent);
      if (bytes.length > 0) stream.write(bytes);
    }
  }

  #anyLimited(): boolean {
    for (const { teams } of this.#listeners) if (teams !== null) return true;
    return false;
  }

  /** Where that cannot be found out, listeners of some teams are ended: they come back behind what they have. */
  async #learn(queue: readonly Queued[]): Promise<IsSeen> {
    const events = queue.map(({ event }) => event);
    try {
      return await this.#database.read((r) => this.#teams.learn(r, events));
    } catch {
      for (const { teams, stream } of this.#listeners) if (teams !== null) stream.end();
      return seenByAll;
    }
  }

  #forget(listener: Listener): void {
    this.#streams.delete(listener.stream);
    this.#listeners.delete(listener);
  }

  async #endUnlessAllowed({ stream, stillAllowed }: Listener): Promise<void> {
    // Where that cannot be found out, it is not for this listener to go on.
    const allowed = await stillAllowed().catch(() => false);
    if (!allowed) stream.end();
  }

  #keepPinging(): void {
    this.#cancelPing ??= this.#clock.after(pingMs, () => {
      this.#cancelPing = undefined;
      for (const stream of this.#streams) stream.comment();
      for (const listener of this.#listeners) void this.#endUnlessAllowed(listener);
      if (this.#streams.size > 0) this.#keepPinging();
    });
  }
}

const yes = (): Promise<boolean> => Promise.resolve(true);

/** The part of a batch that a listener has not had and wants. */
function textFor(queue: readonly Queued[], { runId, teams, seq }: Listener, isSeen: IsSeen): string {
  return queue
    .filter(({ event, stored }) => (stored ? event.seq > seq : event.seq >= seq))
    .filter(({ event }) => isSeen(event, teams))
    .filter(({ event }) => runId === undefined || concernsRun(event, runId))
    .map(({ event, stored }) => message(event, stored))
    .join('');
}
