/** `playfleet runs`, `status`, `cancel` and `retry`: what is asked of runs from outside. */
import { randomUUID } from 'node:crypto';
import { runLabel } from '../../../shared/model/run-label.ts';
import { z } from 'zod';
import { isFinal } from '../../../shared/model/run-view.ts';
import { page } from '../../../shared/protocol/rest/common.ts';
import { run as runShape, runCreated, type Run } from '../../../shared/protocol/rest/runs.ts';
import { testSummary } from '../../../shared/protocol/rest/results.ts';
import type { Api } from '../api.ts';
import { printJson, printLine, styleOf, type Cli } from '../cli.ts';
import { openApi } from '../open-api.ts';
import { EXIT } from '../failure.ts';
import { deadlineLine, printRuns, stateText } from './print-runs.ts';
import { runPath } from '../run/attend.ts';
import { countsLine, wrapped } from '../run/frame.ts';
import { wholeNumber } from '../run/quantities.ts';
import { nameFromSummary, testName } from '../run/summary.ts';
import type { Style } from '../terminal/style.ts';
import { foreignLine } from '../terminal/foreign.ts';
import { counted, duration } from '../terminal/format.ts';

interface Json {
  json?: boolean;
}

/** A run as people name it: its number, also with #, or its id. */
export async function findRun(api: Api, name: string): Promise<Run> {
  return api.get(runPath(name.replace(/^#/, '')), runShape);
}

export interface ListOptions extends Json {
  limit?: string;
  project?: string;
  status?: string;
  tag?: string;
}

export async function listRuns(cli: Cli, options: ListOptions): Promise<number> {
  const api = await openApi(cli);
  const query = new URLSearchParams({ limit: String(wholeNumber('--limit', options.limit ?? '20', 1, 500)) });
  for (const name of ['project', 'status', 'tag'] as const) {
    const value = options[name];
    if (value !== undefined) query.set(name, value);
  }
  const { items } = await api.get(`/api/v1/test-runs?${query.toString()}`, page(runShape));
  if (options.json) printJson(cli, items);
  else if (items.length === 0)
    printLine(cli, 'No runs. Start one in the folder of a Playwright project: playfleet run');
  else printRuns(cli, items);
  return EXIT.ok;
}

/** Exit code 0 whatever the state: the question was answered. */
export async function showStatus(cli: Cli, name: string | undefined, options: Json): Promise<number> {
  const api = await openApi(cli);
  if (name === undefined) return (await import('./overview.ts')).showOverview(cli, api, options);
  const run = await findRun(api, name);
  const failures =
    run.tests.failed === 0
      ? []
      : (await api.get(`${runPath(run.id)}/tests?outcome=unexpected&limit=20`, page(testSummary))).items;
  if (options.json) {
    printJson(cli, { ...run, failures });
    return EXIT.ok;
  }
  const style = styleOf(cli);
  const columns = cli.stdout.columns ?? 100;
  const time = run.duration_ms === null ? '' : ` in ${duration(run.duration_ms)}`;
  printLine(
    cli,
    `${style.paint('bold', `Run #${runLabel(run.number)} ${foreignLine(run.name)}`)}  ${stateText(run, style)}${style.paint('dim', time)}`,
  );
  if (run.reason !== null)
    for (const line of wrapped(foreignLine(run.reason), columns)) printLine(cli, style.paint('yellow', line));
  if (run.deadline !== null) printLine(cli, deadlineLine(run.deadline, style));
  const { passed, failed, flaky, skipped } = { ...run.tests, passed: run.tests.expected };
  printLine(
    cli,
    `${run.tests.settled} of ${counted(run.tests.total, 'test')}  ${countsLine({ passed, failed, flaky, skipped }, style)}`,
  );
  for (const group of run.groups) printLine(cli, groupLine(group, style));
  for (const test of failures)
    printLine(cli, `  ${style.paint('red', style.signs.failed)} ${testName(nameFromSummary(test), style)}`);
  if (failures.length < run.tests.failed)
    printLine(cli, `  ${style.signs.ellipsis} and ${run.tests.failed - failures.length} more`);
  if (isFinal(run.status)) printLine(cli, `${style.paint('dim', 'Report')} ${await reportText(api, run)}`);
  return EXIT.ok;
}

function groupLine({ name, state, reason, tests }: Run['groups'][number], { paint, signs }: Style): string {
  const sign = {
    waiting: paint('dim', signs.skipped),
    running: paint('blue', signs.running),
    passed: paint('green', signs.passed),
    failed: paint('red', signs.failed),
    skipped: paint('grey', signs.skipped),
  }[state];
  const why = reason === null ? '' : paint('dim', ` ${foreignLine(reason)}`);
  return `  ${sign} ${foreignLine(name)} ${state === 'skipped' ? 'not run' : state}, ${counted(tests, 'test')}${why}`;
}

async function reportText(api: Api, { report, links }: Run): Promise<string> {
  if (report.state === 'ready') return api.whereTo(links.report);
  return report.state === 'failed' ? foreignLine(report.message ?? 'could not be made') : 'is being made';
}

const cancelAnswer = z.object({ still_stopping: z.int().default(0) });

export async function cancelRun(cli: Cli, name: string, options: Json & { reason?: string }): Promise<number> {
  const api = await openApi(cli);
  const run = await findRun(api, name);
  const body = options.reason === undefined ? {} : { reason: options.reason };
  const { still_stopping } = await api.send('POST', `${runPath(run.id)}/cancel`, body, cancelAnswer, {
    key: randomUUID(),
  });
  if (options.json) printJson(cli, { run_id: run.id, number: run.number, status: 'cancelled', still_stopping });
  else {
    const rest =
      still_stopping === 0
        ? ''
        : ` ${counted(still_stopping, 'process', 'processes')} of it have not confirmed their end yet.`;
    printLine(cli, `Run #${runLabel(run.number)} is cancelled: nothing of it starts any more.${rest}`);
  }
  return EXIT.ok;
}

export async function retryRun(cli: Cli, name: string, options: Json & { failed?: boolean }): Promise<number> {
  const api = await openApi(cli);
  const run = await findRun(api, name);
  const body = { only: options.failed === true ? 'failed' : 'all' };
  const created = await api.send('POST', `${runPath(run.id)}/retry`, body, runCreated, { key: randomUUID() });
  if (options.json) printJson(cli, { run_id: created.test_run_id, number: created.number, rerun_of: run.id });
  else
    printLine(
      cli,
      `Run #${runLabel(created.number)} repeats ${options.failed === true ? 'what failed in' : 'all of'} run #${runLabel(run.number)}. See it with: playfleet status ${created.number}`,
    );
  return EXIT.ok;
}
