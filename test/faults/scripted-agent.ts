/**
 * Agents without Playwright, many in one process: they speak the real agent link, keep reports until these are acknowledged, reconnect, and
 * obey. What was acknowledged to them is what the coordinator must never lose.
 */
import { WebSocket } from 'ws';
import type { AgentMessage, CoordinatorMessage, Held, Report } from '../../shared/protocol/link.ts';
import type { Grant } from '../../shared/protocol/work.ts';
import { api, type Coordinator } from '../../scripts/programs.ts';
import { ended, heldOf, passed } from '../support/reports.ts';
import { discoveryOf } from '../support/suites.ts';
import { enrolFleet } from '../bench/link-fleet.ts';
import { count, pause, type Finding } from './bench.ts';

export interface ScriptedOptions {
  slots: number;
  testMs: number;
  /** What a discovery finds. */
  testIds: readonly string[];
  protocol?: number;
  heartbeatMs?: number;
}

/** What a fleet was told, together. */
export interface Ledger {
  /** Results that were acknowledged: `run/test`. */
  acknowledged: Set<string>;
  /** Tests that were handed out although their results had been acknowledged: these were forgotten. */
  forgotten: number;
}

interface Work {
  grant: Grant;
  /** Tests given back or not begun. */
  revoked: Set<string>;
  begun: Set<string>;
  stopped: boolean;
}

const RECONNECT_MS = 150;

export class ScriptedAgent {
  acks = 0;
  refused = 0;
  stale = 0;
  /** What the coordinator said its protocol is. */
  protocol = 0;
  /** Says nothing any more, but answers pings: a process that hangs. */
  mute = false;
  readonly #url: string;
  readonly #key: string;
  readonly #options: ScriptedOptions;
  readonly #ledger: Ledger;
  #socket: WebSocket | null = null;
  #isUp = false;
  #closed = false;
  #nextId = 1;
  readonly #outbox = new Map<number, Report>();
  readonly #settled = new Map<number, () => void>();
  readonly #works = new Map<number, Work>();
  /** Fence → run. */
  readonly #runs = new Map<number, string>();
  #onUp: (() => void)[] = [];
  readonly #beat: NodeJS.Timeout;

  constructor(url: string, key: string, options: ScriptedOptions, ledger: Ledger) {
    this.#ledger = ledger;
    this.#url = url;
    this.#key = key;
    this.#options = options;
    this.#beat = setInterval(() => this.#heartbeat(), options.heartbeatMs ?? 1000);
    this.#open();
  }

