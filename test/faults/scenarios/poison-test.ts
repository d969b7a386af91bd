/**
 * A test that kills the agent that runs it, or only its Playwright process, on each machine it comes to: quarantined after three, and every
 * other test passes.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { api, type Coordinator } from '../../../scripts/programs.ts';
import { count, createRun, events, runEnded, startFleet, type Bench, type Finding, type Scenario } from '../bench.ts';
import { writeSuite, type FaultSuite } from '../suite.ts';

const WORKERS = 3;
const SLOTS = 2;
/**
 * An agent tells of a test a quarter of a second after its beginning: whoever kills the agent has to be seen to run, or it would be told
 * from nothing. A process may die sooner.
 */
const STRIKES_AFTER_MS = { agent: 1_000, process: 0 };

type Victim = 'agent' | 'process';

export const poisonTest: Scenario = (bench) => poisoned(bench, 'agent');
export const poisonProcess: Scenario = (bench) => poisoned(bench, 'process');

async function poisoned(bench: Bench, victim: Victim): Promise<Finding> {
  const innocent = await writeSuite(path.join(bench.folder, 'suite'), 4, 300);
  await addKiller(innocent, victim);
  const coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  const fleet = await startFleet(bench, coordinator, innocent, WORKERS, SLOTS);
  let killed = 0;
  let over = false;
  const attend = (worker: (typeof fleet)[number]): void => {
    worker.process.once('exit', (_code, signal) => {
      if (over) return;
      if (signal === 'SIGKILL') killed++;
      // As a service manager does.
      void bench.programs
        .startWorker(coordinator, worker.options, true)
        .then((process) => attend({ ...worker, process }));
    });
  };
  fleet.forEach(attend);
  const run = await createRun(coordinator, innocent);
  const ended = await runEnded(coordinator, run);
  over = true;
  const { quarantined } = await getQuarantined(coordinator, run);
  const names = quarantined.map((test) => test.title);
  const { stored, double_counted } = await count(coordinator, run, { ...innocent, tests: innocent.tests + 1 });
  return {
    acknowledged: ended.tests.settled,
    stored,
    // Of the innocent ones: the killer never has a result.
    lost: innocent.tests - stored,
    double_counted,
    figures: {
      workers_killed: killed,
      incidents: quarantined[0]?.incidents.length ?? 0,
      innocent_quarantined: names.filter((name) => name !== 'killer').length,
      not_quarantined: names.includes('killer') ? 0 : 1,
      not_completed: ended.status === 'completed' ? 0 : 1,
      quarantine_events: (await events(coordinator, run, 'test.quarantined')).length,
    },
    zero: ['innocent_quarantined', 'not_quarantined', 'not_completed'],
    limits: { workers_killed: victim === 'agent' ? 3 : 0, incidents: 3 },
    ...(ended.reason === null ? {} : { note: ended.reason }),
  };
}

const getQuarantined = (coordinator: Coordinator, run: string) =>
  api<{ quarantined: { title: string; incidents: unknown[] }[] }>(coordinator, 'GET', `/test-runs/${run}`);

/** The agent is the parent of Playwright's own process, which is the parent of the one that runs the test. */
async function addKiller(suite: FaultSuite, victim: Victim): Promise<void> {
  const parent = `Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(process.ppid)], { encoding: 'utf8' }))`;
  await writeFile(
    path.join(suite.dir, 'killer.spec.js'),
    `import { execFileSync } from 'node:child_process';
import { test } from '@playwright/test';
test('killer', async () => {
  await new Promise((resolve) => setTimeout(resolve, ${STRIKES_AFTER_MS[victim]}));
  process.kill(${victim === 'agent' ? parent : 'process.ppid'}, 'SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, 60_000));
});
`,
  );
}
