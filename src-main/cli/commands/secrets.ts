/** `playfleet secrets`: sets, names and removes what tests need and nobody may read. Values never stand on a command line, where all can see them. */
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { DEFAULT_ENVIRONMENT, secretsAnswer, type Secret } from '../../../shared/protocol/rest/secrets.ts';
import { printJson, printLine, styleOf, type Cli } from '../cli.ts';
import { CliFailure, EXIT } from '../failure.ts';
import { openApi } from '../open-api.ts';
import { projectHere, projectName } from '../run/source.ts';
import { askHidden } from '../terminal/ask-hidden.ts';
import { foreignLine } from '../terminal/foreign.ts';
import { tableLines } from '../terminal/table.ts';

export interface SecretOptions {
  project?: string;
  /** Id or name, where several of the user's teams have a project of that name. */
  team?: string;
  environment?: string;
  inDiscovery?: boolean;
  json?: boolean;
}

const answer = z.object({ message: z.string() });

export async function setSecret(
  cli: Cli,
  name: string,
  options: SecretOptions,
  input: NodeJS.ReadStream = process.stdin,
): Promise<number> {
  const api = await openApi(cli);
  const address = `${await secretsOf(cli, options)}/${placeOf(name, options)}${teamIn(options)}`;
  const value = await readValue(cli, name, input);
  const body = { value, in_discovery: options.inDiscovery === true };
  const { message } = await api.send('PUT', address, body, answer);
  if (options.json) printJson(cli, { name, environment: options.environment ?? DEFAULT_ENVIRONMENT, set: true });
  else printLine(cli, foreignLine(message));
  return EXIT.ok;
}

export async function listSecrets(cli: Cli, options: SecretOptions): Promise<number> {
  const api = await openApi(cli);
  const { items } = await api.get(`${await secretsOf(cli, options)}${teamIn(options)}`, secretsAnswer);
  if (options.json) {
    printJson(cli, items);
    return EXIT.ok;
  }
  const columns = [
    { title: 'NAME', value: (one: Secret) => foreignLine(one.name), flexible: true },
    { title: 'ENVIRONMENT', value: (one: Secret) => foreignLine(one.environment) },
    {
      title: 'SET',
      value: (one: Secret) => (one.readable ? one.updated_at.slice(0, 16).replace('T', ' ') : 'lost: set it again'),
    },
    { title: 'BY', value: (one: Secret) => foreignLine(one.updated_by) },
  ];
  for (const line of tableLines(items, columns, styleOf(cli), cli.stdout.columns ?? 120)) printLine(cli, line);
  return EXIT.ok;
}

export async function removeSecret(cli: Cli, name: string, options: SecretOptions): Promise<number> {
  const api = await openApi(cli);
  const address = `${await secretsOf(cli, options)}/${placeOf(name, options)}${teamIn(options)}`;
  const { message } = await api.send('DELETE', address, undefined, answer);
  if (options.json) printJson(cli, { name, environment: options.environment ?? DEFAULT_ENVIRONMENT, removed: true });
  else printLine(cli, foreignLine(message));
  return EXIT.ok;
}

async function secretsOf(cli: Cli, { project }: SecretOptions): Promise<string> {
  const name = project ?? (await projectName(projectHere(cli, {}, []).folder));
  return `/api/v1/projects/${encodeURIComponent(name)}/secrets`;
}

const placeOf = (name: string, { environment = DEFAULT_ENVIRONMENT }: SecretOptions): string =>
  `${encodeURIComponent(environment)}/${encodeURIComponent(name)}`;

const teamIn = ({ team }: SecretOptions): string => (team === undefined ? '' : `?team=${encodeURIComponent(team)}`);

/** One line break at the end is the shell's, not the secret's. */
async function readValue(cli: Cli, name: string, input: NodeJS.ReadStream): Promise<string> {
  const value = input.isTTY
    ? await askHidden(cli, `Value of ${name}`, 'Nothing was set.', input)
    : (await text(input)).replace(/\r?\n$/, '');
  if (value === '')
    throw new CliFailure('There is no value.', `Give it on stdin: playfleet secrets set ${name} < file`);
  return value;
}
