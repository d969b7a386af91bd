/** Wall clocks that jump or run wild: the coordinator's, and a worker's that was suspended meanwhile. */
import path from 'node:path';
import {
  configure,
  count,
  createRun,
  events,
  getRun,
  notMeasured,
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
import { FAKETIME_MISSING, wallClock } from '../wall-clock.ts';

const LEASE_S = 6;
const LEASES = { worker_heartbeat_interval_seconds: 2, worker_heartbeat_timeout_seconds: LEASE_S };
/** Of what came too late or at all: a lease, the grace after the coordinator stood still, and the beat of its loop. */
const EXPIRY_LIMIT_MS = (LEASE_S + 30 + 5) * 1000;
const JUMPS = ['+1d', '-1d', '+0', '+0 x10', '+0'];
const TESTS = 80;

export const jumpingClock: Scenario = async (bench) => {
  const clock = wallClock(bench.folder);
  if (clock === null) return notMeasured(FAKETIME_MISSING);
  const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'), {
    env: clock.env,
  });
  await configure(coordinator, LEASES);
  const options = { slots: 2, testMs: 1_000, testIds: testNames(TESTS), heartbeatMs: 1_000 };
  const fleet = await startScripted(coordinator, 3, options);
  try {
    const run = await createScriptedRun(coordinator);
    for (const jump of JUMPS) {
      const before = (await getRun(coordinator, run)).tests.settled;
      clock.set(jump);
      await pause(4_000);
      await until(
        () => getRun(coordinator, run),
        ({ tests, status }) => tests.settled > before || status === 'completed',
        'results after the jump',
      );
    }
    const wrong = (await events(coordinator, run, 'task.requeued')).length;
    await runEnded(coordinator, run);
    const found = await audit(coordinator, [run], TESTS, fleet);
    const late = await expiryAfterJumpBack();
    return {
      ...found,
      figures: { jumps: JUMPS.length, wrong_expiries: wrong, expiry_after_jump_back_ms: late },
      zero: ['wrong_expiries'],
      limits: { expiry_after_jump_back_ms: EXPIRY_LIMIT_MS },
    };
  } finally {
    fleet.close();
  }

  /** A worker hangs just when the clock goes back by a day: its lease must not last that day. */
  async function expiryAfterJumpBack(): Promise<number> {
    const run = await createScriptedRun(coordinator, { max_retries: 10 });
    await until(
      () => getRun(coordinator, run),
      ({ tests }) => tests.settled > 0,
      'some results',
    );
    const [hanging] = fleet.agents;
    if (hanging) hanging.mute = true;
    clock?.set('-1d');
    const jumped = performance.now();
    const taken = await until(
      () => events(coordinator, run, 'task.requeued'),
      (found) => found.length > 0,
      'the lease of the hanging worker to end',
      90_000,
    ).catch(() => null);
    return taken === null ? Infinity : Math.round(performance.now() - jumped);
  }
};

export const suspendedWorker: Scenario = async (bench) => {
  const clock = wallClock(bench.folder);
  if (clock === null) return notMeasured(FAKETIME_MISSING);
  const suite = await writeSuite(path.join(bench.folder, 'suite'), 6, 400);
  const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  await configure(coordinator, LEASES);
  const [sleeper] = await startFleet(bench, coordinator, suite, 2, 2, (n) => (n === 1 ? clock.env : {}));
  const run = await createRun(coordinator, suite);
  const before = await until(
    () => getRun(coordinator, run),
    ({ tests }) => tests.settled >= 8,
    'some results',
  );
  const tree = await processTree(sleeper?.process.pid ?? 0);
  tree.forEach((pid) => process.kill(pid, 'SIGSTOP'));
  await pause((LEASE_S + 6) * 1000);
  const requeued = await events(coordinator, run, 'task.requeued');
  clock.set('+2h');
  const begunBefore = (await suite.ledger()).length;
  tree.toReversed().forEach((pid) => process.kill(pid, 'SIGCONT'));
  const woken = Date.now();
  const own = tree.slice(1);
  await until(
    async () => {
      const alive = await suiteProcesses(suite.dir);
      return own.filter((pid) => alive.includes(pid));
    },
    (left) => left.length === 0,
    'the processes of the lost lease to be gone',
    30_000,
  );
  const zombieMs = Date.now() - woken;
  const ended = await runEnded(coordinator, run);
  const counted = await count(coordinator, run, suite);
  return {
    acknowledged: before.tests.settled,
    ...counted,
    figures: {
      requeued_tasks: requeued.length,
      begun_before_waking: begunBefore,
      zombie_ms: zombieMs,
      stale_actions: counted.double_counted,
      not_completed: ended.status === 'completed' ? 0 : 1,
    },
    zero: ['stale_actions', 'not_completed'],
    limits: { zombie_ms: 10_000 },
  };
};
