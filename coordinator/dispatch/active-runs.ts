/** The runs that have work to hand out, with what admins' rules make of them: looked at in the same way for every road to a grant. */
import type { Requirements } from '../../shared/protocol/work.ts';
import type { PoliciesInForce } from '../policies/policies.ts';
import type { ProjectSecrets } from '../projects/secrets.ts';
import type { ReadHandle } from '../storage/database.ts';
import { effectsOf, type RuleEffects } from './rules/admin-rules.ts';
import type { Wanted } from './rules/matching.ts';
import type { Ask } from './rules/requests.ts';
import { secretPlaceOf } from './to-grant.ts';

export interface ActiveRun {
  id: string;
  number: number;
  name: string;
  state: string;
  projectId: string;
  project: string;
  /** Who created it. */
  user: string;
  /** With what rules and its deadline make of it. */
  priority: number;
  /** JSON, as the run has them. */
  source: string | null;
  config: string;
  requirements: Wanted;
  exclusive: boolean;
  reason: string | null;
  waiting: string | null;
  tags: readonly string[];
  environments: readonly string[];
  /** That it names. */
  environment: string | null;
  branch: string | null;
  /** That it names for all of its tests. */
  browsers: readonly string[];
}

/** Tasks of a run that any of the same workers can take. */
export interface Demand extends Ask {
  /** Browsers, as `tasks.needs` holds them. */
  needs: string;
}

interface Row {
  id: string;
  number: number;
  name: string;
  state: string;
  project_id: string;
  project: string;
  team_id: string;
  created_by: string;
  priority: number;
  boost: number;
  source: string | null;
  config: string;
  requirements: string;
  exclusive: number;
  reason: string | null;
  waiting: string | null;
  tags: string;
  environment: string | null;
  base_url: string | null;
  branch: string | null;
  browser: string | null;
}

/** Those that come first first: by priority, then by number. */
export async function readActiveRuns(
  r: ReadHandle,
  { rules }: Pick<PoliciesInForce, 'rules'>,
  secrets: ProjectSecrets,
): Promise<ActiveRun[]> {
  const rows = await r.all<Row>(
    `SELECT r.id, r.number, r.name, r.state, r.project_id, p.name AS project, p.team_id, r.created_by, r.priority, r.boost, r.source, r.config,
       r.requirements, r.exclusive, r.reason, r.waiting, r.tags, r.environment, r.config ->> '$.base_url' AS base_url,
       coalesce(r.metadata ->> '$.git.branch', r.metadata ->> '$.branch', r.source ->> '$.ref') AS branch, r.config ->> '$.browser' AS browser
     FROM runs r JOIN projects p ON p.id = r.project_id
     WHERE r.state IN ('scheduling', 'running') AND r.tasks_finished < r.tasks_total`,
  );
  return rows
    .map((row) => toActive(row, rules, secrets))
    .sort((a, b) => b.priority - a.priority || a.number - b.number);
}

function toActive(row: Row, rules: PoliciesInForce['rules'], secrets: ProjectSecrets): ActiveRun {
  const place = secretPlaceOf({ projectId: row.project_id, environment: row.environment });
  const requirements: Wanted = {
    ...(JSON.parse(row.requirements) as Requirements),
    team: row.team_id,
    project: row.project,
    hasSecrets: !secrets.isEmpty && !secrets.redactor(place).isEmpty,
  };
  const run = {
    ...row,
    projectId: row.project_id,
    user: row.created_by,
    requirements,
    exclusive: row.exclusive === 1,
    tags: JSON.parse(row.tags) as string[],
    environments: [row.environment, row.base_url].filter((one) => one !== null),
    browsers: [...(requirements.browsers ?? []), ...(row.browser === null ? [] : [row.browser])],
  };
  return { ...run, priority: (effectsOf(rules, run).priority ?? row.priority) + row.boost };
}

const NO_EFFECTS: RuleEffects = { prefer: [], require: [], avoid: [], strategy: null, priority: null };

/** What the rules say about tasks with these needs, and what their workers must have then. */
export function placementOf(
  run: ActiveRun,
  needs: string,
  rules: PoliciesInForce['rules'],
): { effects: RuleEffects; requirements: Wanted } {
  if (rules.length === 0) return { effects: NO_EFFECTS, requirements: run.requirements };
  const effects = effectsOf(rules, { ...run, browsers: [...run.browsers, ...needs.split(',')] });
  if (effects.require.length === 0) return { effects, requirements: run.requirements };
  const tags = [...new Set([...(run.requirements.tags ?? []), ...effects.require])];
  return { effects, requirements: { ...run.requirements, tags } };
}

/** Runs of equal priority, the highest first. */
export function levelsOf(runs: readonly ActiveRun[]): ActiveRun[][] {
  return [...Map.groupBy(runs, (run) => run.priority).values()];
}

/** What the pending tasks of a run ask for, the most demanding first, so that machines that have everything are not used up by what any can do. */
export async function demandsOf(r: ReadHandle, runId: string): Promise<Demand[]> {
  const rows = await r.all<{ needs: string; cpus: number; memory_bytes: number }>(
    'SELECT DISTINCT needs, cpus, memory_bytes FROM tasks WHERE run_id = ?',
    [runId],
  );
  return rows
    .map(({ needs, cpus, memory_bytes: memoryBytes }) => ({ needs, cpus, memoryBytes }))
    .sort(
      (a, b) =>
        b.cpus - a.cpus ||
        b.memoryBytes - a.memoryBytes ||
        b.needs.split(',').length - a.needs.split(',').length ||
        (a.needs < b.needs ? -1 : 1),
    );
}
