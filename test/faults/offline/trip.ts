/** The usual course of an outage: runs at central, central gone in their middle, a machine promoted, runs there, central back. */
import type { Coordinator } from '../../../scripts/programs.ts';
import { runEnded, until, type Bench } from '../bench.ts';
import { createScriptedRun, startScripted, testNames, type ScriptedFleet } from '../scripted-agent.ts';

export const RUNS = 2;
/** Of each run: 1,000 on each side. */
export const TESTS = 500;
const AGENTS = 4;

export interface Side {
  fleet: ScriptedFleet;
  runs: string[];
}

/** Scripted agents and runs at a coordinator; resolves when so many tests have been acknowledged. `tests`: of each run. `run`: more of each run. */
export async function startSide(
  bench: Bench,
  coordinator: Coordinator,
  prefix: string,
  acknowledged: number,
  { tests = TESTS, run = {} }: { tests?: number; run?: object } = {},
): Promise<Side> {
  const options = { slots: 8, testMs: 20, testIds: testNames(tests), prefix };
  const fleet = await startScripted(coordinator, AGENTS, options);
  bench.atEnd(async () => fleet.close());
  const runs: string[] = [];
  for (let n = 0; n < RUNS; n++)
    runs.push(await createScriptedRun(coordinator, { ...run, name: `${prefix} ${n + 1}` }));
  await until(
    async () => fleet.ledger.acknowledged.size,
    (size) => size >= acknowledged,
    `${acknowledged} results of ${prefix}`,
  );
  return { fleet, runs };
}

export async function endRuns(coordinator: Coordinator, { runs }: Side): Promise<void> {
  for (const run of runs) await runEnded(coordinator, run);
}

/** Somewhere in the middle of both runs. */
export const inTheMiddle = (bench: Bench): number => Math.round(RUNS * TESTS * (0.3 + 0.3 * bench.random()));
