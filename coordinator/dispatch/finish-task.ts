/** A worker reports the end of the Playwright process of its grant. */
import type { ProcessEnd } from '../../shared/protocol/work.ts';
import { settleTests } from '../runs/settle-tests.ts';
import type { WriteHandle } from '../storage/database.ts';
import { whyStale } from './begin-task.ts';
import type { AttemptFigures } from './close-attempt.ts';
import { endAttempt, retriesUsed } from './end-attempt.ts';
import { endRacer } from './end-racer.ts';
import { failAttempt, type BadEnd } from './fail-attempt.ts';
import type { FailureContext } from './failure-context.ts';
import { standingOf, unsettledTests, type HeldTask } from './held-task.ts';
import { settleRace } from './racing.ts';
import type { ReportAnswer } from './report-answer.ts';
import { reportHashOf } from './report-hash.ts';
import { isIncident } from './rules/blame.ts';
import { judgeFinish, type AttemptFacts } from './rules/task-state.ts';

/** The same report again gets the same answer (invariant I3); a different one for an ended grant is stale. */
export async function finishTask(
  w: WriteHandle,
  grant: { workerId: string; taskId: string; fence: number; end: ProcessEnd },
  failures: FailureContext,
  now: number,
): Promise<ReportAnswer> {
  const reportHash = reportHashOf(grant.end);
  const found = await standingOf(w, grant.workerId, grant.taskId, grant.fence);
  if (found.standing === 'ended' && found.reportHash === reportHash) return { result: 'accepted' };
  if (found.standing === 'ended') await keepLateBlob(w, grant.fence, grant.end);
  if (found.standing !== 'held') return { result: 'stale', detail: whyStale(found) };
  const { task } = found;
  const { end } = grant;
  if (task.raceOf !== null) return finishRacer(w, task, end, reportHash, now);
  const open = await unsettledTests(w, task);
  const chosenNotToRun = new Set(end.how === 'finished' ? end.notRun : []);
  const notRun = open.filter((id) => chosenNotToRun.has(id));
  // Nothing ran and something outside the tests went wrong: no verdict of Playwright over these tests, but a failed attempt.
  const nothingRan = open.length > 0 && notRun.length === open.length && end.message !== null;
  if (notRun.length > 0 && !nothingRan) {
    const note = end.message ?? 'did not run: Playwright stopped before it (failed setup or max failures)';
    const settlements = notRun.map((testId) => ({
      testId,
      outcome: 'skipped' as const,
      attempts: 0,
      durationMs: 0,
      note,
    }));
    await settleTests(w, task.runId, { fence: task.fence, taskId: task.id, workerId: task.workerId }, settlements, now);
  }
  if (end.how === 'finished' && end.message !== null && !nothingRan) await noteError(w, task.runId, task.id, end);
  const missing = nothingRan ? open.length : open.length - notRun.length;
  const wellDone = end.how === 'finished' && missing === 0;
  const figures = figuresOf(end, reportHash);
  // All that was ordered has its outcome: there is nothing to try again, and what went wrong after it is told with the run.
  const allSettled = task.kind === 'units' && open.length === 0 && isIncident(end.how);
  if (allSettled) {
    await noteError(w, task.runId, task.id, end);
    await endAttempt(w, task, { next: 'completed', ended: 'failed', reason: end.message }, figures, now);
  } else if (!isIncident(end.how)) {
    const used = wellDone ? 0 : await retriesUsed(w, task.id);
    const verdict = judgeFinish(end, { retriesUsed: used, maxRetries: task.maxRetries, missing });
    await endAttempt(w, task, verdict, { ...figures, ...(verdict.ended === 'failed' ? { escalated: 1 } : {}) }, now);
  } else {
    const { message: reason, permanent } = end;
    const how = end.how as BadEnd['how'];
    const judge = (facts: AttemptFacts) => judgeFinish(end, facts);
    await failAttempt(w, task, { how, reason, permanent, open, judge, figures }, failures, now);
  }
  return { result: 'accepted' };
}

function figuresOf(end: ProcessEnd, reportHash: string): AttemptFigures {
  return {
    reportHash,
    exitCode: end.exitCode,
    wallMs: end.wallMs,
    peakMemoryBytes: end.peakMemoryBytes,
    meanCpuPercent: end.meanCpuPercent,
    blobSha256: end.blobSha256,
    errorStack: end.stack,
    permanent: end.permanent,
  };
}

/** What a racer did not run, or could not, the task that it races goes on with. */
async function finishRacer(
  w: WriteHandle,
  racer: HeldTask,
  end: ProcessEnd,
  reportHash: string,
  now: number,
): Promise<ReportAnswer> {
  const ended = end.how === 'finished' ? 'completed' : end.how === 'cancelled' ? 'released' : 'failed';
  await endRacer(w, racer, { ended, reason: end.message }, figuresOf(end, reportHash), now);
  await settleRace(w, racer, now);
  return { result: 'accepted' };
}

/** An error outside any test, with results beside it: the tests count, the run cannot be called passed. */
async function noteError(w: WriteHandle, runId: string, taskId: string, end: ProcessEnd): Promise<void> {
  await w.run('UPDATE runs SET errors = errors + 1 WHERE id = ?', [runId]);
  await w.run('UPDATE tasks SET error_message = ?, error_stack = ? WHERE id = ?', [end.message, end.stack, taskId]);
}

/** The attempt does not count any more, but its blob may hold results that do: those it reported before it was superseded. */
async function keepLateBlob(w: WriteHandle, fence: number, end: ProcessEnd): Promise<void> {
  if (end.blobSha256 === null) return;
  await w.run('UPDATE task_attempts SET blob_sha256 = ? WHERE fence = ? AND blob_sha256 IS NULL', [
    end.blobSha256,
    fence,
  ]);
}
