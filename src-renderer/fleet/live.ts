/**
 * The live connection of this tab: one stream of events, resumed behind the last stored one, so that nothing is missed and nothing comes
 * twice. It is read with fetch instead of EventSource, because that shows the pings (a line that is dead without saying so is noticed),
 * and why a connection was refused. While the tab is hidden the connection is let go: browsers allow six per coordinator.
 */
import { backoffMs } from '../../shared/base/backoff.ts';
import type { Clock } from '../../shared/base/clock.ts';
import type { FleetEvent } from '../../shared/protocol/events.ts';
import { ApiError } from './api-error.ts';
import type { Client } from './client.ts';
import { SseParser } from './sse-parser.ts';

/**
 * polling: the stream cannot be had now; what is shown is read anew every few seconds, and the stream tried now and then. signedOut: the coordinator
 * wants somebody to sign in, and nothing is tried until then.
 */
export type LiveState = 'connecting' | 'live' | 'reconnecting' | 'polling' | 'signedOut';

export interface LiveOptions {
  client: Pick<Client, 'stream'>;
  clock: Clock;
  random: () => number;
  onState: (state: LiveState) => void;
  /** What has happened, in order; at most ten times a second, whatever happens. */
  onEvents: (events: readonly FleetEvent[]) => void;
  /** Events are complete from here on, but not with what was known before: read everything anew. */
  onFresh: () => void;
  /** Polling: read what is shown anew. */
  onPoll: () => void;
}

/** How often what came is handed on. */
const BATCH_MS = 100;
/** The coordinator sends a ping every 15 s. */
const SILENCE_MS = 40_000;
const BACKOFF = { baseMs: 500, maxMs: 15_000 };
/** Failures in a row before polling begins. */
const MOST_FAILURES = 3;
const POLL_MS = 5_000;
const HIDDEN_GRACE_MS = 10_000;
/** Who was away for longer reads everything anew: cheaper than hours of events. */
const LONGEST_RESUME_MS = 300_000;

export class Live {
  readonly #options: LiveOptions;
  #state: LiveState = 'connecting';
  /** Of the last stored event that was handed on. */
  #lastId: string | null = null;
  #heardAt = 0;
  #failures = 0;
  #pending: FleetEvent[] = [];
  #pendingId: string | null = null;
  #connection: AbortController | null = null;
  #cancelBatch: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;
  #cancelPoll: (() => void) | undefined;
  #cancelHide: (() => void) | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  /** Connects, and stays connected until stop(). */
  start(): void {
    this.#cancelHide?.();
    this.#cancelHide = undefined;
    if (this.#connection || this.#cancelRetry) return;
    void this.#connect();
  }

  stop(): void {
    this.#cancelHide?.();
    this.#cancelRetry?.();
    this.#cancelPoll?.();
    this.#cancelBatch?.();
    this.#cancelHide = this.#cancelRetry = this.#cancelPoll = this.#cancelBatch = undefined;
    this.#flush();
    this.#connection?.abort();
    this.#connection = null;
  }

  /** Whether anybody can see the tab. */
  setVisible(visible: boolean): void {
    if (visible) this.start();
    else this.#cancelHide ??= this.#options.clock.after(HIDDEN_GRACE_MS, () => this.stop());
  }

  async #connect(): Promise<void> {
    const { client, clock } = this.#options;
    const connection = new AbortController();
    this.#connection = connection;
    this.#setState(this.#failures >= MOST_FAILURES ? 'polling' : this.#lastId === null ? 'connecting' : 'reconnecting');
    if (clock.monotonic() - this.#heardAt > LONGEST_RESUME_MS) this.#lastId = null;
    const resumes = this.#lastId !== null;
    try {
      const headers: Record<string, string> = this.#lastId === null ? {} : { 'last-event-id': this.#lastId };
      const answer = await client.stream('/events/stream', headers, connection.signal);
      if (connection.signal.aborted || !answer.body) return;
      this.#connected(resumes);
      await this.#read(answer.body, connection);
      throw new ApiError('the stream has ended');
    } catch (error) {
      if (this.#connection !== connection) return;
      this.#connection = null;
      this.#flush();
      this.#failed(error);
    }
  }

  #connected(resumes: boolean): void {
    this.#failures = 0;
    this.#cancelPoll?.();
    this.#cancelPoll = undefined;
    this.#setState('live');
    if (!resumes) this.#options.onFresh();
  }

  async #read(body: ReadableStream<Uint8Array>, connection: AbortController): Promise<void> {
    const { clock } = this.#options;
    const parser = new SseParser();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    let cancelWatch = (): void => undefined;
    const watch = () => {
      this.#heardAt = clock.monotonic();
      cancelWatch();
      cancelWatch = clock.after(SILENCE_MS, () => void reader.cancel());
    };
    try {
      for (;;) {
        watch();
        const { done, value } = await reader.read();
        if (done || connection.signal.aborted) return;
        for (const { id, data } of parser.push(decoder.decode(value, { stream: true }))) this.#take(id, data);
      }
    } finally {
      cancelWatch();
    }
  }

  #take(id: string | null, data: string): void {
    const event = JSON.parse(data) as FleetEvent;
    const known = this.#pendingId ?? this.#lastId;
    // Another database: what was known is of no use.
    if (known !== null && !known.endsWith(`.${event.epoch}`)) {
      this.#pending = [];
      this.#pendingId = id;
      this.#options.onFresh();
    }
    this.#pending.push(event);
    if (id !== null) this.#pendingId = id;
    this.#cancelBatch ??= this.#options.clock.after(BATCH_MS, () => this.#flush());
  }

  #flush(): void {
    this.#cancelBatch?.();
    this.#cancelBatch = undefined;
    const events = this.#pending;
    this.#pending = [];
    this.#lastId = this.#pendingId ?? this.#lastId;
    this.#pendingId = null;
    if (events.length > 0) this.#options.onEvents(events);
  }

  #failed(error: unknown): void {
    const { clock, random } = this.#options;
    // Pages that need the coordinator lead to sign in.
    if (error instanceof ApiError && error.isSignedOut) return this.#setState('signedOut');
    this.#failures += 1;
    const polls = this.#failures >= MOST_FAILURES;
    this.#setState(polls ? 'polling' : 'reconnecting');
    if (polls) this.#keepPolling();
    this.#cancelRetry = clock.after(backoffMs(BACKOFF, this.#failures, random), () => {
      this.#cancelRetry = undefined;
      void this.#connect();
    });
  }

  #keepPolling(): void {
    this.#cancelPoll ??= this.#options.clock.after(POLL_MS, () => {
      this.#cancelPoll = undefined;
      this.#options.onPoll();
      this.#keepPolling();
    });
  }

  #setState(state: LiveState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState(state);
  }
}
