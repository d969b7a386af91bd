/** A run of another origin is in place: it counts from now on, once. */
import { runLabel } from '../../shared/model/run-label.ts';
import { learnDurations } from '../runs/learn-durations.ts';
import { rollUp } from '../runs/roll-up.ts';
import { learnStartCost } from '../runs/start-cost.ts';
import type { WriteHandle } from '../storage/database.ts';

export async function finishRun(
  w: WriteHandle,
  { runId, projectId, slot }: { runId: string; projectId: string; slot: number },
): Promise<void> {
  const run = await w.get<{
    number: number;
    name: string;
    state: string;
    outcome: string | null;
    completed_at: number;
  }>('SELECT number, name, state, outcome, completed_at FROM runs WHERE id = ?', [runId]);
  if (!run) throw new Error(`run ${runId} is not where it was put`);
  // As when it ended: a run that was cancelled teaches nothing.
  if (run.state !== 'cancelled') {
    await learnDurations(w, runId, projectId, run.completed_at);
    await learnStartCost(w, runId, projectId, run.completed_at);
    await rollUp(w, runId, projectId, run.completed_at);
  }
  const origin = await w.get<{ name: string }>('SELECT name FROM origins WHERE slot = ?', [slot]);
  const data = {
    label: runLabel(run.number),
    name: run.name,
    state: run.state,
    outcome: run.outcome,
    origin: origin?.name ?? '',
  };
  await w.event({ type: 'run.merged', runId, data });
}
