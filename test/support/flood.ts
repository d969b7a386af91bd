/** Workers that send more than a coordinator can carry out: results, what tests print, and heartbeats. Those of link protocol 2 know no `pace`. */
import { WebSocket } from 'ws';
import { systemClock } from '../../shared/base/clock.ts';
import type { AgentMessage, CoordinatorMessage, Held, Report } from '../../shared/protocol/link.ts';
import type { Grant } from '../../shared/protocol/work.ts';
import { LOG_MS, LogStream } from '../../src-main/agent/slots/log-stream.ts';
import { ended, heldOf, passed } from './reports.ts';
import { plannedTest } from './suites.ts';

const LINE = `${'a line that a test prints, as they do '.repeat(2)}\n`;
/** As the agent does: more than this waiting to leave, and what may be lost is. */
const CONGESTED_BYTES = 1024 * 1024;
/** As the agent does: so many reports are under way at once. */
const WINDOW = 64;

const texts = new Map<number, string>();
function textOf(lines: number): string {
  const text = texts.get(lines) ?? LINE.repeat(lines);
  texts.set(lines, text);
  return text;
}

export interface FlooderOptions {
  url: string;
  key: string;
  protocol: 2 | 3;
  /** Tests that are reported together, where so many wait; 1 where left out. */
  batch?: number;
}

export class Flooder {
  /** Tests that have passed, and how many of them are stored. */
  worked = 0;
  acked = 0;
  planned = 0;
  #socket!: WebSocket;
  readonly #options: FlooderOptions;
  #held: Held | null = null;
  #nextId = 1;
  /** Of those that have passed, how many were reported. */
  #reported = 0;
  #isClosed = false;
  #logMs = LOG_MS;
  #log: LogStream | null = null;
  #seq = 0;
  #printed: string | null = null;
  readonly #unanswered = new Map<number, () => void>();
  readonly #granted = Promise.withResolvers<Grant>();

  constructor(options: FlooderOptions) {
    this.#options = options;
  }

