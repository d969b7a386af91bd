/** Reads projects, in the shape of the REST API. */
import { isoTimeOrNull } from '../../shared/protocol/rest/common.ts';
import type { Project } from '../../shared/protocol/rest/projects.ts';
import { notFound, Refusal } from '../http/refusal.ts';
import { requireActs, teamParams, type Scope, type Teams } from '../http/scope.ts';
import { findTeam } from '../identity/find-team.ts';
import type { ReadHandle } from '../storage/database.ts';

/** Of these teams, by name and id, behind the key `after` of another. */
export async function listProjects(
  r: ReadHandle,
  teams: Teams,
  page: { limit: number; after: string | null },
): Promise<{ key: string; project: Project }[]> {
  const rows = await r.all<{
    key: string;
    id: string;
    name: string;
    team_id: string;
    team: string;
    runs: number;
    last_run_at: number | null;
  }>(
    `SELECT p.name || char(10) || p.id AS key, p.id, p.name, t.id AS team_id, t.name AS team, coalesce(s.runs, 0) AS runs, s.last_run_at
     FROM projects p JOIN teams t ON t.id = p.team_id
     LEFT JOIN (SELECT project_id, count(*) AS runs, max(created_at) AS last_run_at FROM runs GROUP BY project_id) s ON s.project_id = p.id
     WHERE p.name || char(10) || p.id > ? AND (? IS NULL OR p.team_id IN (SELECT value FROM json_each(?)))
     ORDER BY p.name || char(10) || p.id LIMIT ?`,
    // No name is empty, so all of them lie behind ''.
    [page.after ?? '', ...teamParams(teams), page.limit],
  );
  return rows.map(({ key, id, name, team_id, team, runs, last_run_at }) => ({
    key,
    project: { id, name, team: { id: team_id, name: team }, runs, last_run_at: isoTimeOrNull(last_run_at) },
  }));
}

/** The team that a new run goes to: the one that is named, or the only one that may be meant; null where none is seen. */
export async function teamForRun(
  r: ReadHandle,
  reads: Teams,
  wanted: string | null,
): Promise<{ id: string; name: string } | null> {
  return findTeam(r, reads, wanted ?? (reads?.length === 1 ? (reads[0] ?? '') : 'default'));
}

/**
 * A project by its name or id, in the team that is named or in the only one of those seen that has it. null where none is seen. Throws a 409 where
 * several have one of that name, and a 403 where the caller's role in its team is not enough.
 */
export async function findProject(
  r: ReadHandle,
  scope: Scope,
  { name, team = null }: { name: string; team?: string | null | undefined },
): Promise<{ id: string; name: string; teamId: string } | null> {
  const wanted = team === null ? null : ((await findTeam(r, scope.reads, team))?.id ?? '');
  const rows = await r.all<{ id: string; name: string; team_id: string }>(
    `SELECT id, name, team_id FROM projects WHERE (name = ? OR id = ?) AND (? IS NULL OR team_id = ?)
       AND (? IS NULL OR team_id IN (SELECT value FROM json_each(?)))`,
    [name, name, wanted, wanted, ...teamParams(scope.reads)],
  );
  const [row, other] = rows;
  if (other)
    throw new Refusal(
      409,
      'several_projects',
      `Several teams have a project ${name}: say which with ?team=… (--team on the command line)`,
    );
  if (!row) return null;
  requireActs(scope, row.team_id);
  return { id: row.id, name: row.name, teamId: row.team_id };
}

/** The same, for what is only done with projects that are there: throws a 404 for one that is not seen. */
export async function requireProject(
  r: ReadHandle,
  scope: Scope,
  name: string,
  { team }: { team?: string | undefined },
): Promise<{ id: string; name: string; teamId: string }> {
  const found = await findProject(r, scope, { name, team });
  if (!found) throw notFound(`project ${name}`);
  return found;
}
