/** Machines without air: a worker that gets a tenth of a processor, and tests that eat all memory or all processes. */
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeCgroup } from '../cgroup.ts';
import {
  configure,
  count,
  createRun,
  events,
  notMeasured,
  runEnded,
  startFleet,
  type Bench,
  type Finding,
  type Scenario,
} from '../bench.ts';
import { writeSuite } from '../suite.ts';

const CPU_PERCENT = 10;
/** Short ones, so that a heartbeat that is late for long would cost the lease. */
const LEASES = { worker_heartbeat_interval_seconds: 3, worker_heartbeat_timeout_seconds: 12 };

export const starvedWorker: Scenario = async (bench) => {
  const group = makeCgroup(`playfleet-fault-cpu-${process.pid}`, { kind: 'cpu', percent: CPU_PERCENT });
  if (group === null) return notMeasured('control groups cannot be made here');
  try {
    const suite = await writeSuite(path.join(bench.folder, 'suite'), 1, 200);
    const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
    await configure(coordinator, LEASES);
    const [worker] = await startFleet(bench, coordinator, suite, 1, 2);
    group.add(worker?.process.pid ?? 0);
    const run = await createRun(coordinator, suite);
    const started = performance.now();
    const ended = await runEnded(coordinator, run);
    const lost = await events(coordinator, run, 'task.requeued');
    return {
      acknowledged: ended.tests.settled,
      ...(await count(coordinator, run, suite)),
      figures: {
        cpu_percent: CPU_PERCENT,
        run_s: Math.round((performance.now() - started) / 1000),
        false_losses: lost.length,
        not_completed: ended.status === 'completed' ? 0 : 1,
      },
      zero: ['false_losses', 'not_completed'],
    };
  } finally {
    await bench.programs.stopAll();
    await group.remove();
  }
};

/** Bytes that one process may hold. */
const MEMORY = 3 * 2 ** 30;
const PROCESSES = 150;

export const greedyTests: Scenario = async (bench) => {
  const group = makeCgroup(`playfleet-fault-pids-${process.pid}`, { kind: 'pids', most: PROCESSES });
  const hasMemoryLimit = spawnSync('prlimit', ['--version']).status === 0;
  if (group === null && !hasMemoryLimit) return notMeasured('neither control groups nor prlimit are there');
  try {
    return await greedy(bench, (pid) => {
      group?.add(pid);
      if (hasMemoryLimit) spawnSync('prlimit', [`--pid=${pid}`, `--data=${MEMORY}`]);
    });
  } finally {
    await bench.programs.stopAll();
    await group?.remove();
  }
};

async function greedy(bench: Bench, limit: (pid: number) => void): Promise<Finding> {
  const innocent = await writeSuite(path.join(bench.folder, 'suite'), 3, 300);
  await writeFile(
    path.join(innocent.dir, 'greedy.spec.js'),
    `import { spawn } from 'node:child_process';
import { test } from '@playwright/test';
test('memory hog', () => {
  const held = [];
  for (;;) held.push(Buffer.alloc(64 * 2 ** 20, 1));
});
test('fork bomb', async () => {
  const failed = await new Promise((resolve) => {
    let left = 2000;
    const more = () => {
      if (left-- === 0) return resolve(null);
      try {
        spawn('sleep', ['120'], { stdio: 'ignore' }).on('error', resolve).on('spawn', more);
      } catch (error) {
        resolve(error);
      }
    };
    more();
  });
  throw failed ?? new Error('nothing stopped it');
});
`,
  );
  const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  const [worker] = await startFleet(bench, coordinator, innocent, 1, 2);
  limit(worker?.process.pid ?? 0);
  const run = await createRun(coordinator, innocent, { config: { timeout: 60_000 } });
  const ended = await runEnded(coordinator, run);
  const { double_counted } = await count(coordinator, run, { tests: innocent.tests + 2 });
  const alive = worker?.process.exitCode === null && worker.process.signalCode === null;
  return {
    acknowledged: ended.tests.settled,
    stored: ended.tests.settled,
    lost: innocent.tests + 2 - ended.tests.settled,
    double_counted,
    figures: {
      agent_restarts: alive ? 0 : 1,
      failed: ended.tests.unexpected,
      requeued_tasks: (await events(coordinator, run, 'task.requeued')).length,
    },
    zero: ['agent_restarts'],
    // While the bomb holds all processes, a neighbour that needs a new one fails, as it would without Playfleet.
    note: 'memory is limited for each process, processes for the agent with all that it starts; besides the two greedy ones a neighbour may fail',
  };
}