  get held(): Held[] {
    return [...this.#works.values()].map((work) => heldOf(work.grant));
  }

  /** Resolves when it is connected, at once if it is. */
  up(): Promise<void> {
    return this.#isUp ? Promise.resolve() : new Promise((resolve) => this.#onUp.push(resolve));
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#beat);
    for (const work of this.#works.values()) work.stopped = true;
    this.#socket?.terminate();
  }

  #open(): void {
    if (this.#closed) return;
    const socket = new WebSocket(`${this.#url.replace(/^http/, 'ws')}/api/v1/link`, {
      headers: { authorization: `Bearer ${this.#key}` },
      perMessageDeflate: false,
    });
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('open', () => socket.send(JSON.stringify(this.#hello())));
    socket.on('message', (data: Buffer) => {
      if (!this.mute) this.#receive(JSON.parse(data.toString()) as CoordinatorMessage);
    });
    socket.on('close', () => {
      this.#isUp = false;
      setTimeout(() => this.#open(), RECONNECT_MS * (0.5 + Math.random()));
    });
  }

  #say(message: AgentMessage): void {
    if (this.#isUp && !this.mute) this.#socket?.send(JSON.stringify(message));
  }

  #heartbeat(): void {
    const metrics = {
      cpu_percent: null,
      memory_used_bytes: null,
      memory_total_bytes: null,
      disk_free_bytes: null,
      disk_total_bytes: null,
    };
    this.#say({ type: 'heartbeat', metrics, held: this.held });
  }

  #receive(message: CoordinatorMessage): void {
    switch (message.type) {
      case 'welcome':
        this.#isUp = true;
        this.protocol = message.protocol;
        for (const { fence } of message.stale) this.#drop(fence);
        for (const [id, report] of this.#outbox) this.#say({ type: 'report', id, report });
        this.#onUp.splice(0).forEach((resolve) => resolve());
        return;
      case 'grant':
        void this.#carryOut(message.grant);
        return;
      case 'ack':
        this.#acknowledged(message);
        return;
      case 'revoke': {
        const work = this.#works.get(message.fence);
        const given = message.testIds.filter((id) => work && !work.begun.has(id));
        given.forEach((id) => work?.revoked.add(id));
        const { taskId, attempt, fence } = message;
        void this.#report({ kind: 'revoked', taskId, attempt, fence, testIds: given });
        return;
      }
      case 'cancel': {
        const { taskId, attempt, fence } = message;
        this.#drop(fence);
        void this.#report({ kind: 'finish', taskId, attempt, fence, end: ended({ how: 'cancelled' }) });
        return;
      }
      // None means anything to somebody who cannot be paused, sends little, and connects again whatever happens.
      case 'intent':
      case 'pace':
      case 'offline':
      case 'error':
        return;
    }
  }

  #acknowledged({ id, result }: Extract<CoordinatorMessage, { type: 'ack' }>): void {
    const report = this.#outbox.get(id);
    if (!report) return;
    this.acks++;
    this.#outbox.delete(id);
    if (result === 'stale') {
      this.stale++;
      this.#drop(report.fence);
    } else if (result === 'refused') this.refused++;
    else if (report.kind === 'results') {
      const runId = this.#runs.get(report.fence) ?? '';
      report.settled.forEach((test) => this.#ledger.acknowledged.add(`${runId}/${test.testId}`));
    }
    this.#settled.get(id)?.();
    this.#settled.delete(id);
  }

  #drop(fence: number): void {
    const work = this.#works.get(fence);
    if (work) work.stopped = true;
    this.#works.delete(fence);
  }

  #report(report: Report): Promise<void> {
    const id = this.#nextId++;
    this.#outbox.set(id, report);
    const acked = new Promise<void>((resolve) => this.#settled.set(id, resolve));
    this.#say({ type: 'report', id, report });
    return acked;
  }

  async #carryOut(grant: Grant): Promise<void> {
    if (this.#works.has(grant.fence)) return;
    const work: Work = { grant, revoked: new Set(), begun: new Set(), stopped: false };
    this.#works.set(grant.fence, work);
    this.#runs.set(grant.fence, grant.runId);
    void this.#report({ kind: 'begin', ...heldOf(grant) });
    if (grant.work.kind === 'discover') {
      const discovery = discoveryOf(this.#options.testIds);
      void this.#report({ kind: 'discovered', ...heldOf(grant), discovery, commit: null });
    }
    const ordered = grant.work.kind === 'units' ? grant.work.testIds : [];
    this.#ledger.forgotten += ordered.filter((id) => this.#ledger.acknowledged.has(`${grant.runId}/${id}`)).length;
    for (const id of ordered) {
      if (work.revoked.has(id)) continue;
      work.begun.add(id);
      await pause(this.#options.testMs * (0.5 + Math.random()));
      if (work.stopped) return;
      void this.#report(passed(grant, [id]));
    }
    await this.#report({ kind: 'finish', ...heldOf(grant), end: ended() });
    this.#works.delete(grant.fence);
  }

  #hello(): AgentMessage {
    const capabilities = {
      platform: 'linux' as const,
      platform_version: '',
      arch: 'x64',
      cpus: 2,
      cpu_model: '',
      memory_bytes: 2 ** 32,
      disk_free_bytes: null,
      browsers: { chromium: { version: '1', how: 'system' as const } },
      missing_browsers: {},
      displays: 0,
      node_version: '',
      fingerprint: null,
    };
    const { slots, protocol = 2 } = this.#options;
    return { type: 'hello', protocol, agentVersion: '0.0.0-faults', slots, tags: [], held: this.held, capabilities };
  }
}

export interface ScriptedFleet {
  agents: ScriptedAgent[];
  ledger: Ledger;
  /** Acknowledgements of any kind. */
  acks(): number;
  close(): void;
}

/** Enrols and connects `count` agents. */
export async function startScripted(
  coordinator: Coordinator,
  count: number,
  options: ScriptedOptions & { prefix?: string; url?: string },
): Promise<ScriptedFleet> {
  const ledger: Ledger = { acknowledged: new Set(), forgotten: 0 };
  const members = await enrolFleet(coordinator, count, options.prefix ?? 'scripted');
  const agents = members.map(({ key }) => new ScriptedAgent(options.url ?? coordinator.url, key, options, ledger));
  await Promise.all(agents.map((agent) => agent.up()));
  return {
    agents,
    ledger,
    acks: () => agents.reduce((sum, agent) => sum + agent.acks, 0),
    close: () => agents.forEach((agent) => agent.close()),
  };
}

/** A queue run without a source: only scripted agents can serve it. */
export const createScriptedRun = async (coordinator: Coordinator, over: object = {}): Promise<string> =>
  (
    await api<{ test_run_id: string }>(coordinator, 'POST', '/test-runs/create', {
      name: 'scripted',
      kind: 'queue',
      ...over,
    })
  ).test_run_id;

export const testNames = (count: number): string[] => Array.from({ length: count }, (_, n) => `test-${n}`);

/** What became of these runs of `tests` tests each: nothing that was acknowledged may be missing, nothing counted twice. */
export async function audit(
  coordinator: Coordinator,
  runs: readonly string[],
  tests: number,
  { ledger }: ScriptedFleet,
): Promise<Pick<Finding, 'acknowledged' | 'stored' | 'lost' | 'double_counted'>> {
  const sum = { acknowledged: ledger.acknowledged.size, stored: 0, lost: ledger.forgotten, double_counted: 0 };
  for (const run of runs) {
    const counted = await count(coordinator, run, { tests });
    sum.stored += counted.stored;
    sum.lost += counted.lost;
    sum.double_counted += counted.double_counted;
  }
  return sum;
}
