/**
 * A child process that is to run: started again when it ends by itself (rules/restart.ts), asked to end, and never left behind: it is
 * connected by a channel, and ends by itself when that closes, however this process ended.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Clock } from '../../../shared/base/clock.ts';
import type { PartState } from '../../../shared/protocol/desktop/part-state.ts';
import { afterEnd } from '../rules/restart.ts';
import { lastWords } from '../rules/last-words.ts';

export interface ChildCommand {
  program: string;
  args: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  /** Written to its standard input, which then ends: for what no other program of this user is to read. */
  input?: string | undefined;
}

export interface ChildOptions {
  /** Of its log, and in messages. */
  name: string;
  /** Asked anew at each start, for addresses and tokens change. Rejects with an Error for the owner. */
  command: () => Promise<ChildCommand>;
  /** Exit codes that say that starting again does not help. */
  hopeless: readonly number[];
  clock: Clock;
  random: () => number;
  onLine: (line: string) => void;
  /** One line of its standard output, before it is logged; null keeps it out of the log, for lines that hold secrets. */
  onOutput?: (line: string) => string | null;
  onMessage?: (message: unknown) => void;
  onChange: () => void;
}

const LINES_KEPT = 20;
/** How long an ended process's last lines are waited for. */
const LAST_WORDS_MS = 1_000;
const OFF: PartState = { state: 'off', failures: 0, nextAt: null, problem: null };

export class Child {
  readonly #options: ChildOptions;
  #state: PartState = OFF;
  #process: ChildProcess | null = null;
  #ended: Promise<void> = Promise.resolve();
  #wanted = false;
  /** The end of the process that runs was asked for. */
  #asked = false;
  #cancelWait = (): void => undefined;

  constructor(options: ChildOptions) {
    this.#options = options;
  }

  get state(): PartState {
    return this.#state;
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** Does nothing where it runs. After it was given up: begins anew. */
  start(): void {
    if (this.#wanted && this.#state.state !== 'given_up' && this.#state.state !== 'waiting') return;
    this.#wanted = true;
    this.#cancelWait();
    void this.#ended.then(() => this.#wanted && this.#process === null && this.#launch(0));
  }

  /** It has said that it is ready; before that it is `starting`. */
  ready(): void {
    if (this.#state.state === 'starting') this.#set({ ...this.#state, state: 'running', problem: null });
  }

  /** False where it is not there to hear it. */
  send(message: object): boolean {
    return this.#process?.connected === true && this.#process.send(message, () => undefined);
  }

  /**
   * Resolves when it is gone. `ask` tells it in its own way, else its channel is closed, which it takes as the order to end; who has not
   * ended after `withinMs` is killed. Asking again with less time counts.
   */
  async stop({ ask, withinMs }: { ask?: () => void; withinMs: number }): Promise<void> {
    this.#wanted = false;
    this.#cancelWait();
    const child = this.#process;
    if (child === null) {
      await this.#ended;
      if (!this.#wanted) this.#set(OFF);
      return;
    }
    this.#asked = true;
    this.#set({ ...this.#state, state: 'stopping' });
    if (ask) ask();
    else if (child.connected) child.disconnect();
    const cancel = this.#options.clock.after(withinMs, () => child.kill('SIGKILL'));
    await this.#ended;
    cancel();
  }

  #launch(failures: number): void {
    this.#asked = false;
    this.#set({ state: 'starting', failures, nextAt: null, problem: this.#state.problem });
    const since = this.#options.clock.monotonic();
    const lines: string[] = [];
    this.#ended = this.#run(lines).then((end) => {
      this.#process = null;
      if (this.#asked || !this.#wanted) return this.#set(OFF);
      const ranMs = this.#options.clock.monotonic() - since;
      const hopeless = end.code !== null && this.#options.hopeless.includes(end.code);
      this.#again(failures, { ranMs, hopeless, problem: lastWords(lines) ?? end.text });
    });
  }

  #again(before: number, { ranMs, hopeless, problem }: { ranMs: number; hopeless: boolean; problem: string }): void {
    const { clock, random } = this.#options;
    const { failures, startInMs } = afterEnd({ failures: before, ranMs, hopeless }, random);
    if (startInMs === null) return this.#set({ state: 'given_up', failures, nextAt: null, problem });
    this.#set({ state: 'waiting', failures, nextAt: clock.now() + startInMs, problem });
    this.#cancelWait = clock.after(startInMs, () => this.#launch(failures));
  }

  /** Resolves when the process has ended, or could not begin. `lines`: is filled with the last that it said. */
  async #run(lines: string[]): Promise<{ code: number | null; text: string }> {
    const { command, name, onLine, onOutput, onMessage } = this.#options;
    let given: ChildCommand;
    try {
      given = await command();
    } catch (error) {
      return { code: null, text: (error as Error).message };
    }
    if (!this.#wanted) return { code: null, text: '' };
    const child = spawn(given.program, given.args, {
      env: { ...given.env },
      stdio: [given.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', 'ipc'],
      windowsHide: true,
    });
    // Whoever ends before it has read all is told of by its exit.
    child.stdin?.on('error', () => undefined).end(given.input);
    this.#process = child;
    const hear = (line: string): void => {
      onLine(line);
      lines.push(line);
      if (lines.length > LINES_KEPT) lines.shift();
    };
    const read = [
      createInterface(child.stdout!).on('line', (line) => {
        const kept = onOutput ? onOutput(line) : line;
        if (kept !== null) hear(kept);
      }),
      createInterface(child.stderr!).on('line', hear),
    ];
    const allRead = Promise.all(read.map((lines) => new Promise((resolve) => lines.once('close', resolve))));
    child.on('message', (message) => onMessage?.(message));
    return new Promise((resolve) => {
      child.once('error', (error) => resolve({ code: null, text: `${name} could not be started: ${error.message}` }));
      child.once('exit', (code, signal) => {
        const text = `${name} ended by itself (${signal ?? code ?? 'no code'}).`;
        // A process of its own that it left behind may hold the pipes.
        const late = new Promise<void>((read) => this.#options.clock.after(LAST_WORDS_MS, read));
        void Promise.race([allRead, late]).then(() => resolve({ code, text }));
      });
    });
  }

  #set(state: PartState): void {
    this.#state = state;
    this.#options.onChange();
  }
}
