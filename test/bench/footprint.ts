/**
 * Footprint: how long a coordinator takes to start, and what coordinator and agent use while nothing happens, and with 100,000 tasks waiting.
 * Real programs, measured from outside through /proc. Aims: start ≤ 1 s; coordinator ≤ 120 MB idle, ≤ 200 MB with the tasks; idle agent
 * ≤ 90 MB and ≤ 0.5 % of a core.
 */
import { readFile } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { api, Programs, stop, type Coordinator } from '../../scripts/programs.ts';
import { createTasks } from './link-fleet.ts';

const AIM = { start_s: 1, idle_mb: 120, tasks_mb: 200, agent_mb: 90, agent_cpu_percent: 0.5 };
const TASKS = 100_000;
const STARTS = 5;
/** Long enough for start-up work to end and for several pings and a heartbeat to fall into the watched time. */
const SETTLE_MS = 15_000;
const WATCH_MS = 60_000;
/** Clock ticks of /proc/<pid>/stat per second; 100 on every Linux that Node supports. */
const TICKS_PER_SECOND = 100;

if (process.platform !== 'linux') {
  console.log(JSON.stringify({ footprint: null, unmeasured: ['needs /proc: run it on Linux'], holds: false }));
  process.exit(1);
}
const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-footprint-'));
const programs = new Programs();
try {
  const figures = await measure();
  for (const [name, value] of Object.entries(figures))
    console.log(`${name.padEnd(20)} ${value}   (aim ≤ ${AIM[name as keyof typeof AIM]})`);
  const holds = Object.entries(figures).every(([name, value]) => value <= AIM[name as keyof typeof AIM]);
  console.log(JSON.stringify({ footprint: figures, aim: AIM, holds }));
  process.exitCode = holds ? 0 : 1;
} finally {
  await programs.stopAll();
  await rm(folder, { recursive: true, force: true });
}

async function measure(): Promise<Record<keyof typeof AIM, number>> {
  const starts: number[] = [];
  let coordinator: Coordinator | undefined;
  for (let n = 0; n < STARTS; n++) {
    if (coordinator) await stop(coordinator.process);
    const started = performance.now();
    coordinator = await programs.startCoordinator(
      path.join(folder, 'coordinator'),
      coordinator ? { before: coordinator } : {},
    );
    starts.push((performance.now() - started) / 1000);
  }
  if (!coordinator) throw new Error('no coordinator was started');
  await pause(SETTLE_MS);
  const idle = await memoryMb(coordinator.process.pid);
  const agent = await programs.startWorker(coordinator, {
    name: 'idle',
    slots: 2,
    dataDir: path.join(folder, 'worker'),
  });
  await online(coordinator);
  await pause(SETTLE_MS);
  const before = await cpuSeconds(agent.pid);
  await pause(WATCH_MS);
  const cpuPercent = (((await cpuSeconds(agent.pid)) - before) / (WATCH_MS / 1000)) * 100;
  const agentMb = await memoryMb(agent.pid);
  await stop(agent);
  await api(coordinator, 'PUT', '/settings', { max_parallel_test_runs: 100 });
  await createTasks(coordinator, TASKS);
  await pause(SETTLE_MS);
  const withTasks = await memoryMb(coordinator.process.pid);
  return {
    start_s: round(starts.toSorted((a, b) => a - b)[Math.floor(STARTS / 2)] ?? 0),
    idle_mb: round(idle),
    tasks_mb: round(withTasks),
    agent_mb: round(agentMb),
    agent_cpu_percent: round(cpuPercent),
  };
}

async function memoryMb(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024;
}

async function cpuSeconds(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function online(coordinator: Coordinator): Promise<void> {
  for (;;) {
    const { items } = await api<{ items: { status: string }[] }>(coordinator, 'GET', '/workers');
    if (items.some((worker) => worker.status === 'idle')) return;
    await pause(100);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
