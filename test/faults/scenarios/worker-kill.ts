/** kill -9 of a worker in the middle of its tests: they run elsewhere within 10 s, finished ones are not repeated. */
import path from 'node:path';
import { count, createRun, events, getRun, runEnded, startFleet, until, type Scenario } from '../bench.ts';
import { writeSuite } from '../suite.ts';

export const workerKill: Scenario = async (bench) => {
  const suite = await writeSuite(path.join(bench.folder, 'suite'), 8, 500);
  const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  const [first] = await startFleet(bench, coordinator, suite, 2, 2);
  const run = await createRun(coordinator, suite);
  const share = 0.15 + bench.random() * 0.3;
  const before = await until(
    () => getRun(coordinator, run),
    ({ tests }) => tests.total > 0 && tests.settled >= suite.tests * share,
    'some results',
  );
  const killedAt = Date.now();
  first?.process.kill('SIGKILL');
  const ended = await runEnded(coordinator, run);
  const requeued = await events(coordinator, run, 'task.requeued');
  const counts = await count(coordinator, run, suite);
  const ran = await suite.ledger();
  const twice = ran.length - new Set(ran.map((entry) => entry.title)).size;
  return {
    acknowledged: before.tests.settled,
    ...counts,
    figures: {
      detect_ms: Math.max(0, ...requeued.map((event) => event.at - killedAt)),
      requeued_tasks: requeued.length,
      // Those that were running, or had ended unreported, when the machine died.
      repeated_tests: twice,
      not_completed: ended.status === 'completed' ? 0 : 1,
    },
    zero: ['not_completed'],
    limits: { detect_ms: 10_000, repeated_tests: 2 * 2 },
  };
};
