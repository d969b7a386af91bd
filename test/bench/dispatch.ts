/**
 * Dispatch: 50, 500 and 2,000 simulated workers over the agent link against a real coordinator process with a durable database; tasks
 * granted, begun and finished per second, and how long a worker that becomes free waits for its next task at a moderate pace. The same
 * no-op job through BullMQ in the same run. Then the same rate while 1,000 to 1,000,000 further tasks wait. Aims: at least three times BullMQ's
 * rate, p99 of the wait at most 10 ms with 500 workers, and a task costs at most 1.5 times as much with a million waiting as with a thousand.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { api, Programs, type Coordinator } from '../../scripts/programs.ts';
import { measureBullMq } from './bullmq.ts';
import { connectWorker, createTasks, enrolFleet, percentile, type SimulatedWorker } from './link-fleet.ts';

const FLEETS = [50, 500, 2000];
const TASKS = 20_000;
/** Tasks per second in the paced part: well below what the coordinator can do, so that waits show the dispatch and not a queue. */
const PACE = 400;
const PACED_TASKS = 4_000;
/** Waiting tasks, and how many are carried out while they wait. */
const BACKLOGS = [1_000, 10_000, 100_000, 1_000_000];
const BACKLOG_TASKS = 5_000;
const BACKLOG_WORKERS = 50;
/** As many as a run can have, so that all of them are of active runs. */
const BACKLOG_PER_RUN = 100_000;
const AIM = { ratio: 3, p99Ms: 10, backlog: 1.5 };

interface Row {
  workers: number;
  tasks_per_s: number;
  /** One BullMQ Worker that runs as many jobs at once; `ratio` is against this, its fastest shape. */
  bullmq_per_s: number | null;
  ratio: number | null;
  /** As many BullMQ Workers with one job each, as our workers are. */
  bullmq_fleet_per_s: number | null;
  ratio_fleet: number | null;
  wait_p50_ms: number;
  wait_p99_ms: number;
}

const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-dispatch-'));
const programs = new Programs();
try {
  const rows: Row[] = [];
  const unmeasured: string[] = [];
  for (const workers of FLEETS) rows.push(await measureFleet(workers, unmeasured));
  console.table(rows);
  const backlogs = await measureBacklogs();
  console.table(backlogs);
  const costRatio = hundredths((backlogs[0]?.tasks_per_s ?? 0) / (backlogs.at(-1)?.tasks_per_s ?? 1));
  console.log(
    `A task costs ${costRatio} times as much with a million waiting as with a thousand (aim <= ${AIM.backlog})`,
  );
  const at500 = rows.find((row) => row.workers === 500);
  const ratios = rows.map((row) => row.ratio).filter((ratio) => ratio !== null);
  const holds =
    ratios.length === rows.length &&
    ratios.every((ratio) => ratio >= AIM.ratio) &&
    (at500?.wait_p99_ms ?? Infinity) <= AIM.p99Ms &&
    costRatio <= AIM.backlog;
  console.log(JSON.stringify({ dispatch: rows, backlogs, cost_ratio: costRatio, aim: AIM, unmeasured, holds }));
  process.exitCode = holds ? 0 : 1;
} finally {
  await programs.stopAll();
  await rm(folder, { recursive: true, force: true });
}

async function measureFleet(workers: number, unmeasured: string[]): Promise<Row> {
  const coordinator = await programs.startCoordinator(path.join(folder, `coordinator-${workers}`));
  const members = await enrolFleet(coordinator, workers, `sim${workers}`);
  const fleet: SimulatedWorker[] = [];
  for (const member of members) fleet.push(await connectWorker(coordinator, member));
  const perSecond = await saturate(coordinator, fleet);
  const waits = await pace(coordinator, fleet);
  for (const worker of fleet) worker.close();
  await programs.stopAll();
  const bullmq = await measureBullMq(folder, TASKS, workers);
  if ('why' in bullmq) unmeasured.push(`BullMQ with ${workers}: ${bullmq.why}`);
  const peers = 'why' in bullmq ? null : bullmq;
  const row = {
    workers,
    tasks_per_s: Math.round(perSecond),
    bullmq_per_s: peers && Math.round(peers.pooled),
    ratio: peers && hundredths(perSecond / peers.pooled),
    bullmq_fleet_per_s: peers && Math.round(peers.separate),
    ratio_fleet: peers && hundredths(perSecond / peers.separate),
    wait_p50_ms: round(percentile(waits, 50)),
    wait_p99_ms: round(percentile(waits, 99)),
  };
  console.log(JSON.stringify(row));
  return row;
}

