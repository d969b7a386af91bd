/**
 * Balance: sleep-bound suites of four duration shapes, really run by Playfleet (first run, and with history), by `--shard` on the same number
 * of slots, and by one `playwright test --workers=N`, taking turns; each as a ratio to max(total / slots, longest unit). Then with a worker
 * that is killed half-way, with machines of speed 1, 1, 0.5 and 0.25, and simulated fleets of 16 and 200 slots.
 * `--quick`: one shape, without the 16 real slots.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { api, ended, Programs, root, type Coordinator } from '../../scripts/programs.ts';
import { createRun, runEnded, until } from '../faults/bench.ts';
import { boundMs, SHAPES, writeBalanceSuite, type BalanceSuite } from './balance-suite.ts';
import { simulateShapes, type SimulatedRow } from './balance-simulated.ts';

const SEED = 'balance';
/** Over four slots a bound of 70 s: long enough that the start of a process, seconds on two cores, does not hide the balance. */
const TOTAL_MS = 280_000;
const TOTAL_MS_16 = 960_000;
const AIM = { history: 1.1, first: 1.2, overShard: 1.3, killed: 1.35, speeds: 1.15 };

interface Row {
  case: string;
  slots: number;
  bound_s: number;
  first: number | null;
  history: number | null;
  shard: number | null;
  one_process: number | null;
  shard_over_history: number | null;
}

const quick = process.argv.includes('--quick');
const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-balance-'));
const programs = new Programs();
let workers = 0;
try {
  const coordinator = await programs.startCoordinator(path.join(folder, 'coordinator'));
  const rows: Row[] = [];
  for (const shape of quick ? SHAPES.slice(2, 3) : SHAPES) {
    rows.push(await compare(coordinator, await writeBalanceSuite(path.join(folder, shape), shape, TOTAL_MS, SEED), 4));
  }
  if (!quick) {
    const wide = await writeBalanceSuite(path.join(folder, 'wide'), 'pareto', TOTAL_MS_16, SEED);
    rows.push(await compare(coordinator, wide, 16));
  }
  const unequal = await writeBalanceSuite(path.join(folder, 'unequal'), 'log-normal', TOTAL_MS, SEED);
  const killed = await killOne(coordinator, unequal);
  const speeds = await unequalSpeeds(coordinator, unequal);
  const simulated = simulateShapes(SEED);
  console.table(rows);
  console.log(`One of four workers killed half-way: ${killed} times the bound of four`);
  console.log(
    `Machines of speed 1, 1, 0.5, 0.25: first ${speeds.first}, with history ${speeds.history} times the bound`,
  );
  console.table(simulated);
  const holds =
    rows.every(isGood) && killed <= AIM.killed && speeds.history <= AIM.speeds && simulated.every(isGoodSimulated);
  console.log(JSON.stringify({ balance: rows, killed, speeds, simulated, aim: AIM, holds }));
  process.exitCode = holds ? 0 : 1;
} finally {
  await programs.stopAll();
  await rm(folder, { recursive: true, force: true });
}

function isGood(row: Row): boolean {
  const skewed = row.case !== 'sample' && row.case !== 'log-normal';
  return (
    (row.history ?? Infinity) <= AIM.history &&
    (row.first ?? Infinity) <= AIM.first &&
    (!skewed || (row.shard_over_history ?? 0) >= AIM.overShard)
  );
}

function isGoodSimulated(row: SimulatedRow): boolean {
  return row.history <= AIM.history && row.first <= AIM.first;
}

async function compare(coordinator: Coordinator, suite: BalanceSuite, slots: number): Promise<Row> {
  const fleet = await startFleet(coordinator, [slots / 2, slots / 2]);
  const project = `${suite.shape} ${slots}`;
  const bound = boundMs(suite, slots);
  const first = await timed(coordinator, suite, project);
  const shard = await shards(suite, slots);
  const history = await timed(coordinator, suite, project);
  const oneProcess = await plain(suite, [`--workers=${slots}`]);
  await stopFleet(fleet);
  const row = {
    case: suite.shape,
    slots,
    bound_s: Math.round(bound / 100) / 10,
    first: ratio(first, bound),
    history: ratio(history, bound),
    shard: ratio(shard, bound),
    one_process: ratio(oneProcess, bound),
    shard_over_history: ratio(shard, history),
  };
  console.log(JSON.stringify(row));
  return row;
}

