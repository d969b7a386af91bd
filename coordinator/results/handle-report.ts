/** Hands a worker's report to the command that it is for. Agents and polling workers come through here alike. */
import type { Report } from '../../shared/protocol/link.ts';
import { beginTask, beginTasks, type GrantName } from '../dispatch/begin-task.ts';
import { completeTasks, type FinishedGrant } from '../dispatch/complete-tasks.ts';
import type { FleetFacts } from '../dispatch/create-dispatch.ts';
import { finishTask } from '../dispatch/finish-task.ts';
import { recordDiscovery } from '../dispatch/record-discovery.ts';
import { splitTask } from '../dispatch/split-task.ts';
import { releaseTask } from '../dispatch/release-task.ts';
import type { ReportAnswer } from '../dispatch/report-answer.ts';
import type { WorkerReport } from '../dispatch/report-queue.ts';
import type { WriteHandle } from '../storage/database.ts';
import { addArtifacts } from './add-artifacts.ts';
import { recordPlan } from './record-plan.ts';
import { recordResults } from './record-results.ts';

/**
 * Many reports in one command. The usual begin and the usual end of a task cost a few statements for all of them together; the others
 * are carried out one by one, in their order. Only for reports of which the order among workers does not matter: begin and finish.
 */
export async function handleReports(
  w: WriteHandle,
  items: readonly WorkerReport[],
  fleet: FleetFacts,
  now: number,
): Promise<ReportAnswer[]> {
  const begins: GrantName[] = [];
  const finishes: FinishedGrant[] = [];
  for (const { workerId, report } of items) {
    const grant = { workerId, taskId: report.taskId, fence: report.fence };
    if (report.kind === 'begin') begins.push(grant);
    else if (report.kind === 'finish') finishes.push({ ...grant, end: report.end });
  }
  const begun = begins.length === 0 ? new Set<number>() : await beginTasks(w, begins, now);
  const completed = finishes.length === 0 ? new Set<number>() : await completeTasks(w, finishes, now);
  const answers: ReportAnswer[] = [];
  for (const { workerId, report } of items) {
    if (report.kind === 'begin' && begun.has(report.fence)) answers.push({ result: 'accepted' });
    // Taken out: the same report again in this batch is for finishTask() to compare.
    else if (report.kind === 'finish' && completed.delete(report.fence)) {
      await addBlob(w, report);
      answers.push({ result: 'accepted' });
    } else answers.push(await handleReport(w, workerId, report, fleet, now));
  }
  return answers;
}

async function handleReport(
  w: WriteHandle,
  workerId: string,
  report: Report,
  fleet: FleetFacts,
  now: number,
): Promise<ReportAnswer> {
  const grant = { workerId, taskId: report.taskId, fence: report.fence };
  switch (report.kind) {
    case 'begin':
      return beginTask(w, grant, now);
    case 'discovered':
      return recordDiscovery(
        w,
        { ...grant, discovery: report.discovery, commit: report.commit, slots: fleet.slots },
        now,
      );
    case 'planned':
      return recordPlan(w, workerId, report, now);
    case 'results':
      return recordResults(w, workerId, report, now);
    case 'finish': {
      await addBlob(w, report);
      return finishTask(w, { ...grant, end: report.end }, fleet.failures, now);
    }
    case 'revoked':
      return splitTask(w, { ...grant, testIds: report.testIds }, now);
    case 'release':
      return releaseTask(w, { ...grant, reason: report.reason }, now);
  }
}

async function addBlob(w: WriteHandle, report: Extract<Report, { kind: 'finish' }>): Promise<void> {
  const { blobSha256, blobSize } = report.end;
  if (blobSha256 === null) return;
  const task = await w.get<{ run_id: string }>('SELECT run_id FROM tasks WHERE id = ?', [report.taskId]);
  if (!task) return;
  await addArtifacts(w, [
    {
      runId: task.run_id,
      taskId: report.taskId,
      fence: report.fence,
      testId: null,
      kind: 'blob',
      name: `report-${report.taskId}-${report.attempt}.zip`,
      contentType: 'application/zip',
      sha256: blobSha256,
      size: blobSize ?? 0,
    },
  ]);
}
