/** Many simulated workers in one process: they speak the real agent link and do nothing with their tasks. */
import { WebSocket } from 'ws';
import type { AgentMessage, CoordinatorMessage } from '../../shared/protocol/link.ts';
import type { Grant } from '../../shared/protocol/work.ts';
import { api, type Coordinator } from '../../scripts/programs.ts';

const ENROL_AT_ONCE = 16;

export interface FleetMember {
  workerId: string;
  key: string;
}

/** Enrols `count` workers over REST. */
export async function enrolFleet(coordinator: Coordinator, count: number, prefix: string): Promise<FleetMember[]> {
  const members: FleetMember[] = [];
  let next = 0;
  const enrol = async (): Promise<void> => {
    while (next < count) {
      const name = `${prefix}-${next++}`;
      const { token } = await api<{ token: string }>(coordinator, 'POST', '/tokens', { kind: 'join', name });
      const body = { hostname: name, capabilities: { browsers: ['chromium'], platform: 'linux', max_parallel: 1 } };
      const made = await api<{ worker_id: string; api_key: string }>(
        { url: coordinator.url, token },
        'POST',
        '/workers/register',
        body,
      );
      members.push({ workerId: made.worker_id, key: made.api_key });
    }
  };
  await Promise.all(Array.from({ length: ENROL_AT_ONCE }, enrol));
  return members;
}

export interface SimulatedWorker {
  /** Called with each grant; call `finish` when the work is done. */
  onGrant: (grant: Grant, finish: () => void) => void;
  close(): void;
}

/** Resolves when the worker was welcomed. */
export async function connectWorker(coordinator: Coordinator, { key }: FleetMember): Promise<SimulatedWorker> {
  const socket = new WebSocket(`${coordinator.url.replace(/^http/, 'ws')}/api/v1/link`, {
    headers: { authorization: `Bearer ${key}` },
    perMessageDeflate: false,
  });
  let nextId = 1;
  const say = (message: AgentMessage): void => socket.send(JSON.stringify(message));
  const worker: SimulatedWorker = { onGrant: () => undefined, close: () => socket.terminate() };
  const take = (grant: Grant): void => {
    const held = { taskId: grant.taskId, attempt: grant.attempt, fence: grant.fence };
    say({ type: 'report', id: nextId++, report: { kind: 'begin', ...held } });
    worker.onGrant(grant, () => say({ type: 'report', id: nextId++, report: { kind: 'finish', ...held, end } }));
  };
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('open', () => say(hello));
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as CoordinatorMessage;
      if (message.type === 'grant') take(message.grant);
      else if (message.type === 'welcome') resolve();
    });
  });
  return worker;
}

const end = {
  how: 'finished' as const,
  message: null,
  stack: null,
  exitCode: 0,
  notRun: [],
  wallMs: 1,
  peakMemoryBytes: null,
  meanCpuPercent: null,
  blobSha256: null,
  blobSize: null,
  permanent: false,
};

const hello: AgentMessage = {
  type: 'hello',
  protocol: 1,
  agentVersion: '0.0.0-bench',
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

/** Creates runs of `tasks` static tasks in all, `perRun` in each. */
export async function createTasks(coordinator: Coordinator, tasks: number, perRun = 10_000): Promise<string[]> {
  const ids: string[] = [];
  for (let left = tasks; left > 0; left -= perRun) {
    const body = { name: 'bench', total_shards: Math.min(left, perRun) };
    ids.push((await api<{ test_run_id: string }>(coordinator, 'POST', '/test-runs/create', body)).test_run_id);
  }
  return ids;
}

export function percentile(values: number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((p / 100) * sorted.length))] ?? 0;
}
