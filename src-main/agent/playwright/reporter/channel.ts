import type { DiscoverMessage, ReporterEnvelope, ReporterMessage } from '../../../../shared/protocol/ipc.ts';

/** A few large attempts (1 MB of output each) still make a message that neither end stumbles over. */
const MESSAGES_PER_BATCH = 16;

/** The part of `process` that talks to the parent. */
export interface ParentProcess {
  connected?: boolean | undefined;
  send?:
    | ((message: unknown, handle: undefined, options: undefined, done: (error: Error | null) => void) => boolean)
    | undefined;
}

/**
 * Sends messages to the agent in order, one batch in flight, so that a slow or paused agent slows only the sending. Without an agent
 * (never there, or gone) messages are let go silently: the tests' own life does not depend on who listens.
 */
export class Channel {
  #parent: ParentProcess;
  #queue: ReporterEnvelope['messages'] = [];
  #sending = false;
  #waiting: (() => void)[] = [];

  constructor(parent: ParentProcess) {
    this.#parent = parent;
  }

  send(message: ReporterMessage | DiscoverMessage): void {
    this.#queue.push(message);
    this.#pump();
  }

  /** Resolves when all that was sent has left the process, or the agent is gone. */
  async flush(): Promise<void> {
    if (!this.#sending && this.#queue.length === 0) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #pump(): void {
    if (this.#sending) return;
    const { connected, send } = this.#parent;
    if (!connected || !send) this.#queue = [];
    if (!send || this.#queue.length === 0) {
      for (const resolve of this.#waiting.splice(0)) resolve();
      return;
    }
    const envelope: ReporterEnvelope = { playfleet: 1, messages: this.#queue.splice(0, MESSAGES_PER_BATCH) };
    this.#sending = true;
    const sent = (error: Error | null) => {
      this.#sending = false;
      if (error) this.#queue = [];
      this.#pump();
    };
    try {
      send.call(this.#parent, envelope, undefined, undefined, sent);
    } catch (error) {
      // Sending over a channel that closed a moment ago may throw instead of calling back.
      sent(error as Error);
    }
  }
}
