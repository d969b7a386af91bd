/** What a choice of tests would run, where, and how long it would take. Changes nothing. */
import type { z } from 'zod';
import type { Preview, previewRequest } from '../../shared/protocol/rest/launch.ts';
import { readProfile } from '../dispatch/connect-worker.ts';
import { whyNotMatching, whyUnservable, type Wanted } from '../dispatch/rules/matching.ts';
import { expectDurations } from '../runs/rules/expect-duration.ts';
import { startCost } from '../runs/start-cost.ts';
import type { Database, ReadHandle } from '../storage/database.ts';
import { inParts } from '../storage/in-parts.ts';
import { choose } from './choose.ts';
import { predict, unitsOf, type Lender } from './rules/predict.ts';
import type { KnownSuite } from './suite.ts';

const FIRST = 20;

export interface PreviewOf {
  project: { id: string; teamId: string; name: string };
  suite: KnownSuite;
  asked: z.infer<typeof previewRequest>;
}

export async function previewRun(db: Database, { project, suite, asked }: PreviewOf, now: number): Promise<Preview> {
  const { requirements, slots: wanted, ...choice } = asked;
  const chosen = choose(suite.tests, choice);
  const who = { ...requirements, team: project.teamId, project: project.name };
  const { lenders, free, why } = await db.read((r) => lendersFor(r, who));
  const known = await durationsOf(db, project.id);
  const expected = expectDurations(suite.tests, { byTest: known });
  const startMs = await db.read((r) => startCost(r, project.id));
  const counted = wanted === undefined ? lenders : [{ slots: wanted, speed: meanSpeed(lenders) }];
  const prediction = predict(unitsOf(suite, chosen, expected), counted, startMs);
  const { createdAt, ...basis } = suite.basis;
  return {
    basis: { ...basis, age_ms: Math.max(0, now - createdAt) },
    matching: chosen.length,
    of: suite.tests.length,
    first: chosen.slice(0, FIRST).map(({ id, titlePath, project: of, file }) => ({
      test_id: id,
      title: titlePath.join(' › '),
      project: of,
      file,
    })),
    workers: lenders.length,
    slots: lenders.reduce((sum, lender) => sum + lender.slots, 0),
    slots_free: free,
    why_no_workers: why,
    prediction: prediction && { ...prediction, known: chosen.filter(({ id }) => known.has(id)).length },
  };
}

const meanSpeed = (lenders: readonly Lender[]): number =>
  lenders.length === 0 ? 1 : lenders.reduce((sum, { speed }) => sum + speed, 0) / lenders.length;

/** test id → milliseconds at speed 1, of tests that have run. */
async function durationsOf(db: Database, projectId: string): Promise<Map<string, number>> {
  const known = new Map<string, number>();
  await inParts<{ test_id: string; mean_ms: number }>(
    db,
    (r, after, limit) =>
      r.all('SELECT test_id, mean_ms FROM test_history WHERE project_id = ? AND test_id > ? ORDER BY test_id LIMIT ?', [
        projectId,
        after?.test_id ?? '',
        limit,
      ]),
    (row) => known.set(row.test_id, row.mean_ms),
  );
  return known;
}

/** Workers that would be given its tasks now; why there are none otherwise, with the mend. */
async function lendersFor(
  r: ReadHandle,
  wanted: Wanted,
): Promise<{ lenders: Lender[]; free: number; why: string | null }> {
  const online = await r.all<{ id: string; busy: number }>(
    `SELECT w.id, (SELECT coalesce(sum(a.slots), 0) FROM tasks t JOIN task_attempts a ON a.fence = t.fence
       WHERE t.worker_id = w.id AND t.state IN ('assigned', 'running')) AS busy
     FROM workers w WHERE w.online = 1 AND w.intent = 'active' AND w.revoked_at IS NULL`,
  );
  const lenders: (Lender & { busy: number })[] = [];
  const candidates = [];
  for (const { id, busy } of online) {
    const profile = await readProfile(r, id);
    if (!profile) continue;
    candidates.push(profile);
    if (profile.heldBack || whyNotMatching(wanted, profile) !== null) continue;
    lenders.push({ slots: profile.slots, speed: profile.speed, busy });
  }
  const free = lenders.reduce((sum, { slots, busy }) => sum + Math.max(0, slots - busy), 0);
  const demand = { requirements: wanted, needs: '', cpus: 0, memoryBytes: 0 };
  return { lenders, free, why: lenders.length > 0 ? null : whyUnservable([demand], candidates) };
}
