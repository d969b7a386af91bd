/** Creates the run that was asked for: of what is in the source, or of what failed last time. */
import { randomUUID } from 'node:crypto';
import { runLabel } from '../../../shared/model/run-label.ts';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { page } from '../../../shared/protocol/rest/common.ts';
import { template as templateShape } from '../../../shared/protocol/rest/launch.ts';
import { run as runShape, runCreated, type Run } from '../../../shared/protocol/rest/runs.ts';
import type { Cli } from '../cli.ts';
import { CliFailure } from '../failure.ts';
import { runPath } from './attend.ts';
import { checkout } from './checkout.ts';
import { prepareRequest, type RunOptions } from './request.ts';
import { findSource, nameOfCheckout, projectHere, projectName, type Sending } from './source.ts';
import type { RunFacts } from './viewer.ts';

export type Begin = (sending: Sending) => Promise<Omit<RunFacts, 'api'>>;

/** Checks the options; what it returns packs, uploads and creates. Throws CliFailure that names the option. */
export function prepareRun(cli: Cli, options: RunOptions, playwrightArgs: readonly string[]): Begin {
  if (options.failed) {
    refuseOthers(options, playwrightArgs, '--failed, which takes the settings of the last run', WITH_FAILED);
    return (sending) => beginFailed(cli, options, sending);
  }
  const { template } = options;
  if (template !== undefined) {
    refuseOthers(options, playwrightArgs, '--template, which says how the run is made', WITH_TEMPLATE);
    return (sending) => beginFromTemplate(cli, { ...options, template }, sending);
  }
  const groups = options.groups === undefined ? {} : { groups: readJson(cli, '--groups', options.groups) };
  const makeRequest = prepareRequest(options, playwrightArgs, cli.config.variables, cli.clock.now(), groups);
  return async (sending) => {
    const request = makeRequest({ ...(await findSource(cli, options, playwrightArgs, sending)), ...groups });
    const id = await create(sending, '/api/v1/test-runs/create', request);
    return { ...id, name: request.name, project: request.project };
  };
}

/** Read before anything is packed, so that a mistake in it costs no time. */
function readJson(cli: Cli, option: string, file: string): unknown {
  try {
    return JSON.parse(readFileSync(path.resolve(cli.cwd, file), 'utf8'));
  } catch (error) {
    const why =
      error instanceof SyntaxError ? `is not JSON: ${error.message}` : `cannot be read: ${(error as Error).message}`;
    throw new CliFailure(`${option}: ${file} ${why}.`, 'It is a JSON file, relative to this folder.');
  }
}

/** These go with --failed; all else is what the last run was given. */
const WITH_FAILED: ReadonlySet<string> = new Set([
  'failed',
  'project',
  'maxSize',
  'detach',
  'json',
  'reportDir',
  'open',
]);

/** These go with --template; all else is what it says. */
const WITH_TEMPLATE: ReadonlySet<string> = new Set([
  'template',
  'name',
  'team',
  'maxSize',
  'detach',
  'json',
  'reportDir',
  'open',
  'explain',
]);

/** `decides`: the option, with what it decides, as the end of a sentence. */
function refuseOthers(
  options: RunOptions,
  playwrightArgs: readonly string[],
  decides: string,
  allowed: ReadonlySet<string>,
): void {
  const other = Object.keys(options).find((name) => !allowed.has(name));
  if (other === undefined && playwrightArgs.length === 0) return;
  const what =
    other === undefined
      ? `"${playwrightArgs[0]}"`
      : `--${other.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new CliFailure(`${what} does not go with ${decides}.`, 'Leave one of them out.');
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
  const now = await presentFiles(cli, options, last, sending);
  viewer.note(
    `Repeats what failed in run #${runLabel(last.number)}, ${now ? 'with the files as they are now' : sourceOf(last)}`,
  );
  const created = await create(sending, `${runPath(last.id)}/retry`, { only: 'failed', ...now });
  return { ...created, name: now?.name ?? last.name, project: last.project };
}

/** With the files of this folder, unless the template names where they are. */
async function beginFromTemplate(
  cli: Cli,
  options: RunOptions & { template: string },
  sending: Sending,
): Promise<Omit<RunFacts, 'api'>> {
  const { api, signal } = sending;
  const { template: wanted, team } = options;
  const query = new URLSearchParams({ name: wanted, limit: '2', ...(team === undefined ? {} : { team }) });
  const { items } = await api.get(`/api/v1/run-templates?${query.toString()}`, page(templateShape), { signal });
  const [template, other] = items;
  if (template === undefined) {
    throw new CliFailure(`There is no run template ${wanted}.`, 'Names are told apart by upper and lower case.');
  }
  if (other !== undefined) {
    throw new CliFailure(`Several teams have a run template ${wanted}.`, 'Say which with --team NAME.');
  }
  const found = template.options.source ? null : await findSource(cli, options, [], sending);
  const project = template.options.project ?? found?.project ?? 'default';
  const created = await create(sending, `/api/v1/run-templates/${template.id}/run`, {
    project,
    ...(found ? { source: found.source, metadata: found.metadata } : {}),
    ...(options.name === undefined ? {} : { name: options.name }),
  });
  return { ...created, name: options.name ?? template.options.name ?? template.name, project };
}

/** Of a run whose files travelled, those that are here now; null for one whose workers fetch or have them. */
async function presentFiles(cli: Cli, options: RunOptions, last: Run, sending: Sending) {
  if (last.source?.type !== 'bundle') return null;
  const { source, name, metadata } = await findSource(cli, options, [], sending);
  const before = checkout.safeParse(last.metadata.git);
  const wasNamed = !before.success || nameOfCheckout(before.data) !== last.name;
  return { source, metadata, ...(wasNamed ? {} : { name }) };
}

const sourceOf = ({ source }: Run): string =>
  source?.type === 'git' ? `at commit ${source.commit ?? source.ref} of ${source.url}` : "in the workers' own folders";

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
