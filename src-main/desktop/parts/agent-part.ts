/** The agent as the app minds it: a child process for one coordinator, spoken to over its control channel. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../../shared/base/clock.ts';
import {
  controlMessage,
  CONTROL_VERSION,
  type AgentCommand,
  type AgentStatus,
  type ControlAnswer,
  type ControlRequest,
} from '../../../shared/protocol/desktop/agent.ts';
import type { PartState } from '../../../shared/protocol/desktop/part-state.ts';
import type { Lending } from '../../../shared/protocol/desktop/wizard.ts';
import { writeAtomically } from '../../agent/atomic-file.ts';
import { EXIT } from '../../agent/errors.ts';
import { Child } from './child.ts';

/** How the app's own programs are started: the Node that is shipped with it, and the bundle beside it. */
export interface Programs {
  node: string;
  /** playfleet.mjs */
  cli: string;
  env: Readonly<Record<string, string | undefined>>;
}

/** For whom it works. */
export interface Assignment {
  /** Its data folder, of this coordinator alone. */
  dataDir: string;
  /** `http(s)://host:port`, with the pin behind # where there is one. */
  address: string;
  /** Enrols it at its first start. */
  link: string | null;
  lending: Lending;
  /** Seals its copy of the coordinator; null: a file of its data folder does. */
  copyKey: string | null;
  /** Values of secrets may lie in that copy. */
  copySecrets: boolean;
}

export interface AgentPartOptions {
  programs: Programs;
  /** Asked at each start. Rejects with an Error for the owner where there is nothing to work for yet. */
  assignment: () => Promise<Assignment>;
  clock: Clock;
  random: () => number;
  onLine: (line: string) => void;
  onChange: () => void;
}

/** It did not do what it was told; the message is its own. */
export class AgentRefused extends Error {
  override readonly name = 'AgentRefused';
  readonly field: string | null;

  constructor(message: string, field: string | null) {
    super(message);
    this.field = field;
  }
}

const ANSWER_MS = 70_000;
type Waiting = { settle: (answer: ControlAnswer) => void };

export class AgentPart {
  readonly #child: Child;
  readonly #options: AgentPartOptions;
  readonly #waiting = new Map<number, Waiting>();
  #status: AgentStatus | null = null;
  #lastId = 0;

  constructor(options: AgentPartOptions) {
    this.#options = options;
    const { clock, random, onLine } = options;
    this.#child = new Child({
      name: 'the agent',
      command: () => this.#command(),
      hopeless: [EXIT.cannotStart, EXIT.refused],
      clock,
      random,
      onLine,
      onMessage: (message) => this.#heard(message),
      onChange: () => this.#changed(),
    });
  }

  get state(): PartState {
    return this.#child.state;
  }

  /** What it last said; null while it does not run. */
  get status(): AgentStatus | null {
    return this.#status;
  }

  get pid(): number | null {
    return this.#child.pid;
  }

  start(): void {
    this.#child.start();
  }

  /** Resolves when it is gone. `drain`: what runs is finished, for as long as `withinMs` allows; `stop`: it is given back. */
  stop(how: 'drain' | 'stop', withinMs: number): Promise<void> {
    return this.#child.stop({ ask: () => this.#send({ type: how }), withinMs });
  }

  /** @throws AgentRefused with the agent's own words, or where it does not run. */
  async command(command: AgentCommand): Promise<ControlAnswer & { ok: true }> {
    const answer = await new Promise<ControlAnswer>((resolve) => {
      const id = this.#send(command);
      if (id === null) return resolve(notThere);
      const cancel = this.#options.clock.after(ANSWER_MS, () => this.#settle(id, notThere));
      this.#waiting.set(id, {
        settle: (given) => {
          cancel();
          resolve(given);
        },
      });
    });
    if (!answer.ok) throw new AgentRefused(answer.error.message, answer.error.field);
    return answer;
  }

  /** For facts that come again: whoever does not hear them hears the next ones. */
  tell(command: AgentCommand): void {
    this.#send(command);
  }

  /** null: it is not there. */
  #send(command: AgentCommand): number | null {
    const id = ++this.#lastId;
    const request: ControlRequest = { playfleet: 'control', v: CONTROL_VERSION, id, command };
    return this.#child.send(request) ? id : null;
  }

  #settle(id: number, answer: ControlAnswer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.settle(answer);
  }

  #heard(message: unknown): void {
    const parsed = controlMessage.safeParse(message);
    if (!parsed.success) {
      this.#options.onLine(`the agent said something that is not understood: ${parsed.error.message}`);
      return;
    }
    const told = parsed.data;
    if (told.type === 'status') {
      this.#status = told.status;
      this.#child.ready();
      this.#options.onChange();
    } else if (told.id !== null) this.#settle(told.id, told.answer);
  }

  #changed(): void {
    const { state } = this.#child.state;
    if (state !== 'running' && state !== 'stopping' && state !== 'starting') {
      this.#status = null;
      for (const id of [...this.#waiting.keys()]) this.#settle(id, notThere);
    }
    this.#options.onChange();
  }

  async #command() {
    const { programs } = this.#options;
    const { dataDir, address, link, lending, copyKey, copySecrets } = await this.#options.assignment();
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    // Before its first breath it minds them: between a start and a message it could take work.
    await writeAtomically(path.join(dataDir, 'manners.json'), `${JSON.stringify(lending.manners, null, 2)}\n`);
    const projects = lending.projects?.flatMap((name) => ['--allow-project', name]) ?? [];
    const given = ['--coordinator', address, '--name', lending.name, '--slots', String(lending.slots), ...projects];
    return {
      program: programs.node,
      args: [programs.cli, 'worker', '--data', dataDir, ...given, ...(copyKey === null ? [] : ['--copy-key-stdin'])],
      input: copyKey ?? undefined,
      // Command lines can be read by others on this machine.
      // The app brings its agent along, and updates both. What is said in the app about secrets counts, whatever the app was started with.
      env: {
        ...programs.env,
        PLAYFLEET_JOIN: link ?? undefined,
        PLAYFLEET_UPDATES: 'false',
        PLAYFLEET_COPY_SECRETS: String(copySecrets),
      },
    };
  }
}

const notThere: ControlAnswer = {
  ok: false,
  error: { code: 'not_now', message: 'The agent does not run at the moment.', field: null },
};
