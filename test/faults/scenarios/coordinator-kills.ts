/** kill -9 of the coordinator again and again, while many workers report: it takes up its runs at each start and forgets nothing. */
import path from 'node:path';
import { ended, type Coordinator } from '../../../scripts/programs.ts';
import { getRun, pause, percentile, runEnded, until, type Scenario } from '../bench.ts';
import { audit, createScriptedRun, startScripted, testNames } from '../scripted-agent.ts';

const AGENTS = 3;
const TESTS = 300;
const OPEN_RUNS = 2;

export const coordinatorKills: Scenario = async (bench) => {
  const kills = bench.thorough ? 200 : 10;
  let coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  const fleet = await startScripted(coordinator, AGENTS, { slots: 4, testMs: 120, testIds: testNames(TESTS) });
  const runs: string[] = [];
  const open = new Set<string>();
  const recoveries: number[] = [];
  try {
    for (let n = 0; n < kills; n++) {
      for (const run of open) if ((await getRun(coordinator, run)).status === 'completed') open.delete(run);
      while (open.size < OPEN_RUNS) {
        const run = await createScriptedRun(coordinator);
        runs.push(run);
        open.add(run);
      }
      await pause(bench.random() * 700);
      coordinator.process.kill('SIGKILL');
      await ended(coordinator.process);
      const killed = performance.now();
      const acks = fleet.acks();
      coordinator = await bench.programs.startCoordinator(coordinator.dataDir, { before: coordinator });
      await until(
        async () => fleet.acks() > acks || (await allEnded(coordinator, [...open])),
        (recovered) => recovered,
        'an acknowledgement after the restart',
        30_000,
      );
      recoveries.push(performance.now() - killed);
    }
    for (const run of runs) await runEnded(coordinator, run);
    return {
      ...(await audit(coordinator, runs, TESTS, fleet)),
      figures: {
        kills,
        runs: runs.length,
        forgotten_after_ack: fleet.ledger.forgotten,
        recovery_p50_ms: percentile(recoveries, 50),
        recovery_max_ms: Math.round(Math.max(...recoveries)),
      },
      zero: ['forgotten_after_ack'],
    };
  } finally {
    fleet.close();
  }
};

const allEnded = async (coordinator: Coordinator, runs: readonly string[]): Promise<boolean> =>
  (await Promise.all(runs.map((run) => getRun(coordinator, run)))).every(({ status }) => status === 'completed');
