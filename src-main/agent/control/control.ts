/** Serves the programs of this machine that mind the agent: tells each its status, carries out what they ask, and answers. */
import {
  CONTROL_VERSION,
  readRequest,
  type AgentCommand,
  type AgentStatus,
  type ControlAnswer,
  type ControlMessage,
} from '../../../shared/protocol/desktop/agent.ts';
import type { Clock } from '../../../shared/base/clock.ts';
import type { Log } from '../log.ts';

/** Changes of one moment are told together. */
const TELL_MS = 100;

/** What carries the commands out: the agent, once it has begun. */
export interface Controlled {
  status(): AgentStatus;
  /** Rejects where it cannot; the message is for the owner. */
  carryOut(
    command: Exclude<AgentCommand, { type: 'drain' | 'stop' }>,
  ): Promise<Partial<Extract<ControlAnswer, { ok: true }>>>;
}

export interface ControlOptions {
  /** While there is no agent yet. */
  starting: AgentStatus;
  onStop: (command: 'drain' | 'stop') => void;
  clock: Clock;
  log: Log;
}

export type Say = (message: ControlMessage) => void;

/** One program that minds the agent. */
export interface Channel {
  hear(input: unknown): void;
  /** It is gone. */
  end(): void;
}

export class Control {
  readonly #options: ControlOptions;
  readonly #listeners = new Map<Say, string>();
  #agent: Controlled | null = null;
  #status: AgentStatus;
  #cancel: (() => void) | null = null;

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#status = options.starting;
  }

  get #now(): AgentStatus {
    return this.#agent?.status() ?? this.#status;
  }

  serve(agent: Controlled): void {
    this.#agent = agent;
    this.changed();
  }

  /** It could not begin, or has ended because of this. */
  fail(message: string): void {
    this.#status = { ...this.#now, state: 'attention', problem: { message, mend: null } };
    this.#agent = null;
    this.#tell();
  }

  /** Says the status at once, and each time that it changes. */
  open(say: Say): Channel {
    this.#listeners.set(say, '');
    this.#tell();
    return {
      hear: (input) => void this.#hear(input, say),
      end: () => void this.#listeners.delete(say),
    };
  }

  /** The status may be another one. */
  changed(): void {
    this.#cancel ??= this.#options.clock.after(TELL_MS, () => this.#tell());
  }

  #tell(): void {
    this.#cancel?.();
    this.#cancel = null;
    if (this.#listeners.size === 0) return;
    const status = this.#now;
    const text = JSON.stringify(status);
    for (const [say, told] of this.#listeners) {
      if (told === text) continue;
      this.#listeners.set(say, text);
      say({ playfleet: 'control', v: CONTROL_VERSION, type: 'status', status });
    }
  }

  async #hear(input: unknown, say: Say): Promise<void> {
    const read = readRequest(input);
    const answered = (id: number | null, answer: ControlAnswer): void =>
      say({ playfleet: 'control', v: CONTROL_VERSION, type: 'answer', id, answer });
    if ('error' in read) {
      this.#options.log.warn({ problem: read.error.message }, 'a message on the control channel was not understood');
      answered(read.id, { ok: false, error: read.error });
      return;
    }
    const { id, command } = read.request;
    answered(id, await this.#answer(command));
  }

  async #answer(command: AgentCommand): Promise<ControlAnswer> {
    if (command.type === 'drain' || command.type === 'stop') {
      this.#options.onStop(command.type);
      return { ok: true };
    }
    if (!this.#agent) {
      const message = 'the agent has not begun yet: its status says when it has';
      return { ok: false, error: { code: 'not_now', message, field: null } };
    }
    try {
      return { ok: true, ...(await this.#agent.carryOut(command)) };
    } catch (error) {
      this.#options.log.error({ err: error, command: command.type }, 'what was asked on the control channel failed');
      return { ok: false, error: { code: 'failed', message: (error as Error).message, field: null } };
    }
  }
}
