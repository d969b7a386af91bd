import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Clock } from '../../../shared/base/clock.ts';
import type { AgentMessage, ReporterEnvelope } from '../../../shared/protocol/ipc.ts';
import { Family } from './family.ts';
import { readProcessTable, recentProcessTable } from './process-table.ts';
import { PlaywrightRefusal } from './resolve-playwright.ts';
import { MARKER, sweep } from './sweep.ts';
import { UsageMeter, type Usage } from './usage.ts';

const SAMPLE_MS = 1000;
/** After SIGINT Playwright ends its workers, writes the blob and goes, usually within a second. */
const STOP_GRACE_MS = 5000;
const KILL_GRACE_MS = 1000;
/** How long streams may stay open once nothing of the family is left to write. */
const DRAIN_MS = 2000;

export interface GroupOptions {
  /** Program and arguments. */
  command: string;
  args: string[];
  cwd: string;
  /** Whose process it is; {}: this one's. Never left out, so that nothing of a suite runs as the agent by mistake. */
  as: { uid?: number; gid?: number };
  /** The whole environment of the child, without the marker. */
  env: Record<string, string>;
  /** Unique to this start; what it starts is found by it again. */
  marker: string;
  onMessages(messages: ReporterEnvelope['messages']): void;
  onOutput(stream: 'stdout' | 'stderr', text: string): void;
  clock: Clock;
}

export interface GroupEnd extends Usage {
  /** Null when a signal ended it. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  wallMs: number;
  /** Processes that its own end had left behind and that were killed, and those that could not be. */
  swept: number;
  left: number[];
}

/**
 * A program in its own process group, with an IPC channel, whose end means that everything it started has ended: the tree is watched
 * while it runs and what remains is killed before `done` resolves.
 */
export class ProcessGroup {
  readonly pid: number;
  readonly done: Promise<GroupEnd>;
  #child: ChildProcess;
  #options: GroupOptions;
  #family = new Family();
  #meter = new UsageMeter();
  #exited: Promise<void>;
  #interrupted = false;

  /** @throws PlaywrightRefusal where the program cannot be started. */
  static async start(options: GroupOptions): Promise<ProcessGroup> {
    const child = spawn(options.command, options.args, {
      cwd: options.cwd,
      ...options.as,
      env: { ...options.env, [MARKER]: options.marker },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    try {
      await once(child, 'spawn');
    } catch (error) {
      throw new PlaywrightRefusal(
        'cannotStart',
        `cannot start ${options.command} in ${options.cwd}: ${(error as Error).message}`,
      );
    }
    return new ProcessGroup(child, options);
  }

  private constructor(child: ChildProcess, options: GroupOptions) {
    this.#child = child;
    this.#options = options;
    this.pid = child.pid ?? 0;
    this.#exited = event(child, 'exit');
    this.#family.adopt([this.pid], readProcessTable());
    child.on('message', (message) => {
      if (isEnvelope(message)) options.onMessages(message.messages);
    });
    // Errors of the channel (a message cut off by the child's death) say no more than its end does.
    child.on('error', () => undefined);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => options.onOutput('stdout', text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => options.onOutput('stderr', text));
    this.done = this.#run();
  }

  /** To the reporter inside. Nothing happens where the process is not there, or not there any more. */
  send(message: AgentMessage): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  /**
   * SIGINT, so that Playwright still writes its report, and after 5 s (`hard`: 1 s) SIGKILL for all. Resolves when nothing is left.
   * Windows has no SIGINT for another process: there the tree is ended at once, and no report is written.
   */
  async stop({ hard = false } = {}): Promise<void> {
    if (process.platform !== 'win32' && !this.#interrupted) {
      this.#interrupted = true;
      this.#child.kill('SIGINT');
      await Promise.race([this.#exited, this.#after(hard ? KILL_GRACE_MS : STOP_GRACE_MS)]);
    } else if (!hard) {
      await Promise.race([this.#exited, this.#after(STOP_GRACE_MS)]);
    }
    this.#killGroup();
    await this.done;
  }

  async #run(): Promise<GroupEnd> {
    const { clock, marker } = this.#options;
    const started = clock.monotonic();
    const drained = Promise.all([event(this.#child, 'close'), event(this.#child, 'disconnect')]);
    let cancelSample = () => {};
    const sample = () => {
      this.#meter.sample(this.#family.alive(recentProcessTable()));
      cancelSample = clock.after(SAMPLE_MS, sample);
    };
    sample();
    await this.#exited;
    cancelSample();
    const wallMs = clock.monotonic() - started;
    const { killed, left } = await sweep(marker, clock, this.#family);
    await Promise.race([drained, this.#after(DRAIN_MS)]);
    const { exitCode, signalCode } = this.#child;
    return { exitCode, signal: signalCode, wallMs, swept: killed, left, ...this.#meter.total(wallMs) };
  }

  #killGroup(): void {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    // What left the group (browsers) must be known before the processes that tie it to us are gone.
    this.#family.alive(readProcessTable());
    try {
      if (process.platform === 'win32')
        execFileSync('taskkill', ['/pid', String(this.pid), '/T', '/F'], { stdio: 'ignore' });
      else process.kill(-this.pid, 'SIGKILL');
    } catch {
      // It went by itself just now; the sweep finds what it left.
    }
  }

  #after(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(ms, resolve));
  }
}

/** Not events.once, which takes any `error` of the child for the end of the wait. */
function event(child: ChildProcess, name: 'exit' | 'close' | 'disconnect'): Promise<void> {
  return new Promise((resolve) => child.once(name, () => resolve()));
}

function isEnvelope(message: unknown): message is ReporterEnvelope {
  return typeof message === 'object' && message !== null && (message as { playfleet?: unknown }).playfleet === 1;
}