/** The second run of a project, so that it has history; one worker dies when half of the bound has passed. */
async function killOne(coordinator: Coordinator, suite: BalanceSuite): Promise<number> {
  const fleet = await startFleet(coordinator, [1, 1, 1, 1]);
  await timed(coordinator, suite, 'killed');
  const bound = boundMs(suite, 4);
  const id = await createRun(coordinator, { dir: suite.dir, tests: 0, ledger: async () => [] }, { project: 'killed' });
  await until(
    () => api<{ tests: { settled: number } }>(coordinator, 'GET', `/test-runs/${id}`),
    (run) => run.tests.settled > 0,
    'the first result',
  );
  await new Promise((resolve) => setTimeout(resolve, bound / 2));
  fleet[0]?.kill('SIGKILL');
  const ms = await durationOf(coordinator, id);
  await stopFleet(fleet);
  return ratio(ms, bound);
}

async function unequalSpeeds(
  coordinator: Coordinator,
  suite: BalanceSuite,
): Promise<{ first: number; history: number }> {
  const even = await startFleet(coordinator, [1, 1, 1, 1]);
  await timed(coordinator, suite, 'speeds');
  await stopFleet(even);
  const speeds = [1, 1, 0.5, 0.25];
  const fleet = await startFleet(coordinator, [1, 1, 1, 1], speeds);
  const bound = Math.max(suite.totalMs / speeds.reduce((a, b) => a + b, 0), suite.longestUnitMs);
  // Durations are known, the machines' speeds are not; then they are.
  const first = ratio(await timed(coordinator, suite, 'speeds'), bound);
  for (let run = 0; run < 4; run++) await timed(coordinator, suite, 'speeds');
  const history = ratio(await timed(coordinator, suite, 'speeds'), bound);
  await stopFleet(fleet);
  return { first, history };
}

/** Milliseconds from the creation of a run to its end. */
async function timed(coordinator: Coordinator, suite: BalanceSuite, project: string): Promise<number> {
  const id = await createRun(coordinator, { dir: suite.dir, tests: 0, ledger: async () => [] }, { project });
  return durationOf(coordinator, id);
}

async function durationOf(coordinator: Coordinator, id: string): Promise<number> {
  const end = await runEnded(coordinator, id);
  if (end.status !== 'completed') throw new Error(`a run ended as ${end.status}: ${end.reason}`);
  const run = await api<{ created_at: string; completed_at: string }>(coordinator, 'GET', `/test-runs/${id}`);
  return Date.parse(run.completed_at) - Date.parse(run.created_at);
}

/** As many processes as slots, each with its shard, all at once. */
async function shards(suite: BalanceSuite, slots: number): Promise<number> {
  const began = performance.now();
  await Promise.all(
    Array.from({ length: slots }, (_, i) => plain(suite, ['--workers=1', `--shard=${i + 1}/${slots}`], `shard-${i}`)),
  );
  return performance.now() - began;
}

async function plain(suite: BalanceSuite, args: string[], output = 'plain'): Promise<number> {
  const began = performance.now();
  const cli = path.join(root, 'node_modules/@playwright/test/cli.js');
  const code = await ended(
    spawn(process.execPath, [cli, 'test', '--reporter=line', `--output=${path.join(folder, output)}`, ...args], {
      cwd: suite.dir,
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  );
  if (code !== 0) throw new Error(`playwright test ended with ${code}`);
  return performance.now() - began;
}

async function startFleet(coordinator: Coordinator, slots: readonly number[], speeds?: readonly number[]) {
  const fleet = [];
  for (const [i, count] of slots.entries()) {
    const name = `machine-${++workers}${speeds ? `-speed-${speeds[i]}` : ''}`;
    fleet.push(
      await programs.startWorker(coordinator, {
        name,
        slots: count,
        dataDir: path.join(folder, name),
        args: ['--allow-path', folder],
      }),
    );
  }
  const total = slots.reduce((a, b) => a + b, 0);
  await until(
    () => api<{ items: { max_parallel_tasks: number }[] }>(coordinator, 'GET', '/workers?status=idle'),
    ({ items }) => items.reduce((sum, worker) => sum + worker.max_parallel_tasks, 0) === total,
    'the workers',
  );
  return fleet;
}

async function stopFleet(fleet: Awaited<ReturnType<typeof startFleet>>): Promise<void> {
  for (const child of fleet) child.kill('SIGTERM');
  await Promise.all(fleet.map(ended));
}

function ratio(ms: number, bound: number): number {
  return Math.round((ms / bound) * 1000) / 1000;
}
