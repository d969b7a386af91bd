import type { Run } from '../../shared/protocol/rest/runs.ts';

/** A tenth of the tests, and at least five, must have told how fast they are. */
const TELLING = { part: 0.1, least: 5 };

/** At the pace so far, milliseconds; null while too little is known. */
export function remainingMs(run: Pick<Run, 'status' | 'started_at' | 'tests'>, now: number): number | null {
  const { settled, total } = run.tests;
  if (run.status !== 'running' || run.started_at === null) return null;
  if (settled < Math.max(TELLING.least, total * TELLING.part)) return null;
  return (Math.max(0, now - Date.parse(run.started_at)) / settled) * Math.max(0, total - settled);
}
