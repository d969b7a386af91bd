/** Workers whose machines vanish without a word, as when their power or cable is pulled: only silence tells of it. */
import path from 'node:path';
import { configure, events, pause, percentile, until, type Scenario } from '../bench.ts';
import { audit, createScriptedRun, startScripted, testNames, type ScriptedFleet } from '../scripted-agent.ts';
import { startTcpProxy } from '../tcp-proxy.ts';

const WORKERS = 6;
const TESTS = 24;
const LIMIT_MS = 10_000;

export const silentWorker: Scenario = async (bench) => {
  const rounds = bench.thorough ? 5 : 2;
  const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  await configure(coordinator, { poison_test_limit: 20, breaker_failures_in_row: 0, breaker_failure_percent: 100 });
  const detected: number[] = [];
  const runs: string[] = [];
  const fleets: ScriptedFleet[] = [];
  for (let round = 0; round < rounds; round++) {
    const proxy = await startTcpProxy(coordinator.url);
    const fleet = await startScripted(coordinator, WORKERS, {
      slots: 1,
      testMs: 600_000,
      testIds: testNames(TESTS),
      prefix: `silent-${round}`,
      url: proxy.url,
    });
    const run = await createScriptedRun(coordinator, { max_retries: 20 });
    runs.push(run);
    await until(
      () => events(coordinator, run, 'task.started'),
      (started) => started.length > WORKERS,
      'a task on each worker',
    );
    await pause(bench.random() * 4_000);
    proxy.line.hole = { up: true, down: true };
    const vanished = Date.now();
    const requeued = await until(
      () => events(coordinator, run, 'task.requeued'),
      (found) => new Set(found.map((event) => event.worker_id)).size >= WORKERS,
      'all of them to be noticed',
      60_000,
    );
    detected.push(...requeued.map((event) => event.at - vanished));
    fleet.close();
    await proxy.close();
    const rescuers = await startScripted(coordinator, 1, {
      slots: WORKERS,
      testMs: 5,
      testIds: testNames(TESTS),
      prefix: `rescuer-${round}`,
    });
    fleets.push(rescuers);
    await until(
      () => events(coordinator, run, 'run.state'),
      (states) => states.some((event) => event.data.to === 'completed'),
      'the end of the run',
    );
    rescuers.close();
  }
  const audits = await Promise.all(runs.map((run, i) => audit(coordinator, [run], TESTS, fleets[i]!)));
  const sum = (of: (one: (typeof audits)[number]) => number) => audits.reduce((total, one) => total + of(one), 0);
  return {
    acknowledged: sum((one) => one.acknowledged),
    stored: sum((one) => one.stored),
    lost: sum((one) => one.lost),
    double_counted: sum((one) => one.double_counted),
    figures: {
      vanished: detected.length,
      detect_p50_ms: percentile(detected, 50),
      detect_p99_ms: percentile(detected, 99),
    },
    limits: { detect_p99_ms: LIMIT_MS },
  };
};
