/** Cancels at random moments: no test begins after the answer, and the run's processes are gone within 10 s of it. */
import path from 'node:path';
import { api } from '../../../scripts/programs.ts';
import { createRun, getRun, pause, startFleet, suiteProcesses, until, type Scenario } from '../bench.ts';
import { writeSuite } from '../suite.ts';

const ROUNDS = 6;

export const cancelRace: Scenario = async (bench) => {
  const suite = await writeSuite(path.join(bench.folder, 'suite'), 20, 400);
  const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  await startFleet(bench, coordinator, suite, 2, 2);
  let [late, leftOver, cancelled, running] = [0, 0, 0, 0];
  const stopTimes: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const run = await createRun(coordinator, suite);
    await until(
      () => getRun(coordinator, run),
      ({ status }) => status === 'running',
      'the plan',
    );
    await pause(bench.random() * 4_000);
    running += (await suiteProcesses(suite.dir)).length;
    await api(coordinator, 'POST', `/test-runs/${run}/cancel`, {});
    const answered = Date.now();
    cancelled++;
    const gone = await until(
      () => suiteProcesses(suite.dir),
      (pids) => pids.length === 0,
      'the processes to be gone',
      15_000,
    ).catch(() => null);
    if (gone === null) leftOver++;
    stopTimes.push(Date.now() - answered);
    late += (await suite.ledger()).filter((entry) => entry.at > answered).length;
  }
  return {
    acknowledged: cancelled,
    stored: cancelled,
    lost: 0,
    double_counted: 0,
    figures: {
      cancels: cancelled,
      processes_at_cancel: running,
      late_starts: late,
      left_over: leftOver,
      stop_max_ms: Math.max(...stopTimes),
    },
    zero: ['late_starts', 'left_over'],
    limits: { stop_max_ms: 10_000 },
  };
};
