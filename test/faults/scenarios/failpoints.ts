/** The coordinator dies just where it hurts most: at each named place of its code, and in the middle of making a report. */
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { FAILPOINTS, type FailpointName } from '../../../coordinator/storage/failpoint.ts';
import { api, ended, type Coordinator } from '../../../scripts/programs.ts';
import { getRun, pause, runEnded, until, type Bench, type Scenario } from '../bench.ts';
import { audit, createScriptedRun, startScripted, testNames } from '../scripted-agent.ts';
import { killInMigrations } from './old-versions.ts';

const TESTS = 40;
/** Observed from outside, by the files that the making of a report leaves on its way. */
const REPORT_POINTS = { 'mid-fold': 'folded', 'mid-merge': 'out' } as const;

export const failpoints: Scenario = async (bench) => {
  const passages = bench.thorough ? 5 : 2;
  let coordinator = await bench.programs.startCoordinator(path.join(bench.folder, 'coordinator'));
  const fleet = await startScripted(coordinator, 2, { slots: 2, testMs: 20, testIds: testNames(TESTS) });
  const runs: string[] = [];
  const hits = new Map<string, number>();
  let blobsLost = 0;
  const die = async (): Promise<void> => {
    await ended(coordinator.process);
    coordinator = await bench.programs.startCoordinator(coordinator.dataDir, { before: coordinator });
  };
  const hit = (name: string) => hits.set(name, (hits.get(name) ?? 0) + 1);
  try {
    for (const name of FAILPOINTS.filter((point) => point !== 'in-migration')) {
      for (let n = 0; n < passages; n++) {
        await restartArmed(name, name === 'before-blob-row' ? 1 + n : 3 + Math.floor(bench.random() * 30));
        runs.push(await createScriptedRun(coordinator).catch(() => ''));
        const uploads = name === 'before-blob-row' ? upload(coordinator, passages) : null;
        const killed = await Promise.race([ended(coordinator.process), pause(20_000).then(() => null)]);
        if (killed !== null) hit(name);
        else coordinator.process.kill('SIGKILL');
        await die();
        blobsLost += await missing(coordinator, (await uploads) ?? []);
      }
    }
    for (const [name, folder] of Object.entries(REPORT_POINTS)) {
      const run = await createScriptedRun(coordinator);
      runs.push(run);
      if (await seen(path.join(coordinator.dataDir, 'reports'), folder)) hit(name);
      coordinator.process.kill('SIGKILL');
      await die();
      await reportReady(coordinator, run);
    }
    const known = runs.filter((run) => run !== '');
    for (const run of known) await runEnded(coordinator, run);
    const migrated = await killInMigrations(bench);
    for (let n = 0; n < migrated.killed; n++) hit('in-migration');
    const total = FAILPOINTS.length + Object.keys(REPORT_POINTS).length;
    return {
      ...(await audit(coordinator, known, TESTS, fleet)),
      figures: {
        failpoints: total,
        failpoints_hit: hits.size,
        failpoints_not_hit: total - hits.size,
        kills: [...hits.values()].reduce((sum, n) => sum + n, 0),
        acknowledged_blobs_lost: blobsLost,
        migrations_not_resumed: migrated.notResumed,
      },
      zero: ['failpoints_not_hit', 'acknowledged_blobs_lost', 'migrations_not_resumed'],
      note: [...hits].map(([name, n]) => `${name} ${n}`).join(', '),
    };
  } finally {
    fleet.close();
  }

  async function restartArmed(name: FailpointName, passage: number): Promise<void> {
    coordinator.process.kill('SIGTERM');
    await ended(coordinator.process);
    coordinator = await armed(bench, coordinator, `${name}:${passage}`);
  }
};

/** One that dies before it listens is started again: the passage was one of its start. */
async function armed(bench: Bench, before: Coordinator, failpoint: string): Promise<Coordinator> {
  const options = { before, env: { PLAYFLEET_FAILPOINT: failpoint } };
  return bench.programs
    .startCoordinator(before.dataDir, options)
    .catch(() => bench.programs.startCoordinator(before.dataDir, { before }));
}

/** Uploads blobs one after the other; returns the names of those that were acknowledged. */
async function upload(coordinator: Coordinator, count: number): Promise<string[]> {
  const acknowledged: string[] = [];
  for (let n = 0; n < count + 2; n++) {
    const bytes = randomBytes(20_000);
    const name = createHash('sha256').update(bytes).digest('hex');
    const answer = await fetch(`${coordinator.url}/api/v1/blobs/${name}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${coordinator.token}` },
      body: bytes,
    }).catch(() => null);
    if (answer?.ok === true) acknowledged.push(name);
  }
  return acknowledged;
}

async function missing(coordinator: Coordinator, hashes: readonly string[]): Promise<number> {
  return (await api<{ missing: string[] }>(coordinator, 'POST', '/blobs/missing', { hashes })).missing.length;
}

/** Whether a report in the making came so far. Looked at without a pause: it is a matter of milliseconds. */
async function seen(reports: string, folder: string): Promise<boolean> {
  for (const end = performance.now() + 30_000; performance.now() < end;) {
    try {
      for (const name of readdirSync(reports)) {
        if (name.includes('.merging-') && readdirSync(path.join(reports, name)).includes(folder)) return true;
      }
    } catch {
      // Not there yet, or gone just now.
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return false;
}

const reportReady = (coordinator: Coordinator, run: string) =>
  until(
    () => getRun(coordinator, run),
    ({ report }) => report.state === 'ready',
    'the report',
  );
