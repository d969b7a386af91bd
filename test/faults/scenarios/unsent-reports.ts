/** kill -9 of a worker that has run its tests but could tell nobody: its outbox does so after the restart. */
import path from 'node:path';
import { ended } from '../../../scripts/programs.ts';
import { count, createRun, getRun, pause, runEnded, startBehind, until, type Scenario } from '../bench.ts';
import { writeSuite } from '../suite.ts';
import { startTcpProxy } from '../tcp-proxy.ts';

/** The last test writes its report to the disk within this. */
const WRITTEN_MS = 600;

export const unsentReports: Scenario = async (bench) => {
  const suite = await writeSuite(path.join(bench.folder, 'suite'), 3, 150);
  const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  const proxy = await startTcpProxy(coordinator.url);
  try {
    const worker = { url: proxy.url, name: 'worker', slots: 2 };
    const first = await startBehind(bench, coordinator, suite, worker);
    const run = await createRun(coordinator, suite);
    const before = await until(
      () => getRun(coordinator, run),
      ({ tests }) => tests.settled >= 4,
      'the first results',
    );
    proxy.line.hole = { up: true, down: true };
    await until(
      () => suite.ledger(),
      (ran) => ran.length >= suite.tests,
      'all tests to have begun',
    );
    await pause(WRITTEN_MS);
    const told = (await getRun(coordinator, run)).tests.settled;
    first.kill('SIGKILL');
    await ended(first);
    proxy.heal();
    const restarted = performance.now();
    await startBehind(bench, coordinator, suite, { ...worker, again: true });
    const final = await runEnded(coordinator, run);
    const ran = await suite.ledger();
    return {
      acknowledged: before.tests.settled,
      ...(await count(coordinator, run, suite)),
      figures: {
        untold_results: suite.tests - told,
        repeated_tests: ran.length - new Set(ran.map((entry) => entry.title)).size,
        delivered_ms: Math.round(performance.now() - restarted),
        not_completed: final.status === 'completed' ? 0 : 1,
      },
      zero: ['not_completed'],
      // At most those that were running in its two slots when it died.
      limits: { repeated_tests: 2 },
    };
  } finally {
    await proxy.close();
  }
};
