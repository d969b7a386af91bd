/** Creates a run in state pending with its first tasks: all shards of a static run, or the discovery of a queue run. */
import type { RunCreate } from '../../shared/protocol/rest/runs.ts';
import { newId } from '../../shared/base/id.ts';
import { FIRST_SLOT, SLOT_SIZE } from '../../shared/model/run-label.ts';
import { Refusal } from '../http/refusal.ts';
import type { Teams } from '../http/scope.ts';
import type { WriteHandle } from '../storage/database.ts';
import { addGroups } from './add-groups.ts';
import { addTasks } from './add-tasks.ts';
import { dependOn } from './depend-on.ts';
import { askOf } from './rules/asks.ts';

export interface CreateRunInput {
  create: RunCreate;
  projectId: string;
  createdBy: string;
  /** Whose runs it may wait for; default: all. */
  sees?: Teams;
  /** From the settings task_max_retries and task_timeout_default_seconds, where the request leaves them open. */
  defaults: { maxRetries: number; taskTimeoutMs: number };
  /** Only these tests; for reruns of failures. */
  onlyTestIds?: readonly string[];
  rerunOf?: string;
}

/** Throws a Refusal, with nothing stored, for groups and dependencies that make no sense. */
export async function createRun(
  w: WriteHandle,
  input: CreateRunInput,
  now: number,
): Promise<{ id: string; number: number }> {
  const { create } = input;
  await refuseWhileClosed(w);
  const { groups, ...config } = create.config;
  const id = newId(now);
  const kind = create.kind ?? (create.total_shards === undefined ? 'queue' : 'shards');
  const shards = kind === 'shards' ? (create.total_shards ?? 1) : 0;
  const number = await nextNumber(w);
  const maxRetries = create.max_retries ?? input.defaults.maxRetries;
  const timeoutMs =
    create.task_timeout_seconds === undefined ? input.defaults.taskTimeoutMs : create.task_timeout_seconds * 1000;
  await w.query
    .insertInto('runs')
    .values({
      id,
      number,
      project_id: input.projectId,
      name: create.name,
      description: create.description,
      kind,
      state: 'pending',
      config: JSON.stringify({ ...config, env: { ...config.env, ...create.env } }),
      source: create.source && JSON.stringify(create.source),
      requirements: JSON.stringify(create.requirements),
      requests: JSON.stringify(create.requests),
      environment: create.environment ?? null,
      test_order: create.order,
      deadline: create.deadline === undefined ? null : Date.parse(create.deadline),
      total_shards: shards,
      priority: create.priority,
      max_retries: maxRetries,
      task_timeout_ms: timeoutMs,
      scheduled_for: create.scheduled_for === undefined ? null : Date.parse(create.scheduled_for),
      tags: JSON.stringify(create.tags),
      metadata: JSON.stringify(create.metadata),
      selection: input.onlyTestIds ? JSON.stringify(input.onlyTestIds) : null,
      created_by: input.createdBy,
      rerun_of: input.rerunOf ?? null,
      created_at: now,
    })
    .execute();
  await w.event({
    type: 'run.created',
    runId: id,
    data: { number, name: create.name, kind, total_shards: shards, created_by: input.createdBy },
  });
  const tasks =
    kind === 'shards'
      ? Array.from({ length: shards }, (_, i) => ({
          kind: 'shard' as const,
          shardIndex: i + 1,
          shardTotal: shards,
          needs: '',
          ...askOf(create.requests),
        }))
      : [{ kind: 'discover' as const, needs: '', ...askOf(create.requests) }];
  await addTasks(w, { runId: id, maxRetries, timeoutMs }, tasks, now);
  await addGroups(w, id, kind, groups);
  await dependOn(w, id, { asked: create.depends_on, sees: input.sees ?? null }, now);
  return { id, number };
}

/** A coordinator that ends (a promoted one on its way home) says here why it takes no more runs. */
export const NO_NEW_RUNS = 'no_new_runs';

async function refuseWhileClosed(w: WriteHandle): Promise<void> {
  const closed = await w.get<{ value: string }>('SELECT value FROM meta WHERE key = ?', [NO_NEW_RUNS]);
  if (closed) throw new Refusal(409, 'no_new_runs', closed.value);
}

/** Behind the last one of this origin; runs of others that were merged have numbers in slots of their own. */
async function nextNumber(w: WriteHandle): Promise<number> {
  const own = await w.get<{ slot: number }>('SELECT slot FROM origins WHERE own = 1');
  const slot = own?.slot ?? 0;
  const [first, end] = slot === 0 ? [0, FIRST_SLOT * SLOT_SIZE] : [slot * SLOT_SIZE, (slot + 1) * SLOT_SIZE];
  const last = await w.get<{ number: number | null }>(
    'SELECT max(number) AS number FROM runs WHERE number > ? AND number < ?',
    [first, end],
  );
  return (last?.number ?? first) + 1;
}
