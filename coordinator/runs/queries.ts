/** Reads of runs, in the shapes of the REST API. */
import { sql, type SqlBool } from 'kysely';
import { parseRunLabel } from '../../shared/model/run-label.ts';
import type { QuarantinedTest, Run, RunProgress, RunState } from '../../shared/protocol/rest/runs.ts';
import type { Requests, Requirements, RunConfig, RunSource, TaskGroup } from '../../shared/protocol/work.ts';
import { requireActs, teamParams, type Scope, type Teams } from '../http/scope.ts';
import type { ReadHandle } from '../storage/database.ts';
import type { Tables } from '../storage/tables.ts';
import { whyGroupWaits } from './rules/groups.ts';
import { hideValues } from './rules/hide-values.ts';
import { iso, percent, runTotals, successRate } from './rules/run-figures.ts';
import type { Selectable } from 'kysely';

type RunRow = Selectable<Tables['runs']> & { project: string; quarantined: string; depends_on: string; groups: string };

export interface RunFilter {
  status?: RunState | undefined;
  outcome?: 'passed' | 'failed' | undefined;
  project?: string | undefined;
  tag?: string | undefined;
  search?: string | undefined;
}

const selectRuns = (r: ReadHandle) =>
  r.query
    .selectFrom('runs')
    .innerJoin('projects', 'projects.id', 'runs.project_id')
    .selectAll('runs')
    .select('projects.name as project')
    .select([quarantined.as('quarantined'), dependsOn.as('depends_on'), groups.as('groups')]);

const dependsOn = sql<string>`(SELECT json_group_array(json_object('run_id', b.id, 'number', b.number, 'name', b.name, 'status', b.state,
    'outcome', b.outcome, 'on', d.on_ending, 'otherwise', d.otherwise, 'met_at', d.met_at) ORDER BY b.number)
  FROM run_dependencies d JOIN runs b ON b.id = d.before_id WHERE d.run_id = runs.id)`;

const groups = sql<string>`(SELECT json_group_array(json_object('spec', json(g.spec), 'state', g.state, 'reason', g.reason, 'tests', g.tests)
    ORDER BY g.no) FROM task_groups g WHERE g.run_id = runs.id)`;

/** The database would read all tests of a run without being told of the index. */
const quarantined = sql<string>`(SELECT json_group_array(json_object('test_id', t.test_id, 'title', t.plan ->> '$.titlePath',
    'project', t.project, 'file', t.file, 'at', t.quarantined_at, 'incidents', (
      SELECT json_group_array(json_object('task_id', i.task_id, 'worker', coalesce(k.hostname, i.worker_id), 'at', i.at, 'how', i.how,
        'reason', i.reason) ORDER BY i.fence)
      FROM test_incidents i LEFT JOIN workers k ON k.id = i.worker_id WHERE i.run_id = t.run_id AND i.test_id = t.test_id)))
  FROM tests t INDEXED BY tests_quarantined WHERE t.run_id = runs.id AND t.quarantined_at IS NOT NULL)`;

/** By id, or by number as people see it. `showsValues`: of its environment variables. */
export async function getRun(
  r: ReadHandle,
  scope: Scope,
  idOrNumber: string,
  showsValues: boolean,
): Promise<Run | null> {
  const id = await findRunId(r, scope, idOrNumber);
  if (id === null) return null;
  const row = await selectRuns(r).where('runs.id', '=', id).executeTakeFirst();
  return row ? toRun(row, showsValues) : null;
}

/**
 * People name runs by their number, programs by their id. null for one that the caller does not see; throws a 403 for one that they see, but
 * may not do this to. Whatever belongs to a run is found through here.
 */
export async function findRunId(r: ReadHandle, scope: Scope, idOrNumber: string): Promise<string | null> {
  const number = parseRunLabel(idOrNumber);
  const row = await r.get<{ id: string; team_id: string }>(number === null ? RUN_BY_ID : RUN_BY_NUMBER, [
    number ?? idOrNumber,
    ...teamParams(scope.reads),
  ]);
  if (!row) return null;
  requireActs(scope, row.team_id);
  return row.id;
}

const RUN = `SELECT r.id, p.team_id FROM runs r JOIN projects p ON p.id = r.project_id`;
const SEEN = '(? IS NULL OR p.team_id IN (SELECT value FROM json_each(?)))';
const RUN_BY_ID = `${RUN} WHERE r.id = ? AND ${SEEN}`;
const RUN_BY_NUMBER = `${RUN} WHERE r.number = ? AND ${SEEN}`;

/** Where a page ends: runs of several origins are ordered by when they were created, those of one moment by their numbers. */
export interface RunPlace {
  createdAt: number;
  number: number;
}

/** Newest first; `before` is the last run of the page before. */
export async function listRuns(
  r: ReadHandle,
  teams: Teams,
  filter: RunFilter,
  page: { limit: number; before: RunPlace | null },
  showsValues: boolean,
): Promise<Run[]> {
  let query = selectRuns(r).orderBy('runs.created_at', 'desc').orderBy('runs.number', 'desc').limit(page.limit);
  if (teams !== null) query = query.where('projects.team_id', 'in', teams.length === 0 ? [''] : teams);
  if (page.before !== null) {
    const { createdAt, number } = page.before;
    query = query.where(sql<SqlBool>`(runs.created_at, runs.number) < (${createdAt}, ${number})`);
  }
  if (filter.status) query = query.where('runs.state', '=', filter.status);
  if (filter.outcome) query = query.where('runs.outcome', '=', filter.outcome);
  if (filter.project) query = query.where('projects.name', '=', filter.project);
  if (filter.search) query = query.where('runs.name', 'like', `%${filter.search.replace(/[%_]/g, '')}%`);
  if (filter.tag) query = query.where('runs.tags', 'like', `%${JSON.stringify(filter.tag).replace(/[%_]/g, '')}%`);
  return (await query.execute()).map((row) => toRun(row, showsValues));
}