  /** Connects, waits for a task, begins it and plans `tests` tests in it. */
  async begin(tests: number): Promise<void> {
    const { url, key, protocol } = this.#options;
    this.#socket = new WebSocket(`${url.replace(/^http/, 'ws')}/api/v1/link`, {
      headers: { authorization: `Bearer ${key}` },
      perMessageDeflate: false,
    });
    this.#socket.on('message', (data: Buffer) => this.#receive(JSON.parse(data.toString()) as CoordinatorMessage));
    await new Promise<void>((resolve, reject) => {
      this.#socket.once('open', () => resolve());
      this.#socket.once('error', reject);
    });
    this.#socket.on('close', (code) => {
      if (!this.#isClosed) console.error(`the link of a flooding worker was closed with ${code}`);
    });
    this.#say({ ...HELLO, protocol });
    const grant = await this.#granted.promise;
    const held = heldOf(grant);
    this.#held = held;
    this.#log = new LogStream(
      held,
      systemClock,
      (message) => !this.#isCongested && this.#say(message),
      () => this.#logMs,
    );
    await this.#report({ kind: 'begin', ...held });
    this.planned = tests;
    const planned = Array.from({ length: tests }, (_, i) => plannedTest(this.#testId(i)));
    await this.#report({
      kind: 'planned',
      ...held,
      playwrightVersion: '1.65.1',
      tests: planned,
      supportingTestIds: [],
    });
  }

  /** Not stored yet. */
  get waiting(): number {
    return this.worked - this.acked;
  }

  /** One test has passed and printed `lines` lines. */
  work(lines: number): void {
    this.worked++;
    this.#pump();
    if (!this.#held) return;
    if (this.#options.protocol >= 3) this.#log?.write('stdout', textOf(lines));
    else if (!this.#isCongested) this.#print(lines);
  }

  /** Made once: here, making messages must cost little of what the coordinator needs for taking them. */
  #print(lines: number): void {
    this.#printed ??= JSON.stringify({ type: 'log', ...this.#held, stream: 'stdout', text: textOf(lines) }).slice(
      0,
      -1,
    );
    this.#socket.send(`${this.#printed},"seq":${this.#seq++}}`);
  }

  beat(): void {
    if (this.#held) this.#say({ type: 'heartbeat', metrics: METRICS, held: [this.#held] });
  }

  /** Says that another of its tests runs now. */
  progress(no: number): void {
    if (this.#held && !this.#isCongested)
      this.#say({ type: 'progress', ...this.#held, running: [{ testId: this.#testId(no % this.planned), retry: 0 }] });
  }

  /** The task is over. */
  async end(): Promise<void> {
    if (this.#held) await this.#report({ kind: 'finish', ...this.#held, end: ended() });
    this.close();
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.terminate();
  }

  get #isCongested(): boolean {
    return this.#socket.bufferedAmount > CONGESTED_BYTES;
  }

  #testId(no: number): string {
    return `${this.#held?.fence}-${no}`;
  }

  #pump(): void {
    while (this.#held && this.#reported < this.worked && this.#unanswered.size < WINDOW) {
      const count = Math.min(this.#options.batch ?? 1, this.worked - this.#reported);
      const testIds = Array.from({ length: count }, (_, i) => this.#testId(this.#reported + i));
      this.#reported += count;
      void this.#report(passed(this.#held as Grant, testIds)).then(() => {
        this.acked += count;
        this.#pump();
      });
    }
  }

  #report(report: Report): Promise<void> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#unanswered.set(id, resolve);
      this.#say({ type: 'report', id, report });
    });
  }

  #say(message: AgentMessage): boolean {
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #receive(message: CoordinatorMessage): void {
    if (message.type === 'grant') this.#granted.resolve(message.grant);
    else if (message.type === 'pace') this.#logMs = message.logMs;
    else if (message.type === 'ack') {
      const answered = this.#unanswered.get(message.id);
      this.#unanswered.delete(message.id);
      if (message.result !== 'accepted') throw new Error(`a report was ${message.result}: ${message.detail}`);
      answered?.();
    }
  }
}

const METRICS = {
  cpu_percent: 50,
  memory_used_bytes: 2 ** 30,
  memory_total_bytes: 2 ** 32,
  disk_free_bytes: 2 ** 34,
  disk_total_bytes: 2 ** 36,
};

const HELLO: Extract<AgentMessage, { type: 'hello' }> = {
  type: 'hello',
  protocol: 3,
  agentVersion: '0.0.0-test',
  slots: 1,
  tags: [],
  held: [],
  capabilities: {
    platform: 'linux',
    platform_version: '',
    arch: 'x64',
    cpus: 1,
    cpu_model: '',
    memory_bytes: 2 ** 30,
    disk_free_bytes: null,
    browsers: { chromium: { version: '1', how: 'system' } },
    missing_browsers: {},
    displays: 0,
    node_version: '',
    fingerprint: null,
  },
};

/** More at once would keep the links of this process from answering pings. */
const MOST_A_TURN = 200;

/**
 * `perSecond` tests in all, in turns, each printing `lines` lines, and `beats` heartbeats a second and worker, whether the coordinator
 * keeps up or not. Resolves with how many tests there were once the time is over.
 */
export async function flood(
  fleet: readonly Flooder[],
  { perSecond, lines, beats, ms }: { perSecond: number; lines: number; beats: number; ms: number },
): Promise<number> {
  const began = performance.now();
  let worked = 0;
  let beaten = 0;
  for (let passedMs = 0; passedMs < ms; passedMs = performance.now() - began) {
    const due = Math.min((passedMs / 1000) * perSecond, worked + MOST_A_TURN);
    for (; worked < due; worked++) fleet[worked % fleet.length]?.work(lines);
    for (; beaten < (passedMs / 1000) * beats; beaten++) for (const worker of fleet) worker.beat();
    await new Promise<void>((resolve) => systemClock.after(1, resolve));
  }
  return worked;
}
