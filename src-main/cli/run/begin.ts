/** Creates the run that was asked for: of what is in the source, or of what failed last time. */
import { randomUUID } from 'node:crypto';
import { page } from '../../../shared/protocol/rest/common.ts';
import { run as runShape, runCreated } from '../../../shared/protocol/rest/runs.ts';
import type { Cli } from '../cli.ts';
import { CliFailure } from '../failure.ts';
import { runPath } from './attend.ts';
import { prepareRequest, type RunOptions } from './request.ts';
import { findSource, projectHere, projectName, type Sending } from './source.ts';
import type { RunFacts } from './viewer.ts';

export type Begin = (sending: Sending) => Promise<Omit<RunFacts, 'api'>>;

/** Checks the options; what it returns packs, uploads and creates. Throws CliFailure that names the option. */
export function prepareRun(cli: Cli, options: RunOptions, playwrightArgs: readonly string[]): Begin {
  if (options.failed) {
    refuseOthers(options, playwrightArgs);
    return (sending) => beginFailed(cli, options, sending);
  }
  const makeRequest = prepareRequest(options, playwrightArgs, cli.config.variables);
  return async (sending) => {
    const request = makeRequest(await findSource(cli, options, playwrightArgs, sending));
    const id = await create(sending, '/api/v1/test-runs/create', request);
    return { ...id, name: request.name, project: request.project };
  };
}

/** These go with --failed; all else is what the last run was given. */
const WITH_FAILED: ReadonlySet<string> = new Set(['failed', 'project', 'detach', 'json', 'reportDir', 'open']);

function refuseOthers(options: RunOptions, playwrightArgs: readonly string[]): void {
  const other = Object.keys(options).find((name) => !WITH_FAILED.has(name));
  if (other === undefined && playwrightArgs.length === 0) return;
  const what =
    other === undefined
      ? `"${playwrightArgs[0]}"`
      : `--${other.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new CliFailure(
    `${what} does not go with --failed, which takes source and settings of the last run.`,
    'Leave one of them out.',
  );
}

async function beginFailed(cli: Cli, options: RunOptions, sending: Sending): Promise<Omit<RunFacts, 'api'>> {
  const { api, viewer, signal } = sending;
  const project = options.project ?? (await projectName(projectHere(cli, options, []).folder));
  const query = new URLSearchParams({ project, limit: '1' });
  const { items } = await api.get(`/api/v1/test-runs?${query.toString()}`, page(runShape), { signal });
  const last = items[0];
  if (last === undefined) {
    throw new CliFailure(
      `There is no run of the project ${project} yet.`,
      'Run all of it first: playfleet run; or name another with --project.',
    );
  }
  viewer.note(`Repeats what failed in run #${last.number}, with the files of that run`);
  const created = await create(sending, `${runPath(last.id)}/retry`, { only: 'failed' });
  return { ...created, name: last.name, project: last.project };
}

/** Not interrupted: a run that exists unknown to us could not be cancelled. */
async function create(
  { api, viewer, signal }: Sending,
  path: string,
  body: unknown,
): Promise<{ id: string; number: number }> {
  viewer.step('Creating the run');
  signal.throwIfAborted();
  const { test_run_id: id, number } = await api.send('POST', path, body, runCreated, { key: randomUUID() });
  return { id, number };
}
