/** Work for a worker that asks for it itself, by REST: what it could claim, and the claim of one task by its id. */
import type { z } from 'zod';
import type { nextTask } from '../../shared/protocol/rest/tasks.ts';
import type { Grant, RunConfig } from '../../shared/protocol/work.ts';
import type { PoliciesInForce } from '../policies/policies.ts';
import type { ProjectSecrets } from '../projects/secrets.ts';
import { hideValues } from '../runs/rules/hide-values.ts';
import { hasBrowsers } from '../runs/rules/needs.ts';
import type { WriteHandle } from '../storage/database.ts';
import { levelsOf, placementOf, readActiveRuns, type ActiveRun, type Demand } from './active-runs.ts';
import { restrained } from './breakers.ts';
import { claimTasks } from './claim-tasks.ts';
import { readProfile } from './connect-worker.ts';
import { escalatedTask, holdersOfSuspects, placeOf, recordStep } from './escalated-tasks.ts';
import type { KeepingFree } from './keeping-free.ts';
import { Ledger } from './ledger.ts';
import { slotsAllowed } from './rules/breaker.ts';
import { nameOf } from './rules/caps.ts';
import { chooseNext, type Choice, type Place } from './rules/escalation.ts';
import { nextInShare } from './rules/fair-share.ts';
import { whyNotMatching } from './rules/matching.ts';
import { askInWords } from './rules/requests.ts';
import { toGrant } from './to-grant.ts';

/** What decides besides the database. */
interface Context {
  policies: PoliciesInForce;
  secrets: ProjectSecrets;
  keepingFree: KeepingFree;
}

interface Waiting extends Demand {
  id: string;
  kind: Grant['work']['kind'];
  shard_index: number | null;
  shard_total: number | null;
  run_id: string;
  escalated: number;
}

const waitingTasks = `
  SELECT id, kind, needs, cpus, memory_bytes AS memoryBytes, shard_index, shard_total, escalated, run_id FROM tasks
  WHERE state = 'pending' AND waits = 0`;

/** Work of other teams does not exist for a worker. Its id is the parameter. */
const ofItsTeam = `EXISTS (SELECT 1 FROM runs r JOIN projects p ON p.id = r.project_id, workers k
  WHERE r.id = tasks.run_id AND k.id = ? AND (k.team_id IS NULL OR k.team_id = p.team_id))`;

/** null where nothing waits that it could do, or it does all that it may already. */
export async function nextForWorker(
  w: WriteHandle,
  workerId: string,
  context: Context,
  now: number,
): Promise<z.infer<typeof nextTask> | null> {
  const { policies } = context;
  const room = await roomOf(w, workerId, context);
  if ('reason' in room) return null;
  for (const run of inOrder(room.runs, room.ledger, policies)) {
    const rows = await w.all<Waiting>(`${waitingTasks} AND run_id = ? ORDER BY priority DESC, seq LIMIT 100`, [run.id]);
    for (const row of rows) {
      if (room.whyNot(run, row) !== null || 'reason' in (await nextStep(w, workerId, run, row, policies, now)))
        continue;
      return {
        task_id: row.id,
        test_run_id: row.run_id,
        kind: row.kind,
        shard_index: row.shard_index ?? 1,
        shard_total: row.shard_total ?? 1,
        config: hideValues(JSON.parse(run.config) as RunConfig) as Record<string, z.core.util.JSONType>,
      };
    }
  }
  return null;
}

/** The runs as the next slot is offered to them: by priority, those of equal priority by their shares. */
function inOrder(runs: readonly ActiveRun[], ledger: Ledger, { weights }: PoliciesInForce): ActiveRun[] {
  return levelsOf(runs).flatMap((level) => {
    const ordered: ActiveRun[] = [];
    while (ordered.length < level.length) {
      const contenders = level.map((run) => ({
        ...run,
        held: ledger.slotsOf(run.id),
        demand: ordered.includes(run) ? 0 : 1,
      }));
      const next = nextInShare(contenders, weights);
      ordered.push(...level.filter((run) => run.id === next));
    }
    return ordered;
  });
}

