/**
 * Overload: what a coordinator can carry out of results, printed lines and heartbeats together is measured first; then three times as much
 * comes for 20 s. A quarter of the workers are asked to send less and do, the others do not know how. Aims: no acknowledged result is lost and
 * every result is acknowledged, memory grows by at most 200 MB, and at most 5 s after the end all is stored and health says normal again.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { api, Programs, type Coordinator } from '../../scripts/programs.ts';
import { flood, Flooder } from '../support/flood.ts';
import { enrolFleet } from './link-fleet.ts';

const WORKERS = 100;
/** Lines that each test prints. */
const LINES = 400;
/** A second and worker. */
const BEATS = 10;
const FIRST_RATE = 100;
const RISE = 1.25;
const STEP_MS = 1_500;
const FLOOD_MS = 20_000;
const FACTOR = 3;
const AIM = { lost: 0, growthMb: 200, recoveryMs: 5_000 };
/** More than any worker comes to: what is not planned would not be counted. */
const TESTS_PER_WORKER = 10_000;

interface Health {
  load: { state: string; reasons: string[]; left_out: Record<string, number> };
}

const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-overload-'));
const programs = new Programs();
try {
  const coordinator = await programs.startCoordinator(path.join(folder, 'data'));
  const members = await enrolFleet(coordinator, WORKERS, 'flood');
  const run = await api<{ test_run_id: string }>(coordinator, 'POST', '/test-runs/create', {
    name: 'flood',
    total_shards: WORKERS,
  });
  const fleet = members.map(({ key }, i) => new Flooder({ url: coordinator.url, key, protocol: i % 4 === 0 ? 3 : 2 }));
  for (const worker of fleet) await worker.begin(TESTS_PER_WORKER);
  const capacity = await measureCapacity(coordinator, fleet);
  await until(async () => (await health(coordinator)).load.state === 'normal');

  const before = await rssMb(coordinator);
  const [resultsBefore, leftOutBefore] = [sum(fleet, (each) => each.acked), (await health(coordinator)).load.left_out];
  let peak = before;
  const states = new Set<string>();
  const watching = new AbortController();
  const watched = watch(coordinator, watching.signal, (rss, state) => {
    peak = Math.max(peak, rss);
    states.add(state);
  });
  const offered = await flood(fleet, { perSecond: capacity * FACTOR, lines: LINES, beats: BEATS, ms: FLOOD_MS });
  const ended = performance.now();
  const factor = offered / (FLOOD_MS / 1000) / capacity;
  const perSecond = (sum(fleet, (each) => each.acked) - resultsBefore) / (FLOOD_MS / 1000);
  await until(async () => fleet.every((worker) => worker.waiting === 0));
  const storedMs = performance.now() - ended;
  await until(async () => (await health(coordinator)).load.state === 'normal');
  const recoveryMs = performance.now() - ended;
  watching.abort();
  await watched;

  const { load } = await health(coordinator);
  const { tests } = await api<{ tests: { settled: number } }>(
    coordinator,
    'GET',
    `/test-runs/${run.test_run_id}/progress`,
  );
  const sent = sum(fleet, (worker) => worker.worked);
  const lost = sent - tests.settled;
  const leftOut = Object.fromEntries(
    Object.entries(load.left_out).map(([what, n]) => [what, n - (leftOutBefore[what] ?? 0)]),
  );
  const growthMb = peak - before;
  for (const worker of fleet) worker.close();
  console.log(
    `capacity ${Math.round(capacity)} tests/s with ${LINES} lines each; ${factor.toFixed(2)} times as much came for ${FLOOD_MS / 1000} s`,
  );
  console.log(`${Math.round(perSecond)} results/s stored meanwhile, ${sent} in all, ${lost} lost`);
  console.log(`left out: ${JSON.stringify(leftOut)}; states seen: ${[...states].join(', ')}`);
  console.log(
    `memory ${Math.round(before)} MB before, ${Math.round(peak)} MB at most; all stored after ${Math.round(storedMs)} ms, normal after ${Math.round(recoveryMs)} ms`,
  );
  const holds =
    factor >= 0.9 * FACTOR &&
    lost === AIM.lost &&
    growthMb <= AIM.growthMb &&
    recoveryMs <= AIM.recoveryMs &&
    states.has('overloaded') &&
    (leftOut['log_lines'] ?? 0) > 0;
  console.log(
    JSON.stringify({
      capacity: Math.round(capacity),
      factor: Math.round(factor * 100) / 100,
      results_per_s: Math.round(perSecond),
      sent,
      lost,
      left_out: leftOut,
      rss_growth_mb: Math.round(growthMb),
      stored_ms: Math.round(storedMs),
      recovery_ms: Math.round(recoveryMs),
      aim: AIM,
      holds,
    }),
  );
  process.exitCode = holds ? 0 : 1;
} finally {
  await programs.stopAll();
  await rm(folder, { recursive: true, force: true });
}

/** The last of rising rates (tests a second, with their lines and heartbeats) at which everything was carried out in time, and nothing left out. */
async function measureCapacity(coordinator: Coordinator, fleet: readonly Flooder[]): Promise<number> {
  let good = 0;
  for (let perSecond = FIRST_RATE; ; perSecond *= RISE) {
    // Twice, because this machine may have been busy with something else for once.
    if (!((await copesWith(coordinator, fleet, perSecond)) || (await copesWith(coordinator, fleet, perSecond))))
      return good;
    good = perSecond;
  }
}

async function copesWith(coordinator: Coordinator, fleet: readonly Flooder[], perSecond: number): Promise<boolean> {
  const before = (await health(coordinator)).load.left_out['log_lines'] ?? 0;
  await flood(fleet, { perSecond, lines: LINES, beats: BEATS, ms: STEP_MS });
  const late = sum(fleet, (worker) => worker.waiting);
  const { load } = await health(coordinator);
  const leftOut = (load.left_out['log_lines'] ?? 0) - before;
  await until(async () => fleet.every((worker) => worker.waiting === 0));
  if (leftOut === 0 && load.state !== 'overloaded' && late <= perSecond / 2) return true;
  await until(async () => (await health(coordinator)).load.state === 'normal');
  return false;
}

async function health({ url }: Coordinator): Promise<Health> {
  return (await (await fetch(`${url}/healthz`)).json()) as Health;
}

async function watch(
  coordinator: Coordinator,
  signal: AbortSignal,
  see: (rss: number, state: string) => void,
): Promise<void> {
  while (!signal.aborted) {
    see(await rssMb(coordinator), (await health(coordinator)).load.state);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function rssMb({ process: child }: Coordinator): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(child.pid)]);
  return Number(stdout) / 1024;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
}

function sum<T>(list: readonly T[], value: (each: T) => number): number {
  return list.reduce((total, each) => total + value(each), 0);
}
