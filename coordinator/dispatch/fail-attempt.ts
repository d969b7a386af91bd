/** The bad end of a grant (crash, time-out, loss): who was running is noted, who is to blame judged, and the task escalates. */
import type { WriteHandle } from '../storage/database.ts';
import type { AttemptFigures } from './close-attempt.ts';
import { endAttempt, retriesUsed } from './end-attempt.ts';
import { isRaced } from './end-racer.ts';
import type { FailureContext } from './failure-context.ts';
import type { HeldTask } from './held-task.ts';
import { divideTask, openUnits, recordIncident, type NewIncident } from './incidents.ts';
import { noteBlame } from './note-blame.ts';
import { askPerson } from './rules/escalation.ts';
import { halve, tellApart } from './rules/poison.ts';
import { isCharged, type AttemptFacts, type Verdict } from './rules/task-state.ts';

export interface BadEnd {
  /** prepare_failed: no test had begun. */
  how: NewIncident['how'] | 'prepare_failed';
  reason: string | null;
  permanent: boolean;
  /** Ordered tests without an outcome. */
  open: readonly string[];
  judge: (facts: AttemptFacts) => Verdict;
  figures: AttemptFigures;
}

export async function failAttempt(
  w: WriteHandle,
  task: HeldTask,
  end: BadEnd,
  { rules, running }: FailureContext,
  now: number,
): Promise<void> {
  const { how, reason, permanent } = end;
  const began = how !== 'prepare_failed';
  const ran = new Set(began ? running(task.fence) : []);
  const known = end.open.filter((id) => ran.has(id));
  // Agents tell of a test a moment after its beginning. Of a crash before that, in a suite that has run at all, some open test is to blame:
  // where only one is left it is that one, else the task goes on in halves.
  const guess = known.length === 0 && how === 'crashed' && (await hasResults(w, task.runId));
  const suspects = guess && end.open.length === 1 ? end.open : known;
  const quarantined = began ? await recordIncident(w, task, { how, reason }, suspects, rules.poisonLimit, now) : [];
  const left = suspects.filter((id) => !quarantined.includes(id));
  const units = await openUnits(w, task, left);
  const divided = guess && units.length > 1;
  const facts: AttemptFacts = {
    retriesUsed: await retriesUsed(w, task.id),
    maxRetries: task.maxRetries,
    missing: end.open.length - quarantined.length,
    incident: {
      suspects: suspects.length,
      quarantined: quarantined.length,
      quarantinedOfRun: suspects.length === 0 ? 0 : await countQuarantined(w, task.runId),
      divided,
    },
  };
  const verdict = end.judge(facts);
  await w.run('UPDATE task_attempts SET running = ?, charged = ? WHERE fence = ?', [
    suspects.length === 0 ? null : JSON.stringify(suspects),
    isCharged(verdict.ended, facts) ? 1 : 0,
    task.fence,
  ]);
  // A racer goes on with all of it as it is: what were made apart would run twice.
  if (verdict.next === 'pending' && !(await isRaced(w, task)))
    await divideTask(w, task, units, divided ? halve(units) : tellApart(units), now);
  const escalated = verdict.next === 'pending' ? { escalated: left.length > 0 ? (2 as const) : (1 as const) } : {};
  await endAttempt(w, task, verdict, { ...end.figures, ...escalated }, now);
  await noteBlame(w, task, { suspects, permanent }, rules, now);
  if (verdict.next === 'failed' || verdict.next === 'timeout') await ask(w, task);
}

/** One that crashes before any test ended is not made better by running less of it. */
async function hasResults(w: WriteHandle, runId: string): Promise<boolean> {
  const row = await w.get<{ tests_settled: number }>('SELECT tests_settled FROM runs WHERE id = ?', [runId]);
  return (row?.tests_settled ?? 0) > 0;
}

async function countQuarantined(w: WriteHandle, runId: string): Promise<number> {
  const row = await w.get<{ n: number }>(
    'SELECT count(*) AS n FROM tests INDEXED BY tests_quarantined WHERE run_id = ? AND quarantined_at IS NOT NULL',
    [runId],
  );
  return row?.n ?? 0;
}

/** Nobody could carry it out: what is left is to ask a person. */
async function ask(w: WriteHandle, task: HeldTask): Promise<void> {
  const failures = await w.all<{ name: string; reason: string }>(
    `SELECT coalesce(k.hostname, a.worker_id) AS name, coalesce(a.reason, a.ended) AS reason FROM task_attempts a
     LEFT JOIN workers k ON k.id = a.worker_id WHERE a.task_id = ? AND a.blame IS NOT NULL ORDER BY a.fence`,
    [task.id],
  );
  const data = { attempt: task.attempt, fence: task.fence, step: 'person' as const, why: askPerson(failures) };
  await w.event({ type: 'task.escalated', runId: task.runId, workerId: task.workerId, taskId: task.id, data });
}
