/** What is to end although it does not want to, and what is to be let end although it takes long. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { api, ended } from '../../../scripts/programs.ts';
import { configure, count, createRun, events, pause, runEnded, startFleet, until, type Scenario } from '../bench.ts';
import { writeSuite } from '../suite.ts';

/** Tests and leases are so many times shorter than in life: ten minutes take 30 s. */
const TIME_SCALE = 20;
const TEST_MS = (10 * 60_000) / TIME_SCALE;
const LEASES = {
  worker_heartbeat_interval_seconds: 60 / TIME_SCALE,
  worker_heartbeat_timeout_seconds: 120 / TIME_SCALE,
};

export const drain: Scenario = async (bench) => {
  const suite = await writeSuite(path.join(bench.folder, 'suite'), 1, TEST_MS, 2);
  const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  await configure(coordinator, LEASES);
  const [worker] = await startFleet(bench, coordinator, suite, 1, 2);
  const run = await createRun(coordinator, suite);
  await until(
    () => suite.ledger(),
    (ran) => ran.length === 2,
    'both tests to run',
  );
  worker?.process.kill('SIGTERM');
  const told = performance.now();
  const code = worker ? await ended(worker.process) : null;
  const drainMs = performance.now() - told;
  const final = await runEnded(coordinator, run);
  return {
    acknowledged: final.tests.settled,
    ...(await count(coordinator, run, suite)),
    figures: {
      time_scale: TIME_SCALE,
      drain_s: Math.round(drainMs / 1000),
      requeued_tasks: (await events(coordinator, run, 'task.requeued')).length,
      repeated_tests: (await suite.ledger()).length - suite.tests,
      exit_code: code ?? -1,
      not_completed: final.status === 'completed' ? 0 : 1,
    },
    zero: ['requeued_tasks', 'repeated_tests', 'exit_code', 'not_completed'],
  };
};

const CHILDREN = 3;

export const detachedChildren: Scenario = async (bench) => {
  const suite = await writeSuite(path.join(bench.folder, 'suite'), 1, 60_000, 1);
  // Nobody else sleeps for exactly so long.
  const mark = String(100_000 + Math.floor(bench.random() * 800_000));
  await writeFile(
    path.join(suite.dir, 'detached.spec.js'),
    `import { spawn } from 'node:child_process';
import { test } from '@playwright/test';
for (let n = 0; n < ${CHILDREN}; n++) {
  test('leaves a child ' + n, async () => {
    spawn('sh', ['-c', 'cd / && (setsid sleep ${mark} &) ; setsid sleep ${mark}'], { detached: true, stdio: 'ignore' }).unref();
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  });
}
`,
  );
  const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  await startFleet(bench, coordinator, suite, 1, CHILDREN + 1);
  const run = await createRun(coordinator, suite);
  const before = await until(
    () => sleeping(mark),
    (pids) => pids.length >= CHILDREN * 2,
    'the detached children',
  );
  await api(coordinator, 'POST', `/test-runs/${run}/cancel`, {});
  const cancelled = performance.now();
  const left = await until(
    () => sleeping(mark),
    (pids) => pids.length === 0,
    'the children to be gone',
    15_000,
  ).catch(() => sleeping(mark));
  const goneMs = performance.now() - cancelled;
  for (const pid of left) process.kill(pid, 'SIGKILL');
  await pause(100);
  return {
    acknowledged: 1,
    stored: 1,
    lost: 0,
    double_counted: 0,
    figures: { detached_children: before.length, left_over: left.length, gone_ms: Math.round(goneMs) },
    zero: ['left_over'],
    limits: { gone_ms: 10_000 },
  };
};

async function sleeping(mark: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return pids.filter((_pid, i) => lines[i] === `sleep\0${mark}\0`).map(Number);
}