/** The rate at which tasks are carried out while others wait, by how many wait. */
async function measureBacklogs(): Promise<{ waiting: number; tasks_per_s: number }[]> {
  const coordinator = await programs.startCoordinator(path.join(folder, 'coordinator-backlog'));
  const members = await enrolFleet(coordinator, BACKLOG_WORKERS, 'backlog');
  const fleet: SimulatedWorker[] = [];
  for (const member of members) fleet.push(await connectWorker(coordinator, member));
  await api(coordinator, 'PUT', '/settings', { max_parallel_test_runs: BACKLOGS.length * 20 });
  const rows = [];
  for (const waiting of BACKLOGS) {
    await api(coordinator, 'PUT', '/settings', { scheduler_enabled: false });
    const runs = await createTasks(coordinator, waiting + BACKLOG_TASKS, BACKLOG_PER_RUN);
    const { promise, resolve } = Promise.withResolvers<void>();
    let finished = 0;
    for (const worker of fleet) {
      worker.onGrant = (_grant, finish) => {
        // The last grants stay held: they end with their run.
        if (finished < BACKLOG_TASKS) finish();
        if (++finished === BACKLOG_TASKS) resolve();
      };
    }
    const started = performance.now();
    await api(coordinator, 'PUT', '/settings', { scheduler_enabled: true });
    await promise;
    const row = { waiting, tasks_per_s: Math.round(BACKLOG_TASKS / ((performance.now() - started) / 1000)) };
    console.log(JSON.stringify(row));
    rows.push(row);
    for (const worker of fleet) worker.onGrant = () => undefined;
    for (const id of runs) await api(coordinator, 'POST', `/test-runs/${id}/cancel`, { reason: 'measured' });
  }
  for (const worker of fleet) worker.close();
  await programs.stopAll();
  return rows;
}

/** Everybody finishes at once what it is given; tasks per second until all are stored as completed. */
async function saturate(coordinator: Coordinator, fleet: SimulatedWorker[]): Promise<number> {
  await api(coordinator, 'PUT', '/settings', { scheduler_enabled: false });
  const runs = await createTasks(coordinator, TASKS);
  let finished = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const worker of fleet) {
    worker.onGrant = (_grant, finish) => {
      finish();
      if (++finished === TASKS) resolve();
    };
  }
  const started = performance.now();
  await api(coordinator, 'PUT', '/settings', { scheduler_enabled: true });
  await promise;
  for (const id of runs) await completed(coordinator, id);
  return TASKS / ((performance.now() - started) / 1000);
}

/** Each worker works for a while; milliseconds from saying that it is done to the next grant, while others do the same. */
async function pace(coordinator: Coordinator, fleet: SimulatedWorker[]): Promise<number[]> {
  const waits: number[] = [];
  let granted = 0;
  const meanWorkMs = (fleet.length / PACE) * 1000;
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const worker of fleet) {
    let freeSince: number | null = null;
    worker.onGrant = (_grant, finish) => {
      if (freeSince !== null) waits.push(performance.now() - freeSince);
      if (++granted === PACED_TASKS + fleet.length) resolve();
      setTimeout(
        () => {
          freeSince = performance.now();
          finish();
        },
        meanWorkMs * (0.5 + Math.random()),
      );
    };
  }
  await createTasks(coordinator, PACED_TASKS + fleet.length);
  await promise;
  return waits;
}

async function completed(coordinator: Coordinator, id: string): Promise<void> {
  for (;;) {
    const { status } = await api<{ status: string }>(coordinator, 'GET', `/test-runs/${id}/progress`);
    if (status === 'completed') return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function hundredths(ratio: number): number {
  return Math.round(ratio * 100) / 100;
}
