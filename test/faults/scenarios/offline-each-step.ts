/**
 * A merge is cut off by kill -9 at each of its steps, one after the other: before and behind each commit and each file that central stores, and before
 * and behind each commit of the promoted coordinator. Each time both begin as they were when central came back.
 */
import { createHash } from 'node:crypto';
import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { FailpointName } from '../../../coordinator/storage/failpoint.ts';
import { api, ended, type Coordinator } from '../../../scripts/programs.ts';
import { canonicalTree, type TreeFile } from '../../../shared/protocol/tree.ts';
import type { Bench, Scenario } from '../bench.ts';
import {
  bringBack,
  broughtHome,
  kill,
  lose,
  promote,
  startCentral,
  startMachine,
  type Promoted,
} from '../offline/hosts.ts';
import { countAll, differences, stateHashes } from '../offline/states.ts';
import { endRuns, RUNS, startSide } from '../offline/trip.ts';

/** Of each run: few, so that each commit can have its turn. */
const TESTS = 20;
const FILES = 3;
/** Somebody commits without end. */
const MOST_PASSAGES = 200;
/** Passages that nobody lived to see, one after the other, until a walk is over: the background commits as well, now and then. */
const QUIET = 2;

export const eachStep: Scenario = async (bench) => {
  const central = await startCentral(bench);
  const laptop = await startMachine(bench, central, 'laptop');
  await lose(central);
  let promoted = await promote(bench, laptop, { host: '127.0.0.2' });
  const source = { type: 'bundle', tree: await putTree(promoted.coordinator), projectDir: '' };
  const there = await startSide(bench, promoted.coordinator, 'laptop', 1, { tests: TESTS, run: { source } });
  await endRuns(promoted.coordinator, there);
  there.fleet.close();
  const want = await stateHashes(promoted.coordinator, there.runs);
  await kill(promoted);
  // Not beside them: a machine goes on with the promotion that it finds among its folders.
  const folders = [central.coordinator.dataDir, promoted.folder].map((folder, n) => ({
    folder,
    before: path.join(bench.folder, `before-${n}`),
  }));
  for (const { folder, before } of folders) await cp(folder, before, { recursive: true });

  const sum = { stored: 0, lost: 0, double_counted: 0, hash_differences: 0, files_lost: 0, rounds: 0 };
  /** One merge from its begin to its end. Returns whether the failpoint cut anything off. */
  const merge = async (victim: 'central' | 'promoted', failpoint: string): Promise<boolean> => {
    const armed = { PLAYFLEET_FAILPOINT: failpoint };
    await lose(central);
    await kill(promoted);
    for (const { folder, before } of folders) {
      await rm(folder, { recursive: true, force: true });
      await cp(before, folder, { recursive: true });
    }
    const startHere = (env: NodeJS.ProcessEnv) => bringBack(bench, central, env);
    const startThere = async (env: NodeJS.ProcessEnv): Promise<void> => {
      promoted = await promote(bench, laptop, { host: promoted.host, before: promoted, env });
    };
    const isCentral = victim === 'central';
    let isCutOff = await diesAtStart(() => startHere(isCentral ? armed : {}));
    if (isCutOff) await startHere({});
    if (await diesAtStart(() => startThere(isCentral ? {} : armed))) {
      isCutOff = true;
      await startThere({});
    }
    const watched = isCentral ? central.coordinator : promoted.coordinator;
    if (await diesOnTheWay(watched, promoted)) {
      isCutOff = true;
      await (isCentral ? startHere({}) : startThere({}));
    }
    await broughtHome(promoted);
    // Whoever is armed may still die of what it does by itself.
    await lose(central);
    await startHere({});
    const counted = await countAll(central.coordinator, there.runs, TESTS);
    sum.rounds += 1;
    sum.stored = counted.stored;
    sum.lost += counted.lost;
    sum.double_counted += counted.double_counted;
    sum.hash_differences += differences(want, await stateHashes(central.coordinator, there.runs));
    sum.files_lost += await lacking(central.coordinator);
    return isCutOff;
  };
  const ofCentral = await walk(bench, ['before-commit', 'after-commit', 'before-blob-row'], (at) =>
    merge('central', at),
  );
  const ofPromoted = await walk(bench, ['before-commit', 'after-commit'], (at) => merge('promoted', at));
  const { hash_differences, files_lost, rounds, ...counted } = sum;
  return {
    acknowledged: there.fleet.ledger.acknowledged.size,
    ...counted,
    figures: {
      tests: RUNS * TESTS,
      merges: rounds,
      deaths_of_central: ofCentral.deaths,
      deaths_of_promoted: ofPromoted.deaths,
      points_not_hit: ofCentral.notHit + ofPromoted.notHit,
      files_lost,
      hash_differences,
    },
    zero: ['points_not_hit', 'files_lost', 'hash_differences'],
  };
};

/** Each passage of each of them, until nobody dies any more. */
async function walk(bench: Bench, points: FailpointName[], merge: (failpoint: string) => Promise<boolean>) {
  const found = { deaths: 0, notHit: 0 };
  // Quicker: every few steps only, and not always the same.
  const stride = bench.thorough ? 1 : 5;
  for (const point of points) {
    let [passage, quiet, deaths] = [1 + Math.floor(bench.random() * Math.min(stride, FILES)), 0, 0];
    for (; quiet < QUIET; passage += stride) {
      if (passage > MOST_PASSAGES) throw new Error(`${point}: the merge has not ended after ${MOST_PASSAGES} passages`);
      const isCutOff = await merge(`${point}:${passage}`).catch((error: unknown) => {
        throw new Error(`${point}:${passage}: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        });
      });
      deaths += Number(isCutOff);
      quiet = isCutOff ? 0 : quiet + 1;
    }
    found.deaths += deaths;
    found.notHit += Number(deaths === 0);
  }
  return found;
}

async function diesAtStart(begin: () => Promise<void>): Promise<boolean> {
  try {
    await begin();
    return false;
  } catch (error) {
    if (error instanceof Error && error.message.endsWith('before it was ready')) return true;
    throw error;
  }
}

/** Whether it ends before everything is at home. */
function diesOnTheWay({ process }: Coordinator, promoted: Promoted): Promise<boolean> {
  return Promise.race([ended(process).then(() => true), broughtHome(promoted).then(() => false)]);
}

const BYTES = Array.from({ length: FILES }, (_, n) => Buffer.alloc(20_000, n));
const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const TREE = Buffer.from(
  canonicalTree(
    BYTES.map((bytes, n): TreeFile => ({ path: `${n}.bin`, mode: 'file', sha256: hashOf(bytes), size: bytes.length })),
  ),
);

/** The source that runs refer to. Returns its id. */
async function putTree({ url, token }: Coordinator): Promise<string> {
  for (const bytes of [...BYTES, TREE]) {
    const at = `${url}/api/v1/blobs/${hashOf(bytes)}`;
    const answer = await fetch(at, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}` },
      body: new Uint8Array(bytes),
    });
    if (!answer.ok) throw new Error(`PUT ${at} was answered ${answer.status}: ${await answer.text()}`);
  }
  return hashOf(TREE);
}

/** How many of its files are not at central. */
async function lacking(coordinator: Coordinator): Promise<number> {
  const hashes = [...BYTES, TREE].map(hashOf);
  return (await api<{ missing: string[] }>(coordinator, 'POST', '/blobs/missing', { hashes })).missing.length;
}
