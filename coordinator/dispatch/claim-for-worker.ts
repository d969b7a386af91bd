/** Work for a worker that asks for it itself, by REST: what it could claim, and the claim of one task by its id. */
import type { Grant, Requirements } from '../../shared/protocol/work.ts';
import type { nextTask } from '../../shared/protocol/rest/tasks.ts';
import { hasBrowsers } from '../runs/rules/needs.ts';
import type { WriteHandle } from '../storage/database.ts';
import { restrained } from './breakers.ts';
import { claimTasks } from './claim-tasks.ts';
import { readProfile } from './connect-worker.ts';
import { escalatedTask, holdersOfSuspects, placeOf, recordStep } from './escalated-tasks.ts';
import { slotsAllowed } from './rules/breaker.ts';
import { chooseNext, type Choice, type Place } from './rules/escalation.ts';
import { whyNotMatching } from './rules/matching.ts';
import { toGrant } from './to-grant.ts';
import type { z } from 'zod';

interface Waiting {
  id: string;
  kind: Grant['work']['kind'];
  needs: string;
  shard_index: number | null;
  shard_total: number | null;
  run_id: string;
  name: string;
  config: string;
  source: string | null;
  requirements: string;
  escalated: number;
}

const waitingTasks = `
  SELECT t.id, t.kind, t.needs, t.shard_index, t.shard_total, t.escalated, t.run_id, r.name, r.config, r.source, r.requirements
  FROM runs r JOIN tasks t ON t.run_id = r.id WHERE r.state IN ('scheduling', 'running') AND t.state = 'pending' AND t.waits = 0`;

/** null where nothing waits that it could do, or it does all that it may already. */
export async function nextForWorker(
  w: WriteHandle,
  workerId: string,
  now: number,
): Promise<z.infer<typeof nextTask> | null> {
  const room = await roomOf(w, workerId);
  if ('reason' in room) return null;
  const rows = await w.all<Waiting>(
    `${waitingTasks} ORDER BY r.priority DESC, r.number, t.priority DESC, t.seq LIMIT 100`,
  );
  for (const row of rows) {
    if (room.whyNot(row) !== null || 'reason' in (await nextStep(w, workerId, row, now))) continue;
    return {
      task_id: row.id,
      test_run_id: row.run_id,
      kind: row.kind,
      shard_index: row.shard_index ?? 1,
      shard_total: row.shard_total ?? 1,
      config: JSON.parse(row.config) as Record<string, never>,
    };
  }
  return null;
}

export type ClaimAnswer =
  { result: 'claimed'; grant: Grant } | { result: 'unknown' } | { result: 'refused'; reason: string };

export async function claimForWorker(
  w: WriteHandle,
  workerId: string,
  taskId: string,
  leaseMs: number,
  now: number,
): Promise<ClaimAnswer> {
  const row = await w.get<Waiting>(`${waitingTasks} AND t.id = ?`, [taskId]);
  if (!row) {
    const exists = await w.get<{ state: string; waits: number }>('SELECT state, waits FROM tasks WHERE id = ?', [
      taskId,
    ]);
    if (!exists) return { result: 'unknown' };
    const is =
      exists.waits === 1 && exists.state === 'pending' ? 'its group may not begin yet' : `it is ${exists.state}`;
    return { result: 'refused', reason: `Task ${taskId} is not waiting (${is})` };
  }
  const room = await roomOf(w, workerId);
  const reason = 'reason' in room ? room.reason : room.whyNot(row);
  if (reason !== null) return { result: 'refused', reason };
  const next = await nextStep(w, workerId, row, now);
  if ('reason' in next) return { result: 'refused', reason: next.reason };
  const takers = () => [{ workerId, workerName: 'name' in room ? room.name : workerId, slots: 1 }];
  const [claim] = await claimTasks(
    w,
    { runId: row.run_id, needs: [row.needs], limit: 1, takers, leaseMs, taskId },
    now,
  );
  if (!claim) return { result: 'refused', reason: `Task ${taskId} is not waiting any more` };
  if (next.choice) await recordStep(w, claim, next.choice);
  const run = { id: row.run_id, name: row.name, source: row.source, config: row.config };
  return { result: 'claimed', grant: toGrant(run, claim, leaseMs) };
}

/** Whether an escalated task may go to this worker now, or better ones are online. `choice` is null for ordinary tasks. */
async function nextStep(
  w: WriteHandle,
  workerId: string,
  row: Waiting,
  now: number,
): Promise<{ choice: Choice | null } | { reason: string }> {
  const task = row.escalated === 0 ? null : await escalatedTask(w, row.id);
  if (!task) return { choice: null };
  const requirements = JSON.parse(row.requirements) as Requirements;
  const online = await w.all<{ id: string }>(
    `SELECT id FROM workers WHERE online = 1 AND revoked_at IS NULL AND intent = 'active' AND breaker <> 'open'`,
  );
  const able: Place[] = [];
  for (const { id } of online) {
    const profile = await readProfile(w, id);
    if (!profile || whyNotMatching(requirements, profile) !== null) continue;
    if (hasBrowsers(row.needs, profile.capabilities.browsers)) able.push(placeOf(profile));
  }
  const choice = chooseNext(task.failures, able, now);
  if (!choice.workerIds.has(workerId)) return { reason: `Task ${row.id} goes to another worker: ${choice.why}` };
  if (task.suspect && (await holdersOfSuspects(w)).has(workerId))
    return { reason: `Task ${row.id} runs apart from another that this worker holds, which crashed too` };
  return { choice };
}

type Room = { reason: string } | { name: string; whyNot: (task: Waiting) => string | null };

async function roomOf(w: WriteHandle, workerId: string): Promise<Room> {
  const profile = await readProfile(w, workerId);
  if (!profile) return { reason: 'This worker is not known any more' };
  if (profile.intent !== 'active') return { reason: `This worker takes no work: it is set to ${profile.intent}` };
  if (profile.heldBack) {
    const until = new Date(profile.heldBack.until).toISOString();
    return { reason: `This worker gets no work until ${until}: ${profile.heldBack.reason}` };
  }
  const held = await w.get<{ n: number }>(
    `SELECT count(*) AS n FROM tasks WHERE worker_id = ? AND state IN ('assigned', 'running')`,
    [workerId],
  );
  if ((held?.n ?? 0) >= profile.slots)
    return { reason: `This worker holds ${held?.n} tasks, as many as it may (max_parallel_tasks)` };
  const restraint = (await restrained(w)).get(workerId);
  if (restraint && slotsAllowed(restraint.state, profile.slots, restraint.held) === 0)
    return { reason: 'This worker is tried with one task at a time after its failures' };
  return {
    name: profile.name,
    whyNot: (task) => {
      const mismatch = whyNotMatching(JSON.parse(task.requirements) as Requirements, profile);
      if (mismatch !== null) return `This worker ${mismatch}`;
      return hasBrowsers(task.needs, profile.capabilities.browsers) ? null : `This worker lacks one of ${task.needs}`;
    },
  };
}