export async function getProgress(r: ReadHandle, id: string, now: number): Promise<RunProgress | null> {
  const row = await selectRuns(r).where('runs.id', '=', id).executeTakeFirst();
  if (!row) return null;
  const states = await r.all<{ state: keyof RunProgress['tasks']; n: number }>(
    'SELECT state, count(*) AS n FROM tasks WHERE run_id = ? GROUP BY state',
    [id],
  );
  const tasks = {
    total: row.tasks_total,
    pending: 0,
    assigned: 0,
    running: 0,
    completed: 0,
    failed: 0,
    timeout: 0,
    cancelled: 0,
  };
  for (const { state, n } of states) tasks[state] = n;
  return {
    test_run_id: id,
    status: row.state,
    reason: row.reason ?? row.waiting,
    outcome: row.outcome,
    progress: percent(row.tasks_finished, row.tasks_total),
    tasks,
    tests: runTotals(row),
    tests_progress: percent(row.tests_settled, row.tests_total),
    success_rate: successRate(row),
    elapsed_ms: row.started_at === null ? null : (row.completed_at ?? now) - row.started_at,
  };
}

function toRun(row: RunRow, showsValues: boolean): Run {
  const config = JSON.parse(row.config) as RunConfig;
  const self = `/api/v1/test-runs/${row.id}`;
  return {
    id: row.id,
    number: row.number,
    name: row.name,
    description: row.description,
    project: row.project,
    kind: row.kind,
    status: row.state,
    reason: row.reason ?? row.waiting,
    outcome: row.outcome,
    config: showsValues ? config : hideValues(config),
    source: row.source === null ? null : (JSON.parse(row.source) as RunSource),
    requirements: JSON.parse(row.requirements) as Requirements,
    requests: JSON.parse(row.requests) as Requests,
    environment: row.environment,
    order: row.test_order,
    deadline: row.deadline === null ? null : toDeadline({ ...row, deadline: row.deadline }),
    total_shards: row.total_shards,
    total_tests: row.tests_total,
    tasks: { total: row.tasks_total, finished: row.tasks_finished },
    tests: runTotals(row),
    quarantined: toQuarantined(row.quarantined),
    depends_on: toDependencies(row.depends_on),
    groups: toGroups(row.groups),
    progress: percent(row.tasks_finished, row.tasks_total),
    success_rate: successRate(row),
    priority: row.priority,
    max_retries: row.max_retries,
    task_timeout_seconds: row.task_timeout_ms / 1000,
    tags: JSON.parse(row.tags) as string[],
    metadata: JSON.parse(row.metadata) as Run['metadata'],
    created_by: row.created_by,
    rerun_of: row.rerun_of,
    playwright_version: row.playwright_version,
    tests_dir: row.tests_dir,
    report: { state: row.report_state, message: row.report === null ? null : reportMessage(row.report) },
    scheduled_for: iso(row.scheduled_for),
    schedule_cron: row.schedule_cron,
    created_at: new Date(row.created_at).toISOString(),
    started_at: iso(row.started_at),
    completed_at: iso(row.completed_at),
    duration_ms: row.completed_at === null || row.started_at === null ? null : row.completed_at - row.started_at,
    links: {
      self,
      progress: `${self}/progress`,
      results: `/api/v1/results/${row.id}`,
      download: `/api/v1/results/${row.id}/download`,
      report: `${self}/report`,
    },
  };
}

function toDependencies(text: string): Run['depends_on'] {
  const rows = JSON.parse(text) as (Omit<Run['depends_on'][number], 'met'> & { met_at: number | null })[];
  return rows.map(({ met_at, ...edge }) => ({ ...edge, met: met_at !== null }));
}

function toGroups(text: string): Run['groups'] {
  const rows = JSON.parse(text) as (Omit<Run['groups'][number], keyof TaskGroup> & { spec: TaskGroup })[];
  return rows.map(({ spec, reason, ...standing }) => ({
    ...spec,
    ...standing,
    reason: reason ?? whyGroupWaits(spec, standing.state),
  }));
}

/** Of a run that has ended, only its end counts. */
function toDeadline(row: RunRow & { deadline: number }): Run['deadline'] {
  const ended = row.completed_at;
  return {
    at: new Date(row.deadline).toISOString(),
    state: ended === null ? (row.deadline_state ?? 'on_time') : ended <= row.deadline ? 'on_time' : 'late',
    predicted_end: ended === null ? iso(row.predicted_end) : null,
    boost: ended === null ? row.boost : 0,
  };
}

function toQuarantined(text: string): Run['quarantined'] {
  const rows = JSON.parse(text) as (Omit<QuarantinedTest, 'at' | 'incidents'> & {
    at: number;
    incidents: (Omit<QuarantinedTest['incidents'][number], 'at'> & { at: number })[];
  })[];
  return rows.map(({ title, at, incidents, ...test }) => ({
    ...test,
    title: (JSON.parse(title) as string[]).join(' › '),
    at: new Date(at).toISOString(),
    incidents: incidents.map((incident) => ({ ...incident, at: new Date(incident.at).toISOString() })),
  }));
}

const reportMessage = (report: string) => (JSON.parse(report) as { message?: string | null }).message ?? null;
