/** A worker has discovered the suite of a queue run: the run gets its tests and tasks. */
import type { Discovery } from '../../shared/protocol/playwright.ts';
import { runSource } from '../../shared/protocol/work.ts';
import { rememberDiscovery } from '../runs/discovery-cache.ts';
import { planRun } from '../runs/plan-run.ts';
import type { WriteHandle } from '../storage/database.ts';
import { whyStale } from './begin-task.ts';
import { cancelOpenTasks } from './end-attempt.ts';
import { standingOf } from './held-task.ts';
import type { ReportAnswer } from './report-answer.ts';

export async function recordDiscovery(
  w: WriteHandle,
  grant: {
    workerId: string;
    taskId: string;
    fence: number;
    discovery: Discovery;
    commit: string | null;
    slots: number;
  },
  now: number,
): Promise<ReportAnswer> {
  const found = await standingOf(w, grant.workerId, grant.taskId, grant.fence);
  if (found.standing !== 'held') return { result: 'stale', detail: whyStale(found) };
  if (found.task.kind !== 'discover') return { result: 'refused', detail: 'this grant is not a discovery' };
  const { runId } = found.task;
  const run = await w.get<{ state: string; source: string | null }>('SELECT state, source FROM runs WHERE id = ?', [
    runId,
  ]);
  // A lost discovery may have been planned already by the attempt before.
  if (run?.state !== 'scheduling') return { result: 'accepted' };
  await pinCommit(w, runId, run.source, grant.commit);
  if (grant.discovery.errors.length === 0) await rememberDiscovery(w, runId, grant.discovery, now);
  await planRun(w, runId, grant.discovery, grant.slots, now);
  const after = await w.get<{ state: string; reason: string | null }>('SELECT state, reason FROM runs WHERE id = ?', [
    runId,
  ]);
  if (after?.state === 'failed') await cancelOpenTasks(w, runId, after.reason ?? 'the suite cannot be run', now);
  return { result: 'accepted' };
}

/** From here on every machine runs the commit that was discovered, wherever the branch goes meanwhile. */
async function pinCommit(w: WriteHandle, runId: string, source: string | null, commit: string | null): Promise<void> {
  if (source === null || commit === null) return;
  const parsed = runSource.parse(JSON.parse(source));
  if (parsed.type !== 'git' || parsed.commit !== null) return;
  await w.run('UPDATE runs SET source = ? WHERE id = ?', [JSON.stringify({ ...parsed, commit }), runId]);
}
