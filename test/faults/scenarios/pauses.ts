/** Programs that stand still for longer than a lease, as a closed laptop does: a worker, and the coordinator. */
import path from 'node:path';
import {
  configure,
  count,
  createRun,
  events,
  getRun,
  pause,
  processTree,
  runEnded,
  startFleet,
  suiteProcesses,
  until,
  type Scenario,
} from '../bench.ts';
import { audit, createScriptedRun, startScripted, testNames } from '../scripted-agent.ts';
import { writeSuite } from '../suite.ts';

/** Of the shortest that is allowed, so that the pause need not be long. */
const LEASE_S = 6;
const LEASES = { worker_heartbeat_interval_seconds: 2, worker_heartbeat_timeout_seconds: LEASE_S };

export const pausedWorker: Scenario = async (bench) => {
  const suite = await writeSuite(path.join(bench.folder, 'suite'), 6, 400);
  const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  await configure(coordinator, LEASES);
  const [paused] = await startFleet(bench, coordinator, suite, 2, 2);
  const run = await createRun(coordinator, suite);
  const before = await until(
    () => getRun(coordinator, run),
    ({ tests }) => tests.settled >= 8,
    'some results',
  );
  const pid = paused?.process.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  const stopped = Date.now();
  const own = (await processTree(pid)).filter((child) => child !== pid);
  await pause((LEASE_S + 6) * 1000);
  const requeued = (await events(coordinator, run, 'task.requeued')).length;
  process.kill(pid, 'SIGCONT');
  const woken = Date.now();
  await until(
    async () => {
      const alive = await suiteProcesses(suite.dir);
      return own.filter((child) => alive.includes(child));
    },
    (left) => left.length === 0,
    'the processes of the lost lease to be gone',
    30_000,
  );
  const zombieMs = Date.now() - woken;
  const ended = await runEnded(coordinator, run);
  return {
    acknowledged: before.tests.settled,
    ...(await count(coordinator, run, suite)),
    figures: {
      paused_s: Math.round((woken - stopped) / 1000),
      requeued_tasks: requeued,
      processes_of_lost_lease: own.length,
      zombie_ms: zombieMs,
      not_completed: ended.status === 'completed' ? 0 : 1,
    },
    zero: ['not_completed'],
    limits: { zombie_ms: 10_000 },
  };
};

export const pausedCoordinator: Scenario = async (bench) => {
  const tests = 240;
  const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  await configure(coordinator, LEASES);
  const fleet = await startScripted(coordinator, 3, { slots: 2, testMs: 1_500, testIds: testNames(tests) });
  try {
    const run = await createScriptedRun(coordinator);
    let expired = 0;
    const pauses = bench.thorough ? 3 : 1;
    for (let n = 0; n < pauses; n++) {
      const before = (await getRun(coordinator, run).catch(() => null))?.tests.settled ?? 0;
      await until(
        () => getRun(coordinator, run),
        ({ tests: seen }) => seen.settled > before + 4,
        'some results',
      );
      coordinator.process.kill('SIGSTOP');
      await pause((LEASE_S + 4) * 1000);
      coordinator.process.kill('SIGCONT');
      await pause(3_000);
    }
    const ended = await runEnded(coordinator, run);
    expired = (await events(coordinator, run, 'task.requeued')).length;
    return {
      ...(await audit(coordinator, [run], tests, fleet)),
      figures: {
        pauses,
        pause_s: LEASE_S + 4,
        lease_s: LEASE_S,
        false_expiries: expired,
        not_completed: ended.status === 'completed' ? 0 : 1,
      },
      zero: ['false_expiries', 'not_completed'],
    };
  } finally {
    fleet.close();
  }
};