export type ClaimAnswer =
  { result: 'claimed'; grant: Grant } | { result: 'unknown' } | { result: 'refused'; reason: string };

export async function claimForWorker(
  w: WriteHandle,
  workerId: string,
  taskId: string,
  context: Context & { leaseMs: number },
  now: number,
): Promise<ClaimAnswer> {
  const { policies, leaseMs } = context;
  const room = await roomOf(w, workerId, context);
  const row = await w.get<Waiting>(`${waitingTasks} AND id = ? AND ${ofItsTeam}`, [taskId, workerId]);
  const run = 'reason' in room ? undefined : room.runs.find(({ id }) => id === row?.run_id);
  if (!row) {
    const exists = await w.get<{ state: string; waits: number }>(
      `SELECT state, waits FROM tasks WHERE id = ? AND ${ofItsTeam}`,
      [taskId, workerId],
    );
    if (!exists) return { result: 'unknown' };
    const is =
      exists.waits === 1 && exists.state === 'pending' ? 'its group may not begin yet' : `it is ${exists.state}`;
    return { result: 'refused', reason: `Task ${taskId} is not waiting (${is})` };
  }
  if ('reason' in room) return { result: 'refused', reason: room.reason };
  if (!run) return { result: 'refused', reason: `Task ${taskId} is not waiting yet: its run has not begun` };
  const reason = room.whyNot(run, row);
  if (reason !== null) return { result: 'refused', reason };
  const next = await nextStep(w, workerId, run, row, policies, now);
  if ('reason' in next) return { result: 'refused', reason: next.reason };
  const takers = () => [{ workerId, workerName: room.name, slots: 1 }];
  const [claim] = await claimTasks(w, { runId: run.id, demand: row, limit: 1, takers, leaseMs, taskId }, now);
  if (!claim) return { result: 'refused', reason: `Task ${taskId} is not waiting any more` };
  if (next.choice) await recordStep(w, claim, next.choice);
  return { result: 'claimed', grant: toGrant(run, claim, context) };
}

/** Whether an escalated task may go to this worker now, or better ones are online. `choice` is null for ordinary tasks. */
async function nextStep(
  w: WriteHandle,
  workerId: string,
  run: ActiveRun,
  row: Waiting,
  { rules }: PoliciesInForce,
  now: number,
): Promise<{ choice: Choice | null } | { reason: string }> {
  const task = row.escalated === 0 ? null : await escalatedTask(w, row.id);
  if (!task) return { choice: null };
  const { requirements } = placementOf(run, row.needs, rules);
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

type Room =
  | { reason: string }
  | {
      name: string;
      runs: readonly ActiveRun[];
      ledger: Ledger;
      whyNot: (run: ActiveRun, task: Waiting) => string | null;
    };

async function roomOf(w: WriteHandle, workerId: string, { policies, secrets, keepingFree }: Context): Promise<Room> {
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
  const ledger = await Ledger.read(w);
  const runs = await readActiveRuns(w, policies, secrets);
  return {
    name: profile.name,
    runs,
    ledger,
    whyNot: (run, task) => {
      const mismatch = whyNotMatching(placementOf(run, task.needs, policies.rules).requirements, profile);
      if (mismatch !== null) return `This worker ${mismatch}`;
      if (!hasBrowsers(task.needs, profile.capabilities.browsers)) return `This worker lacks one of ${task.needs}`;
      if (ledger.fitting(workerId, profile.capabilities, task) < 1)
        return `This worker has not enough left for a task that asks for ${askInWords(task)}`;
      if (!keepingFree.mayUse(workerId, run, task))
        return 'This worker is kept free for a task that asks for more than it has left';
      const { room, cap } = ledger.roomFor(run, policies.caps, runs);
      return room < 1 && cap ? `A cap is reached: ${nameOf(cap)}` : null;
    },
  };
}
