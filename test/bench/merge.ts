/**
 * Merging: what a promoted coordinator did (10,000 results in ten runs) is brought to a central one that hands out tasks meanwhile. How long that takes
 * until all of it counts there, until both sides have compared themselves, and how long workers wait for their next task with and without it.
 * Aims: at most 10 s, and the p99 of the wait at most twice that of the same coordinator without a merge.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { api, Programs, type Coordinator } from '../../scripts/programs.ts';
import { connectWorker, createTasks, enrolFleet, percentile, type SimulatedWorker } from './link-fleet.ts';

const RUNS = 10;
const TESTS = 1_000;
const WORKERS = 50;
/** Tasks per second that are handed out meanwhile. */
const PACE = 200;
const QUIET_MS = 10_000;
const AIM = { seconds: 10, ratio: 2 };

interface Home {
  noted_s: number;
  sent_s: number;
  in_place_s: number;
  verified_s: number;
  entries: number;
}

const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-merge-'));
const programs = new Programs();
/** It stands for another machine, with a disk of its own: where there is one in memory, it does not write to that of the coordinator. */
const MEMORY_DISK = '/dev/shm';
const laptop = fork(
  path.join(path.dirname(fileURLToPath(import.meta.url)), 'merge-laptop.ts'),
  [String(RUNS), String(TESTS)],
  { env: { ...process.env, ...(existsSync(MEMORY_DISK) ? { TMPDIR: MEMORY_DISK } : {}) } },
);
try {
  const coordinator = await programs.startCoordinator(path.join(folder, 'central'));
  await told(laptop, 'ready');
  const { secret } = await api<{ secret: string }>(coordinator, 'POST', '/sync-credentials', { name: 'laptop' });
  const fleet: SimulatedWorker[] = [];
  for (const member of await enrolFleet(coordinator, WORKERS, 'merge'))
    fleet.push(await connectWorker(coordinator, member));
  const pacing = await pace(coordinator, fleet);
  await sleep(QUIET_MS / 5);
  const before = await pacing.during(() => sleep(QUIET_MS));
  const home = Promise.withResolvers<Home>();
  const during = await pacing.during(async () => {
    laptop.send({ url: coordinator.url, token: secret });
    home.resolve(await told<Home>(laptop, 'home'));
  });
  const after = await pacing.during(() => sleep(QUIET_MS));
  pacing.stop();
  for (const worker of fleet) worker.close();
  const { items } = await api<{ items: { own: boolean; runs: number }[] }>(coordinator, 'GET', '/origins');
  const results = await countResults(coordinator);
  const quiet = [...before, ...after];
  const figures = {
    ...(await home.promise),
    runs: items.find(({ own }) => !own)?.runs ?? 0,
    results,
    waits: { quiet: quiet.length, merging: during.length },
    p50_ms: { quiet: round(percentile(quiet, 50)), merging: round(percentile(during, 50)) },
    p99_ms: { quiet: round(percentile(quiet, 99)), merging: round(percentile(during, 99)) },
    ratio: round(percentile(during, 99) / percentile(quiet, 99)),
  };
  const holds =
    figures.in_place_s <= AIM.seconds &&
    figures.ratio <= AIM.ratio &&
    figures.runs === RUNS &&
    results === RUNS * TESTS;
  console.log(JSON.stringify({ merge: figures, aim: AIM, holds }));
  process.exitCode = holds ? 0 : 1;
} finally {
  laptop.kill();
  await programs.stopAll();
  await rm(folder, { recursive: true, force: true });
}

/** Waits of workers for their next task, as long as others work at the same pace. */
async function pace(coordinator: Coordinator, fleet: readonly SimulatedWorker[]) {
  let waits: number[] = [];
  let stopped = false;
  const meanWorkMs = (fleet.length / PACE) * 1000;
  for (const worker of fleet) {
    let freeSince: number | null = null;
    worker.onGrant = (_grant, finish) => {
      if (freeSince !== null) waits.push(performance.now() - freeSince);
      setTimeout(
        () => {
          if (stopped) return;
          freeSince = performance.now();
          finish();
        },
        meanWorkMs * (0.5 + Math.random()),
      );
    };
  }
  await createTasks(coordinator, 50_000);
  return {
    async during(work: () => Promise<unknown>): Promise<number[]> {
      waits = [];
      await work();
      return waits;
    },
    stop: () => (stopped = true),
  };
}

/** Counted in the figures of their days, by what anybody sees. */
async function countResults(coordinator: Coordinator): Promise<number> {
  const { items } = await api<{ items: { name: string; tests: { settled: number } }[] }>(
    coordinator,
    'GET',
    '/test-runs?limit=200&search=run',
  );
  return items.filter(({ name }) => name === 'run').reduce((sum, { tests }) => sum + tests.settled, 0);
}

function told<T>(child: ChildProcess, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: { what: string; value: T }) => {
      if (message.what === what) resolve(message.value);
    });
    child.once('exit', (code) => reject(new Error(`the promoted coordinator ended with ${code}`)));
  });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
