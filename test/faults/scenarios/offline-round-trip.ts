/**
 * Central is lost in the middle of two runs; a machine is promoted, workers switch, two more runs are carried out there, in the middle of which it is
 * killed as well; central comes back, everything is brought home. Then both are killed, and all is brought again: twice, in reverse, and to a
 * central that was restored from a backup of the moment before.
 */
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { ended, freePort } from '../../../scripts/programs.ts';
import type { Bench, Scenario } from '../bench.ts';
import {
  bringBack,
  broughtHome,
  command,
  kill,
  lose,
  promote,
  startCentral,
  startMachine,
  switchTo,
} from '../offline/hosts.ts';
import { announcementsOf, batchesOf, bringFiles, compareAll, comparisonsOf, sendAll } from '../offline/replay.ts';
import { countAll, differences, stateHashes } from '../offline/states.ts';
import { endRuns, inTheMiddle, RUNS, startSide, TESTS } from '../offline/trip.ts';

export const offlineRoundTrip: Scenario = async (bench) => {
  const central = await startCentral(bench);
  // What enrols after a copy was made is unknown to whoever is promoted with it.
  const desk = await startMachine(bench, central, 'desk');
  const laptop = await startMachine(bench, central, 'laptop');
  const here = await startSide(bench, central.coordinator, 'central', inTheMiddle(bench));
  await lose(central);

  let promoted = await promote(bench, laptop, { host: '127.0.0.2' });
  const readyMs = promoted.readyMs;
  const switchedMs = await switchTo(bench, desk, promoted);
  const there = await startSide(bench, promoted.coordinator, 'laptop', inTheMiddle(bench));
  await kill(promoted);
  promoted = await promote(bench, laptop, { host: promoted.host, before: promoted });
  await endRuns(promoted.coordinator, there);

  const backups = path.join(bench.folder, 'backups');
  await playfleet(bench, ['backup', '--data', central.coordinator.dataDir, '--to', `${backups}/`]);
  const began = performance.now();
  await bringBack(bench, central);
  await broughtHome(promoted);
  const broughtMs = performance.now() - began;
  await endRuns(central.coordinator, here);
  here.fleet.close();
  there.fleet.close();
  const away = await stateHashes(promoted.coordinator, there.runs);
  const home = await stateHashes(central.coordinator, there.runs);
  const runs = [...here.runs, ...there.runs];

  // Both are killed; nothing of it may depend on what they had in memory.
  await kill(promoted);
  await lose(central);
  await bringBack(bench, central);
  const batches = batchesOf(central.brought);
  const comparisons = comparisonsOf(central.brought);
  const before = await compareAll(central.coordinator, comparisons);
  const twice = await sendAll(central.coordinator, batches);
  const reversed = await sendAll(central.coordinator, batches.toReversed());
  const again = await compareAll(central.coordinator, comparisons);
  const counted = await countAll(central.coordinator, runs, TESTS);

  const other = path.join(bench.folder, 'central-again');
  await playfleet(bench, ['restore', backups, '--into', other]);
  const second = await bench.programs.startCoordinator(other, {
    before: { ...central.coordinator, url: `http://127.0.0.1:${await freePort(null)}` },
  });
  for (const request of announcementsOf(central.brought)) await sendAll(second, [request]);
  await sendAll(second, batches.toReversed());
  await bringFiles(central.coordinator, second, comparisons);
  const restored = await compareAll(second, comparisons);
  const elsewhere = await stateHashes(second, there.runs);

  promoted = await promote(bench, laptop, { host: promoted.host, before: promoted });
  await broughtHome(promoted);
  await command(bench, laptop, ['demote']);
  return {
    acknowledged: here.fleet.ledger.acknowledged.size + there.fleet.ledger.acknowledged.size,
    ...counted,
    lost: counted.lost + here.fleet.ledger.forgotten + there.fleet.ledger.forgotten,
    figures: {
      tests_each_side: RUNS * TESTS,
      ready_ms: Math.round(readyMs),
      switched_ms: Math.round(switchedMs),
      brought_ms: Math.round(broughtMs),
      batches: batches.length,
      stored_again: twice + reversed,
      hash_differences:
        differences(away, home) +
        differences(home, elsewhere) +
        differences(before, again) +
        differences(before, restored),
    },
    zero: ['stored_again', 'hash_differences'],
    limits: { ready_ms: 5_000, switched_ms: 10_000 },
  };
};

async function playfleet(bench: Bench, args: string[]): Promise<void> {
  const child = bench.programs.start([...args, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, code] = await Promise.all([text(child.stdout!), text(child.stderr!), ended(child)]);
  if (code !== 0) throw new Error(`playfleet ${args.join(' ')} ended with ${code}: ${out}${err}`);
}
