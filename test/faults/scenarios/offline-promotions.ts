/** Two machines are promoted at once, neither knows of the other; and two whose clocks are a day behind and a day ahead. */
import { api } from '../../../scripts/programs.ts';
import type { OriginView } from '../../../shared/protocol/offline/journal.ts';
import { slotOf } from '../../../shared/model/run-label.ts';
import { notMeasured, type Bench, type Scenario } from '../bench.ts';
import {
  bringBack,
  broughtHome,
  command,
  lose,
  promote,
  startCentral,
  startMachine,
  type Promoted,
} from '../offline/hosts.ts';
import { allRuns, countAll, differences, stateHashes } from '../offline/states.ts';
import { endRuns, inTheMiddle, RUNS, startSide, TESTS, type Side } from '../offline/trip.ts';
import { FAKETIME_MISSING, wallClock } from '../wall-clock.ts';

interface Away {
  promoted: Promoted;
  side: Side;
}

/** `env` of each machine's promoted coordinator. */
async function outage(bench: Bench, machines: { name: string; env: NodeJS.ProcessEnv }[]) {
  const central = await startCentral(bench);
  const owners = [];
  for (const { name } of machines) owners.push(await startMachine(bench, central, name));
  const here = await startSide(bench, central.coordinator, 'central', inTheMiddle(bench));
  await lose(central);
  const aways: Away[] = await Promise.all(
    owners.map(async (machine, i) => {
      const promoted = await promote(bench, machine, { host: `127.0.0.${i + 2}`, env: machines[i]?.env ?? {} });
      const side = await startSide(bench, promoted.coordinator, machine.name, 1);
      await endRuns(promoted.coordinator, side);
      return { promoted, side };
    }),
  );
  await bringBack(bench, central);
  const sides: string[] = [];
  for (const { promoted, side } of aways) {
    await broughtHome(promoted);
    sides.push(...(await stateHashes(promoted.coordinator, side.runs)));
  }
  await endRuns(central.coordinator, here);
  const { coordinator } = central;
  const all = [here, ...aways.map(({ side }) => side)];
  for (const { fleet } of all) fleet.close();
  const numbers = new Map((await allRuns(coordinator)).map(({ id, number }) => [id, number]));
  const slots = all.map(({ runs }) => new Set(runs.map((run) => slotOf(numbers.get(run) ?? -1))));
  const counted = await countAll(
    coordinator,
    all.flatMap(({ runs }) => runs),
    TESTS,
  );
  const home = await stateHashes(
    coordinator,
    aways.flatMap(({ side }) => side.runs),
  );
  const { items: origins } = await api<{ items: OriginView[] }>(coordinator, 'GET', '/origins');
  for (const { promoted } of aways) await command(bench, promoted.machine, ['demote']);
  return {
    acknowledged: all.reduce((sum, { fleet }) => sum + fleet.ledger.acknowledged.size, 0),
    ...counted,
    lost: counted.lost + all.reduce((sum, { fleet }) => sum + fleet.ledger.forgotten, 0),
    figures: {
      tests_each_side: RUNS * TESTS,
      origins: origins.filter(({ own }) => !own).length,
      // Each origin has one slot of its own.
      mixed_runs:
        slots.reduce((sum, own) => sum + own.size - 1, 0) + all.length - new Set(slots.flatMap((own) => [...own])).size,
      missing_origins: machines.length - origins.filter(({ own, runs }) => !own && runs === RUNS).length,
      ready_max_ms: Math.round(Math.max(...aways.map(({ promoted }) => promoted.readyMs))),
      hash_differences: differences(sides, home),
    },
    zero: ['mixed_runs', 'missing_origins', 'hash_differences'],
  };
}

export const twoPromotions: Scenario = (bench) =>
  outage(bench, [
    { name: 'north', env: {} },
    { name: 'south', env: {} },
  ]);

export const clocksApart: Scenario = async (bench) => {
  const machines = [];
  for (const [name, offset] of Object.entries({ slow: '-1d', fast: '+1d' })) {
    const clock = wallClock(bench.folder, name);
    if (clock === null) return notMeasured(FAKETIME_MISSING);
    clock.set(offset);
    machines.push({ name, env: clock.env });
  }
  return outage(bench, machines);
};
