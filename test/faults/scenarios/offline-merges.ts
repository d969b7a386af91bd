/** What may come between while a promoted coordinator brings its work home: deaths at each step, a full disk, a spoilt journal. */
import path from 'node:path';
import { ended, type Coordinator } from '../../../scripts/programs.ts';
import type { FailpointName } from '../../../coordinator/storage/failpoint.ts';
import { getRun, notMeasured, pause, until, type Bench, type Finding, type Scenario } from '../bench.ts';
import {
  bringBack,
  broughtHome,
  command,
  kill,
  lose,
  promote,
  startCentral,
  startMachine,
  type Central,
  type Promoted,
} from '../offline/hosts.ts';
import { batchesOf, compareAll, comparisonsOf, send, spoilt } from '../offline/replay.ts';
import { allRuns, countAll, differences, stateHashes } from '../offline/states.ts';
import { endRuns, RUNS, startSide, TESTS, type Side } from '../offline/trip.ts';
import { mountSmallDisk, NO_SMALL_DISK } from '../small-disk.ts';

interface Outage {
  central: Central;
  promoted: Promoted;
  there: Side;
}

/** Central is gone, and all runs of the promoted one are over. */
async function outage(bench: Bench, dataDir?: string): Promise<Outage> {
  const central = await startCentral(bench, dataDir);
  const laptop = await startMachine(bench, central, 'laptop');
  await lose(central);
  const promoted = await promote(bench, laptop, { host: '127.0.0.2' });
  const there = await startSide(bench, promoted.coordinator, 'laptop', 1);
  await endRuns(promoted.coordinator, there);
  there.fleet.close();
  return { central, promoted, there };
}

async function judge(
  bench: Bench,
  { central, promoted, there }: Outage,
  figures: Finding['figures'],
): Promise<Finding> {
  await broughtHome(promoted);
  const away = await stateHashes(promoted.coordinator, there.runs);
  const home = await stateHashes(central.coordinator, there.runs);
  const counted = await countAll(central.coordinator, there.runs, TESTS);
  await command(bench, promoted.machine, ['demote']);
  return {
    acknowledged: there.fleet.ledger.acknowledged.size,
    ...counted,
    figures: { tests: RUNS * TESTS, ...figures, hash_differences: differences(away, home) },
    zero: ['hash_differences'],
  };
}

const STEPS: FailpointName[] = ['before-commit', 'after-commit'];

export const interruptedMerge: Scenario = async (bench) => {
  const trip = await outage(bench);
  const deaths = { central: 0, promoted: 0 };
  const rounds = bench.thorough ? 12 : 4;
  for (let round = 0; round < rounds; round++) {
    // Later in each round, so that every part of the merge is the one that is cut off.
    const step = `${STEPS[round % STEPS.length]}:${3 + Math.floor(bench.random() * 12) + round * 3}`;
    await bringBack(bench, trip.central, { PLAYFLEET_FAILPOINT: step });
    const { process } = trip.central.coordinator;
    if (round % 3 === 2) {
      await pause(200 + bench.random() * 800);
      await kill(trip.promoted);
      deaths.promoted += 1;
      trip.promoted = await promote(bench, trip.promoted.machine, { host: trip.promoted.host, before: trip.promoted });
    }
    await Promise.race([ended(process), pause(15_000)]);
    if (process.signalCode === 'SIGKILL') deaths.central += 1;
    else await lose(trip.central);
  }
  await bringBack(bench, trip.central);
  // It waits longer and longer for a central that is never there; a new start looks at once.
  await kill(trip.promoted);
  trip.promoted = await promote(bench, trip.promoted.machine, { host: trip.promoted.host, before: trip.promoted });
  const finding = await judge(bench, trip, { deaths_of_central: deaths.central, deaths_of_promoted: deaths.promoted });
  return {
    ...finding,
    figures: { ...finding.figures, not_cut_off: deaths.central === 0 ? 1 : 0 },
    zero: [...(finding.zero ?? []), 'not_cut_off'],
  };
};

const DISK_MB = 48;

export const mergeOntoFullDisk: Scenario = async (bench) => {
  const dir = path.join(bench.folder, 'disk');
  const disk = await mountSmallDisk(dir, DISK_MB);
  if (disk === null) return notMeasured(NO_SMALL_DISK);
  try {
    const trip = await outage(bench, path.join(dir, 'central'));
    await bringBack(bench, trip.central);
    await disk.fill();
    const before = trip.central.brought.length;
    await until(
      async () => trip.central.brought.length,
      (seen) => seen >= before + 3,
      'something to be brought onto the full disk',
    );
    const half = await halfRuns(trip.central.coordinator);
    await disk.free();
    const finding = await judge(bench, trip, {
      requests_while_full: trip.central.brought.length - before,
      half_runs_while_full: half,
    });
    return { ...finding, zero: [...(finding.zero ?? []), 'half_runs_while_full'] };
  } finally {
    await bench.programs.stopAll();
    disk.unmount();
  }
};

/** Runs that are seen although not all of their tests are there. */
async function halfRuns(coordinator: Coordinator): Promise<number> {
  let half = 0;
  for (const { id } of await allRuns(coordinator)) {
    if ((await getRun(coordinator, id)).tests.settled !== TESTS) half += 1;
  }
  return half;
}

export const corruptedJournal: Scenario = async (bench) => {
  const trip = await outage(bench);
  await bringBack(bench, trip.central);
  await broughtHome(trip.promoted);
  const { central } = trip;
  const comparisons = comparisonsOf(central.brought);
  const before = await compareAll(central.coordinator, comparisons);
  const hashes = await stateHashes(central.coordinator, trip.there.runs);
  const batches = batchesOf(central.brought);
  let tried = 0;
  const taken: string[] = [];
  for (let n = 0; n < (bench.thorough ? 20 : 3); n++) {
    const batch = batches[Math.floor(bench.random() * batches.length)];
    if (!batch) throw new Error('nothing was brought');
    for (const { what, request } of spoilt(batch, bench.random)) {
      tried += 1;
      const { status } = await send(central.coordinator, request);
      if (status < 400 || status >= 500) taken.push(`${what}: ${status}`);
    }
  }
  const after = await compareAll(central.coordinator, comparisons);
  const finding = await judge(bench, trip, {
    spoilt_batches: tried,
    spoilt_taken: taken.length,
    changed_by_them:
      differences(before, after) + differences(hashes, await stateHashes(central.coordinator, trip.there.runs)),
  });
  const zero = [...(finding.zero ?? []), 'spoilt_taken', 'changed_by_them'];
  return { ...finding, zero, ...(taken.length === 0 ? {} : { note: taken.join(', ') }) };
};
