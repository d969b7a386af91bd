/** Turns a discovered suite into the tests, units and tasks of a queue run. */
import type { Discovery, PlannedTest, Unit } from '../../shared/protocol/playwright.ts';
import type { TestOrder } from '../../shared/protocol/rest/runs.ts';
import { runConfig, type Requests, type TaskGroup } from '../../shared/protocol/work.ts';
import type { WriteHandle } from '../storage/database.ts';
import { addTasks } from './add-tasks.ts';
import { addTests } from './add-tests.ts';
import { moveGroups, readGroups } from './groups.ts';
import { moveRun } from './move-run.ts';
import { askFor } from './rules/asks.ts';
import { cutTasks, type CuttableUnit } from './rules/cut-tasks.ts';
import { depths } from './rules/graph.ts';
import { graphOf, groupOf } from './rules/groups.ts';
import { startCost } from './start-cost.ts';
import { expectDurations } from './rules/expect-duration.ts';
import { likelihoods } from './rules/likely-failures.ts';
import { projectNeeds } from './rules/needs.ts';
import { takesAll } from './rules/whole.ts';

/**
 * The run must be in state scheduling; it becomes running, or failed where the suite cannot be run (load errors, no tests).
 * `slots`: how many Playwright processes could work now.
 */
export async function planRun(
  w: WriteHandle,
  runId: string,
  found: Discovery,
  slots: number,
  now: number,
): Promise<void> {
  const run = await w.get<{
    project_id: string;
    selection: string | null;
    max_retries: number;
    task_timeout_ms: number;
    requests: string;
    test_order: TestOrder;
    config: string;
  }>(
    'SELECT project_id, selection, max_retries, task_timeout_ms, requests, test_order, config FROM runs WHERE id = ?',
    [runId],
  );
  if (!run) throw new Error(`no run ${runId}`);
  const selection = run.selection === null ? null : (JSON.parse(run.selection) as string[]);
  const units = selectUnits(found.units, selection);
  const problem = whyNot(found, units, selection !== null);
  if (problem !== null) {
    await moveRun(w, runId, { type: 'fail' }, { reason: problem }, now);
    return;
  }
  const needs = projectNeeds(found.projects);
  const history = await readHistory(w, run.project_id);
  const expected = expectUnits(history, found, units);
  const likely = run.test_order === 'likely_failures_first' ? likelihoods(units, history.failureRates) : [];
  const unitOf = new Map(units.flatMap((unit, no) => unit.testIds.map((id) => [id, no] as const)));
  const supporting = new Set(found.supportingTestIds);
  const tests = found.tests.filter((test) => unitOf.has(test.id) || supporting.has(test.id));
  await addTests(
    w,
    runId,
    tests.map((test) => ({
      test,
      unitNo: unitOf.get(test.id) ?? null,
      taskId: null,
      supporting: supporting.has(test.id),
    })),
  );
  const groups = await readGroups(w, runId);
  const groupNos = groupUnits(groups, units, found.tests);
  const requests = JSON.parse(run.requests) as Requests;
  const tagsOf = new Map(found.tests.map((test) => [test.id, test.tags]));
  const cuttable = units.map((unit, no) => ({
    no,
    expectedMs: expected[no] ?? 0,
    likelihood: likely[no] ?? 0,
    needs: needs.get(unit.project) ?? '',
    group: groupNos[no] ?? null,
    ...askFor(requests, new Set(unit.testIds.flatMap((id) => tagsOf.get(id) ?? []))),
  }));
  const startMs = await startCost(w, run.project_id);
  const cut = inTurns(groups, cuttable).flatMap((turn) => cutTasks(turn, slots, startMs));
  const settings = { runId, maxRetries: run.max_retries, timeoutMs: run.task_timeout_ms };
  const taskIds = await addTasks(
    w,
    settings,
    cut.map(({ group, ...task }) => ({ kind: 'units' as const, ...task, groupNo: group, waits: group !== null })),
    now,
  );
  const taskOf = new Map(cut.flatMap((task, i) => task.unitNos.map((no) => [no, taskIds[i]] as const)));
  await addUnits(w, runId, units, { expected, likely, taskOf });
  await countGroups(w, runId, units, groupNos);
  await w.run('UPDATE runs SET playwright_version = ?, tests_dir = ?, exclusive = ?, whole = ? WHERE id = ?', [
    found.playwrightVersion,
    found.testsDir ?? null,
    found.webServer.present && found.webServer.fixedPorts ? 1 : 0,
    selection === null && takesAll(runConfig.parse(JSON.parse(run.config))) ? 1 : 0,
    runId,
  ]);
  await moveRun(w, runId, { type: 'planned' }, { reason: null }, now);
  await w.event({ type: 'run.planned', runId, data: { tests_total: tests.length, tasks_total: cut.length } });
  await moveGroups(w, runId, now);
}

