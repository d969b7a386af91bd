/** kill -9 of many workers, each in the middle of a test: how long until their tests wait for others. */
import path from 'node:path';
import { api, ended } from '../../../scripts/programs.ts';
import {
  configure,
  createRun,
  events,
  pause,
  percentile,
  startFleet,
  until,
  workerIds,
  type Finding,
  type Scenario,
} from '../bench.ts';
import { writeSuite } from '../suite.ts';

const WORKERS = 6;
const LIMIT_MS = 10_000;

export const workerDetection: Scenario = async (bench): Promise<Finding> => {
  const rounds = bench.thorough ? 5 : 2;
  const suite = await writeSuite(path.join(bench.folder, 'suite'), 4, 10 * 60_000);
  const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  // The same few tests are hit again and again: nobody is to be blamed for that here.
  await configure(coordinator, { poison_test_limit: 20, breaker_failures_in_row: 0, breaker_failure_percent: 100 });
  const fleet = await startFleet(bench, coordinator, suite, WORKERS, 1);
  const ids = await until(
    () => workerIds(coordinator),
    (found) => found.size === WORKERS,
    'the workers',
  );
  const run = await createRun(coordinator, suite, { max_retries: 20, task_timeout_seconds: 3600 });
  const detected: number[] = [];
  let begun = 0;
  for (let round = 0; round < rounds; round++) {
    await until(
      () => suite.ledger(),
      (ran) => ran.length >= begun + WORKERS,
      'a running test on each worker',
    );
    begun = (await suite.ledger()).length;
    const killedAt = new Map<string, number>();
    for (const worker of fleet) {
      await pause(bench.random() * 300);
      killedAt.set(ids.get(worker.options.name) ?? '', Date.now());
      worker.process.kill('SIGKILL');
      await ended(worker.process);
    }
    const first = Math.min(...killedAt.values());
    const requeued = await until(
      async () => (await events(coordinator, run, 'task.requeued')).filter((event) => event.at >= first),
      (found) => new Set(found.map((event) => event.worker_id)).size >= WORKERS,
      'all of them to be noticed',
      60_000,
    );
    for (const [id, at] of killedAt) {
      const noticed = requeued.find((event) => event.worker_id === id);
      detected.push(noticed ? noticed.at - at : Infinity);
    }
    for (const worker of fleet) worker.process = await bench.programs.startWorker(coordinator, worker.options, true);
  }
  await api(coordinator, 'POST', `/test-runs/${run}/cancel`, {});
  return {
    acknowledged: 0,
    stored: 0,
    lost: 0,
    double_counted: 0,
    figures: {
      kills: detected.length,
      detect_p50_ms: percentile(detected, 50),
      detect_p99_ms: percentile(detected, 99),
      detect_max_ms: Math.max(...detected),
    },
    limits: { detect_p99_ms: LIMIT_MS },
  };
};
