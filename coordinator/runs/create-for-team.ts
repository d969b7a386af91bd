/** Creates the run that somebody asks for, in the team and project that they name or that alone can be meant. */
import type { RunCreate } from '../../shared/protocol/rest/runs.ts';
import { badField, type Refusal } from '../http/refusal.ts';
import { requireActs, type Scope, type Teams } from '../http/scope.ts';
import { getOrCreateProject } from '../projects/get-or-create-project.ts';
import { teamForRun } from '../projects/queries.ts';
import type { WriteHandle } from '../storage/database.ts';
import { createRun, type CreateRunInput } from './create-run.ts';

/** Throws a Refusal, with nothing stored, where that cannot be. */
export async function createForTeam(
  w: WriteHandle,
  input: Pick<CreateRunInput, 'create' | 'createdBy' | 'defaults'> & { scope: Scope },
  now: number,
): Promise<{ id: string; number: number }> {
  const { create, createdBy, defaults, scope } = input;
  checkKind(create);
  const team = await teamForRun(w, scope.reads, create.team ?? null);
  if (!team) throw noTeam(create.team, scope.reads);
  requireActs(scope, team.id);
  const projectId = await getOrCreateProject(w, { name: create.project, teamId: team.id }, now);
  return createRun(w, { create, projectId, createdBy, sees: scope.reads, defaults }, now);
}

function checkKind({ kind, total_shards, order }: RunCreate): void {
  if (kind === 'queue' && total_shards !== undefined) {
    throw badField('total_shards', 'belongs to static runs: leave it out, or set kind to shards');
  }
  if (kind === 'shards' && total_shards === undefined) {
    throw badField('total_shards', 'is needed when kind is shards');
  }
  if (total_shards !== undefined && order !== 'longest_first') {
    throw badField('order', "is for queue runs: a shard's order is Playwright's own");
  }
}

/** `wanted`: as the request names it. */
export const noTeam = (wanted: string | undefined, reads: Teams): Refusal => {
  if (wanted !== undefined) return badField('team', `${wanted} does not exist, or you are not in it`);
  return badField(
    'team',
    reads?.length === 0 ? 'cannot be chosen: you are in none' : 'must be named: you are in several',
  );
};