/** The group of each unit. Supporting projects are no units: Playwright runs them in each process that needs them, whatever its group. */
function groupUnits(
  groups: readonly TaskGroup[],
  units: readonly Unit[],
  tests: readonly PlannedTest[],
): (number | null)[] {
  if (groups.length === 0) return [];
  const byId = new Map(tests.map((test) => [test.id, test]));
  return units.map((unit) =>
    groupOf(
      groups,
      unit,
      unit.testIds.flatMap((id) => byId.get(id) ?? []),
    ),
  );
}

/** What can be worked on at the same time is cut for all slots together, then what comes after it. */
function inTurns(groups: readonly TaskGroup[], units: readonly CuttableUnit[]): CuttableUnit[][] {
  const depth = depths(graphOf(groups));
  const turnOf = ({ group = null }: CuttableUnit) => (group === null ? 0 : (depth.get(groups[group]?.name ?? '') ?? 0));
  return [...Map.groupBy(units, turnOf)].sort(([a], [b]) => a - b).map(([, turn]) => turn);
}

async function countGroups(
  w: WriteHandle,
  runId: string,
  units: readonly Unit[],
  groupNos: readonly (number | null)[],
): Promise<void> {
  const tests = new Map<number, number>();
  for (const [i, unit] of units.entries()) {
    const no = groupNos[i] ?? null;
    if (no !== null) tests.set(no, (tests.get(no) ?? 0) + unit.testIds.length);
  }
  for (const [no, count] of tests)
    await w.run('UPDATE task_groups SET tests = ? WHERE run_id = ? AND no = ?', [count, runId, no]);
}

/** Units that hold one of `selection`; a serial group runs as a whole, of other units only the chosen tests. */
function selectUnits(units: readonly Unit[], selection: readonly string[] | null): Unit[] {
  if (selection === null) return [...units];
  const chosen = new Set(selection);
  return units
    .filter((unit) => unit.testIds.some((id) => chosen.has(id)))
    .map((unit) => (unit.kind === 'file' ? { ...unit, testIds: unit.testIds.filter((id) => chosen.has(id)) } : unit));
}

function whyNot(found: Discovery, units: readonly Unit[], selected: boolean): string | null {
  const [first, ...more] = found.errors;
  if (first) {
    const where = first.location ? ` (${first.location.file}:${first.location.line})` : '';
    return `The suite cannot be loaded: ${first.message}${where}${more.length > 0 ? ` and ${more.length} more errors` : ''}`;
  }
  if (units.length === 0 && selected && found.units.length > 0)
    return 'None of the tests to repeat is in these files any more: run all of the suite';
  if (units.length === 0) return 'No tests found: check the file filters, --grep and --project of this run';
  return null;
}

interface History {
  /** test id → mean milliseconds. */
  byTest: Map<string, number>;
  /** test id → how often it has failed lately, 0–1. */
  failureRates: Map<string, number>;
}

async function readHistory(w: WriteHandle, projectId: string): Promise<History> {
  const rows = await w.all<{ test_id: string; mean_ms: number; failure_rate: number }>(
    'SELECT test_id, mean_ms, failure_rate FROM test_history WHERE project_id = ?',
    [projectId],
  );
  return {
    byTest: new Map(rows.map((row) => [row.test_id, row.mean_ms])),
    failureRates: new Map(rows.map((row) => [row.test_id, row.failure_rate])),
  };
}

function expectUnits(history: History, found: Discovery, units: readonly Unit[]): number[] {
  const durations = expectDurations(found.tests, history);
  return units.map((unit) => unit.testIds.reduce((sum, id) => sum + (durations.get(id) ?? 0), 0));
}

async function addUnits(
  w: WriteHandle,
  runId: string,
  units: readonly Unit[],
  planned: {
    expected: readonly number[];
    likely: readonly number[];
    taskOf: ReadonlyMap<number, string | undefined>;
  },
): Promise<void> {
  const rows = units.map((unit, no) => [
    no,
    unit.kind,
    unit.project,
    unit.file,
    unit.title,
    planned.expected[no] ?? 0,
    planned.taskOf.get(no) ?? null,
    planned.likely[no] ?? 0,
  ]);
  await w.run(
    `INSERT INTO units (run_id, no, kind, project, file, title, expected_ms, task_id, likelihood)
     SELECT ?, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7 FROM json_each(?)`,
    [runId, JSON.stringify(rows)],
  );
}
