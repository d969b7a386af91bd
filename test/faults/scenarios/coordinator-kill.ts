/** kill -9 of the coordinator ten times during a run: every start resumes it, agents reconnect and deliver. */
import path from 'node:path';
import { ended } from '../../../scripts/programs.ts';
import { count, createRun, getRun, pause, runEnded, startFleet, until, type Scenario } from '../bench.ts';
import { writeSuite } from '../suite.ts';

const KILLS = 10;

export const coordinatorKill: Scenario = async (bench) => {
  const suite = await writeSuite(path.join(bench.folder, 'suite'), 30, 400);
  let coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  await startFleet(bench, coordinator, suite, 2, 2);
  const run = await createRun(coordinator, suite);
  const recoveries: number[] = [];
  let acknowledged = 0;
  let forgotten = 0;
  await until(
    () => getRun(coordinator, run),
    ({ tests }) => tests.settled > 0,
    'the first results',
  );
  let kills = 0;
  for (; kills < KILLS; kills++) {
    await pause(300 + bench.random() * 1_500);
    const { tests, status } = await getRun(coordinator, run);
    if (status === 'completed') break;
    acknowledged = tests.settled;
    coordinator.process.kill('SIGKILL');
    await ended(coordinator.process);
    const killed = performance.now();
    coordinator = await bench.programs.startCoordinator(coordinator.dataDir, { before: coordinator });
    const after = await getRun(coordinator, run);
    forgotten += Math.max(0, acknowledged - after.tests.settled);
    await until(
      () => getRun(coordinator, run),
      (view) => view.tests.settled > after.tests.settled || view.status === 'completed',
      'new results',
    );
    recoveries.push(performance.now() - killed);
  }
  const final = await runEnded(coordinator, run);
  return {
    acknowledged,
    ...(await count(coordinator, run, suite)),
    figures: {
      kills,
      forgotten_after_ack: forgotten,
      recovery_max_ms: Math.round(Math.max(0, ...recoveries)),
      not_completed: final.status === 'completed' ? 0 : 1,
    },
    zero: ['forgotten_after_ack', 'not_completed'],
  };
};
