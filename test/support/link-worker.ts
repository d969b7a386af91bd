/** A worker that speaks the real agent link by hand: tests decide what it says and when. */
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { AckResult, AgentMessage, CoordinatorMessage, Held, Report } from '../../shared/protocol/link.ts';
import type { Grant, ProcessEnd } from '../../shared/protocol/work.ts';
import type { TestCoordinator } from './coordinator.ts';
import { agentFor } from '../../src-main/transfer/pinned.ts';
import { ended, heldOf, passed } from './reports.ts';

export { ended, heldOf, passed };

type Kind = CoordinatorMessage['type'];
type Of<K extends Kind> = Extract<CoordinatorMessage, { type: K }>;

export interface LinkWorkerOptions {
  name?: string;
  slots?: number;
  browsers?: string[];
  platform?: 'linux' | 'darwin';
  fingerprint?: string;
  tags?: string[];
  /** Of the link; 1 by default, as the oldest agents that are still served. */
  protocol?: number;
  allowProjects?: string[];
  /** Of the coordinator's own certificate. */
  pin?: string;
  agentVersion?: string;
}

export class LinkWorker {
  readonly workerId: string;
  readonly #url: string;
  readonly #key: string;
  readonly #options: LinkWorkerOptions;
  #socket: WebSocket | null = null;
  #nextId = 1;
  readonly #inbox: CoordinatorMessage[] = [];
  readonly #waiting: { kind: Kind; match: (message: never) => boolean; resolve: (message: never) => void }[] = [];
  readonly closed: { code: number }[] = [];

  static async enrol(coordinator: TestCoordinator, options: LinkWorkerOptions = {}): Promise<LinkWorker> {
    const { workerId, apiKey } = await coordinator.enrol(options.name ?? 'machine-1');
    return new LinkWorker(coordinator.url, workerId, apiKey, options);
  }

  constructor(url: string, workerId: string, key: string, options: LinkWorkerOptions) {
    this.#url = url;
    this.workerId = workerId;
    this.#key = key;
    this.#options = options;
    onTestFinished(() => this.drop());
  }

  /** Connects and greets; resolves with the welcome. */
  async connect(held: Held[] = [], url = this.#url): Promise<Of<'welcome'>> {
    await this.#greet(held, url);
    return this.next('welcome');
  }

  /** Connects and greets; resolves with why it was refused. */
  async connectRefused(): Promise<Of<'error'>> {
    await this.#greet([], this.#url);
    return this.next('error');
  }

  async #greet(held: Held[], url: string): Promise<void> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/api/v1/link`, {
      headers: { authorization: `Bearer ${this.#key}` },
      agent: agentFor(this.#options.pin ?? null),
    });
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#receive(JSON.parse(data.toString()) as CoordinatorMessage));
    socket.on('close', (code) => this.closed.push({ code }));
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    const {
      slots = 2,
      browsers = ['chromium'],
      fingerprint = null,
      tags = [],
      protocol = 1,
      platform = 'linux',
      allowProjects = null,
      agentVersion = '0.0.0-test',
    } = this.#options;
    this.say({
      type: 'hello',
      protocol,
      agentVersion,
      slots,
      tags,
      allowProjects,
      held,
      capabilities: {
        platform,
        platform_version: '',
        arch: 'x64',
        cpus: 2,
        cpu_model: '',
        memory_bytes: 2 ** 32,
        disk_free_bytes: 2 ** 32,
        browsers: Object.fromEntries(browsers.map((name) => [name, { version: '1', how: 'system' as const }])),
        missing_browsers: {},
        displays: 0,
        node_version: '',
        fingerprint,
      },
    });
  }

  say(message: AgentMessage): void {
    this.#socket?.send(JSON.stringify(message));
  }

  /** The next message of a kind, also one that has come already. */
  next<K extends Kind>(kind: K, match: (message: Of<K>) => boolean = () => true): Promise<Of<K>> {
    const at = this.#inbox.findIndex((message) => message.type === kind && match(message as Of<K>));
    if (at >= 0) return Promise.resolve(this.#inbox.splice(at, 1)[0] as Of<K>);
    return new Promise((resolve) => this.#waiting.push({ kind, match: match, resolve: resolve }));
  }

  async grant(match: (grant: Grant) => boolean = () => true): Promise<Grant> {
    return (await this.next('grant', (message) => match(message.grant))).grant;
  }

  /** What has come and nobody asked for yet. */
  waiting(kind: Kind): number {
    return this.#inbox.filter((message) => message.type === kind).length;
  }

  async report(report: Report, id = this.#nextId++): Promise<AckResult> {
    this.say({ type: 'report', id, report });
    return (await this.next('ack', (ack) => ack.id === id)).result;
  }

  /** Begins and ends a grant as if its process had run; `testIds` pass first. */
  async carryOut(grant: Grant, testIds: string[] = [], end: Partial<ProcessEnd> = {}): Promise<AckResult> {
    await this.report({ kind: 'begin', ...heldOf(grant) });
    if (testIds.length > 0) await this.report(passed(grant, testIds));
    return this.report({ kind: 'finish', ...heldOf(grant), end: ended(end) });
  }

  /** Breaks the connection without a word, as a machine does that dies. */
  drop(): void {
    this.#socket?.terminate();
    this.#socket = null;
  }

  /** Neither speaks nor answers nor closes any more, as a machine whose power is gone. */
  vanish(): void {
    (this.#socket as unknown as { _socket: { pause(): void } } | null)?._socket.pause();
  }

  #receive(message: CoordinatorMessage): void {
    const at = this.#waiting.findIndex((entry) => entry.kind === message.type && entry.match(message as never));
    if (at >= 0) this.#waiting.splice(at, 1)[0]?.resolve(message as never);
    else this.#inbox.push(message);
  }
}
