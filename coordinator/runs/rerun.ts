/** A new run with the settings of an earlier one, and its source unless another is given: all of its tests, those that failed or never ran, or chosen ones. */
import { requests, requirements, runConfig, runSource } from '../../shared/protocol/work.ts';
import { runCreate, type RunRetry } from '../../shared/protocol/rest/runs.ts';
import type { WriteHandle } from '../storage/database.ts';
import { createRun } from './create-run.ts';
import { readGroups } from './groups.ts';
import { isFinal } from './rules/run-state.ts';

export type RerunResult =
  | { result: 'created'; id: string; number: number }
  | { result: 'open' }
  | { result: 'nothing' }
  | { result: 'unknown'; testId: string };

export async function rerun(
  w: WriteHandle,
  input: { runId: string; asked: RunRetry; createdBy: string },
  now: number,
): Promise<RerunResult> {
  const { only, tests, source, name, metadata } = input.asked;
  const before = await w.query.selectFrom('runs').selectAll().where('id', '=', input.runId).executeTakeFirstOrThrow();
  if (!isFinal(before.state)) return { result: 'open' };
  const strange = tests && (await unknownTest(w, input.runId, tests));
  if (strange !== undefined) return { result: 'unknown', testId: strange };
  const onlyTestIds = tests ?? (only === 'failed' ? await failedTests(w, input.runId) : undefined);
  if (onlyTestIds?.length === 0) return { result: 'nothing' };
  // Which tests a shard holds depends on all of them: a part is rerun as a queue.
  const shards = before.kind === 'shards' && !onlyTestIds ? { total_shards: before.total_shards } : {};
  const create = runCreate.parse({
    name: name ?? before.name,
    description: before.description,
    config: {
      ...runConfig.parse(JSON.parse(before.config)),
      groups: (await readGroups(w, before.id)).map(({ no: _no, ...group }) => group),
    },
    source: source ?? (before.source === null ? null : runSource.parse(JSON.parse(before.source))),
    requirements: requirements.parse(JSON.parse(before.requirements)),
    requests: requests.parse(JSON.parse(before.requests)),
    ...(before.environment === null ? {} : { environment: before.environment }),
    order: before.test_order,
    priority: before.priority,
    tags: JSON.parse(before.tags) as unknown,
    metadata: { ...(JSON.parse(before.metadata) as object), ...metadata },
    max_retries: before.max_retries,
    task_timeout_seconds: before.task_timeout_ms / 1000,
    ...shards,
  });
  const created = await createRun(
    w,
    {
      create,
      projectId: before.project_id,
      createdBy: input.createdBy,
      defaults: { maxRetries: before.max_retries, taskTimeoutMs: before.task_timeout_ms },
      rerunOf: input.runId,
      ...(onlyTestIds ? { onlyTestIds } : {}),
    },
    now,
  );
  return { result: 'created', ...created };
}

/** The first of these that the run has not, or that runs only beside others. */
async function unknownTest(w: WriteHandle, runId: string, testIds: readonly string[]): Promise<string | undefined> {
  const rows = await w.all<{ value: string }>(
    `SELECT value FROM json_each(?) WHERE value NOT IN (SELECT test_id FROM tests WHERE run_id = ? AND supporting = 0) LIMIT 1`,
    [JSON.stringify(testIds), runId],
  );
  return rows[0]?.value;
}

async function failedTests(w: WriteHandle, runId: string): Promise<string[]> {
  const rows = await w.all<{ test_id: string }>(
    `SELECT test_id FROM tests WHERE run_id = ? AND supporting = 0
       AND (outcome IS NULL OR outcome = 'unexpected' OR (outcome = 'skipped' AND attempts = 0)) ORDER BY no`,
    [runId],
  );
  return rows.map((row) => row.test_id);
}
