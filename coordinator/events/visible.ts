/** Whose events are whose: those of a run are its team's, those of a worker are its team's or, where it is shared, everybody's. Others are for who sees all. */
import { teamParams, type Teams } from '../http/scope.ts';
import type { ReadHandle } from '../storage/database.ts';
import { sql, type SqlBool } from 'kysely';

/** The condition for a query over `events`. */
export function seenBy(teams: Teams) {
  const [all, only] = teamParams(teams);
  return sql<SqlBool>`(${all} IS NULL OR CASE WHEN run_id IS NOT NULL
      THEN run_id IN (SELECT r.id FROM runs r JOIN projects p ON p.id = r.project_id WHERE p.team_id IN (SELECT value FROM json_each(${only})))
      ELSE worker_id IN (SELECT w.id FROM workers w WHERE w.team_id IS NULL OR w.team_id IN (SELECT value FROM json_each(${only}))) END)`;
}

interface Concerned {
  run_id: string | null;
  worker_id: string | null;
}

/** Whether an event, of those that it was made for, is seen by who sees these teams. */
export type IsSeen = (event: Concerned, teams: Teams) => boolean;

/** For who sees all; others are shown nothing by it. */
export const seenByAll: IsSeen = (_event, teams) => teams === null;

const MAX_RUNS = 10_000;

/** The same for events on their way to listeners, of which many are looked at in one turn. */
export class EventTeams {
  /** A run stays with its team. */
  readonly #runs = new Map<string, string>();

  /** Looks up whose the runs and workers of these events are. */
  async learn(r: ReadHandle, events: readonly Concerned[]): Promise<IsSeen> {
    if (this.#runs.size > MAX_RUNS) this.#runs.clear();
    const runs = new Map<string, string>();
    const unknown = new Set<string>();
    const workers = new Set<string>();
    for (const { run_id: run, worker_id: worker } of events) {
      const team = run === null ? undefined : this.#runs.get(run);
      if (run === null) workers.add(worker ?? '');
      else if (team === undefined) unknown.add(run);
      else runs.set(run, team);
    }
    const found = await r.all<{ id: string; team_id: string }>(
      'SELECT r.id, p.team_id FROM runs r JOIN projects p ON p.id = r.project_id WHERE r.id IN (SELECT value FROM json_each(?))',
      [JSON.stringify([...unknown])],
    );
    for (const { id, team_id: team } of found) {
      runs.set(id, team);
      this.#runs.set(id, team);
    }
    // A worker may be given to another team, so that is asked for anew.
    const ofWorkers = await r.all<{ id: string; team_id: string | null }>(
      'SELECT id, team_id FROM workers WHERE id IN (SELECT value FROM json_each(?))',
      [JSON.stringify([...workers])],
    );
    const byWorker = new Map(ofWorkers.map((row) => [row.id, row.team_id]));
    return ({ run_id: run, worker_id: worker }, teams) => {
      if (teams === null) return true;
      const team = run !== null ? runs.get(run) : worker !== null ? byWorker.get(worker) : undefined;
      return team === null || (team !== undefined && teams.includes(team));
    };
  }
}
