/** When a run will be over, as far as can be told. Pure. */
import type { Run } from '../../../shared/protocol/rest/runs.ts';

export interface TimeLeft {
  /** Milliseconds; 0 = any moment. */
  ms: number;
  /** schedule: the coordinator reckons with expected durations. pace: it goes on as fast as until now. */
  by: 'schedule' | 'pace';
}

/** Fewer settled tests say nothing of the pace. */
const LEAST_PART = 0.03;
const LEAST_TESTS = 3;

/** null: not running, or too early to say. `now`: milliseconds since the epoch. */
export function timeLeft(run: Pick<Run, 'status' | 'deadline' | 'started_at' | 'tests'>, now: number): TimeLeft | null {
  if (run.status !== 'running') return null;
  const end = run.deadline?.predicted_end ?? null;
  if (end !== null) return { ms: Math.max(0, Date.parse(end) - now), by: 'schedule' };
  const { settled, total } = run.tests;
  if (run.started_at === null || settled < LEAST_TESTS || settled < LEAST_PART * total) return null;
  const elapsed = now - Date.parse(run.started_at);
  return { ms: Math.max(0, (elapsed / settled) * (total - settled)), by: 'pace' };
}
