/** Turns what was typed after `playfleet run` into the request that creates the run. Pure: files and git are looked at elsewhere. */
import {
  environment,
  requirements,
  type Requirements,
  type RunSource,
  type taskGroup,
} from '../../../shared/protocol/work.ts';
import { dependency, runCreate, type Dependency, type RunCreate } from '../../../shared/protocol/rest/runs.ts';
import { parsePlaywrightArgs, type PlaywrightArgs } from '../../agent/playwright/args.ts';
import type { z } from 'zod';
import { CliFailure } from '../failure.ts';
import { deadlineAt } from './deadline.ts';
import { byteCount, milliseconds, wholeNumber } from './quantities.ts';
import { requestsOf } from './requests.ts';

/** As commander hands them over. */
export interface RunOptions {
  name?: string;
  project?: string;
  team?: string;
  shards?: string;
  source?: 'bundle' | 'git' | 'path';
  git?: string;
  ref?: string;
  dir?: string;
  path?: string;
  config?: string;
  tag?: string[];
  require?: string[];
  request?: string[];
  environment?: string;
  priority?: string;
  after?: string[];
  groups?: string;
  failuresFirst?: boolean;
  deadline?: string;
  env?: string[];
  baseUrl?: string;
  timeout?: string;
  retries?: string;
  taskTimeout?: string;
  maxSize?: string;
  failed?: boolean;
  template?: string;
  detach?: boolean;
  json?: boolean;
  reportDir?: string;
  open?: boolean;
  explain?: boolean;
}

/** What the working folder says; see source.ts. */
export interface Found {
  source: RunSource;
  /** Relative to the suite's folder, where one was named. */
  configFile: string | null;
  project: string;
  name: string;
  metadata: Record<string, z.core.util.JSONType>;
  /** What the file of --groups holds. */
  groups?: unknown;
}

/**
 * Checks the options before anything is packed or sent; what it returns makes the request once the source is known.
 * `variables`: this process's own, for `--env NAME`; `now`: for times from now; `read`: what options that name files hold. Throws CliFailure
 * that names the option and the mend.
 */
export function prepareRequest(
  options: RunOptions,
  playwrightArgs: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
  now: number,
  read: Pick<Found, 'groups'> = {},
): (found: Found) => RunCreate {
  const given = parsePlaywrightArgs([...playwrightArgs]);
  if (!given.ok)
    throw new CliFailure(
      `${given.message}.`,
      'playfleet run --help lists the options; what stands behind -- goes to Playwright.',
    );
  if (options.explain && (options.json || options.detach))
    throw new CliFailure(
      `--explain cannot be combined with ${options.json ? '--json' : '--detach'}.`,
      'Ask when the run has ended: playfleet explain <run>',
    );
  const request = (found: Found): RunCreate => checked(assemble(options, given.value, found, variables, now));
  request({ ...PLACEHOLDER, ...read });
  return request;
}

const PLACEHOLDER: Found = {
  source: { type: 'path', path: '.' },
  configFile: null,
  project: 'p',
  name: 'n',
  metadata: {},
};

function assemble(
  options: RunOptions,
  given: PlaywrightArgs,
  found: Found,
  variables: Readonly<Record<string, string | undefined>>,
  now: number,
): z.input<typeof runCreate> {
  const config: NonNullable<z.input<typeof runCreate>['config']> = {
    args: given.args,
    ...(found.groups === undefined ? {} : { groups: groupsOf(found.groups) }),
    env: environmentOf(options.env ?? [], variables),
  };
  const configFile = found.configFile ?? given.config;
  if (configFile !== null) config.config_file = configFile;
  if (options.baseUrl !== undefined) config.base_url = options.baseUrl;
  if (options.timeout !== undefined) config.timeout = milliseconds('--timeout', options.timeout, 1);
  if (options.retries !== undefined) config.retries = wholeNumber('--retries', options.retries, 0, 100);
  return {
    name: options.name ?? found.name,
    project: options.project ?? found.project,
    ...(options.team === undefined ? {} : { team: options.team }),
    config,
    source: found.source,
    requirements: requirementsOf(options.require ?? []),
    requests: requestsOf(options.request ?? []),
    ...(options.environment === undefined ? {} : { environment: options.environment }),
    ...(options.failuresFirst === true ? { order: 'likely_failures_first' as const } : {}),
    ...(options.deadline === undefined ? {} : { deadline: deadlineAt(options.deadline, now) }),
    tags: options.tag ?? [],
    metadata: found.metadata,
    depends_on: (options.after ?? []).map(dependencyOf),
    ...(options.shards === undefined ? {} : { total_shards: wholeNumber('--shards', options.shards, 1, 100_000) }),
    ...(options.priority === undefined ? {} : { priority: wholeNumber('--priority', options.priority, 0, 1000) }),
    ...(options.taskTimeout === undefined
      ? {}
      : { task_timeout_seconds: seconds('--task-timeout', options.taskTimeout) }),
  };
}

const seconds = (option: string, text: string): number =>
  Math.max(1, Math.round(milliseconds(option, text, 1000) / 1000));

function checked(request: z.input<typeof runCreate>): RunCreate {
  const parsed = runCreate.safeParse(request);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  const [prefix, option] = OPTION_OF.find(([start]) => field.startsWith(start)) ?? ['', field];
  // Which of many it is, where the option is a list.
  const within = /^(config\.groups)$/.test(prefix) ? field.slice(prefix.length + 1) : '';
  throw new CliFailure(
    `${option}${within === '' ? '' : ` ${within}`}: ${issue?.message ?? 'not accepted'}.`,
    'playfleet run --help tells what each option takes.',
  );
}

const OPTION_OF: readonly (readonly [string, string])[] = [
  ['config.base_url', '--base-url'],
  ['config.config_file', '--config'],
  ['config.timeout', '--timeout'],
  ['config.env', '--env'],
  ['config.args', 'a Playwright argument'],
  ['config.groups', '--groups'],
  ['depends_on', '--after'],
  ['source.url', '--git'],
  ['source.ref', '--ref'],
  ['source.projectDir', '--dir'],
  ['source.path', '--path'],
  ['name', '--name'],
  ['project', '--project'],
  ['team', '--team'],
  ['tags', '--tag'],
  ['environment', '--environment'],
  ['requirements', '--require'],
  ['task_timeout_seconds', '--task-timeout'],
];

function environmentOf(
  pairs: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const name = equals < 0 ? pair : pair.slice(0, equals);
    const value = equals < 0 ? variables[name] : pair.slice(equals + 1);
    if (value === undefined) {
      throw new CliFailure(
        `--env ${name}: this variable is not set here.`,
        `Set it, or give its value: --env ${name}=VALUE`,
      );
    }
    const parsed = environment.safeParse({ [name]: value });
    // The value is not repeated: it may be a secret.
    if (!parsed.success) throw new CliFailure(`--env ${name}: ${innermost(parsed.error.issues)}.`);
    env[name] = value;
  }
  return env;
}

/** A bad name is an issue within the issue of its record. */
function innermost([issue]: readonly z.core.$ZodIssue[]): string {
  return issue?.code === 'invalid_key' ? innermost(issue.issues) : (issue?.message ?? 'not accepted');
}

const AFTER_HELP =
  'As in --after 12, --after 12:end or --after 12:success:wait. Behind the run: success, end or failure; and what happens otherwise: skip, run or wait.';

/** `12`, `12:end`, `12:wait`, `12:failure:skip`: the words are told apart by what they are. */
export function dependencyOf(text: string): Dependency {
  const [name = '', ...words] = text.split(':');
  const edge: Partial<Record<'on' | 'otherwise', string>> = {};
  for (const word of words) {
    const key = isIn(dependency.shape.on.unwrap().options, word)
      ? 'on'
      : isIn(dependency.shape.otherwise.unwrap().options, word)
        ? 'otherwise'
        : null;
    if (key === null || edge[key] !== undefined)
      throw new CliFailure(`--after ${text}: "${word}" is not understood.`, AFTER_HELP);
    edge[key] = word;
  }
  const parsed = dependency.safeParse({ run: name.replace(/^#/, ''), ...edge });
  if (!parsed.success) throw new CliFailure(`--after ${text}: a run is missing.`, AFTER_HELP);
  return parsed.data;
}

const isIn = (words: readonly string[], word: string) => words.includes(word);

/** The file holds the list itself, or it under the name `groups`. */
function groupsOf(content: unknown): TaskGroupInput[] {
  const list = Array.isArray(content) ? content : (content as { groups?: unknown } | null)?.groups;
  if (!Array.isArray(list)) {
    throw new CliFailure(
      '--groups: the file holds no list of groups.',
      'As in [{ "name": "smoke", "select": { "tag": "@smoke" } }, { "name": "rest", "select": { "file": "**" }, "after": ["smoke"] }]',
    );
  }
  return list as TaskGroupInput[];
}

type TaskGroupInput = z.input<typeof taskGroup>;

const REQUIRE_HELP =
  'Known are browser, platform, arch, cpus, memory, disk, displays and tag, as in --require browser=firefox,memory=8GB.';

/** `browser=firefox,tag=gpu,memory=8GB`, several of them joined. */
export function requirementsOf(texts: readonly string[]): Requirements {
  const needs: { [K in keyof Requirements]?: Requirements[K] } = {};
  const add = <K extends 'browsers' | 'platform' | 'arch' | 'tags'>(key: K, value: string): void => {
    needs[key] = [...(needs[key] ?? []), value] as NonNullable<Requirements[K]>;
  };
  for (const item of texts
    .flatMap((text) => text.split(','))
    .map((text) => text.trim())
    .filter((text) => text !== '')) {
    const equals = item.indexOf('=');
    const [key, value] = equals < 0 ? [item, ''] : [item.slice(0, equals), item.slice(equals + 1)];
    const what = `--require ${key}`;
    if (value === '') throw new CliFailure(`--require ${item}: a value is missing.`, REQUIRE_HELP);
    if (key === 'browser') add('browsers', value);
    else if (key === 'platform') add('platform', PLATFORMS[value] ?? value);
    else if (key === 'arch') add('arch', value);
    else if (key === 'tag') add('tags', value);
    else if (key === 'cpus') needs.min_cpus = wholeNumber(what, value, 1, 10_000);
    else if (key === 'displays') needs.min_displays = wholeNumber(what, value, 0, 100);
    else if (key === 'memory') needs.min_memory_bytes = byteCount(what, value);
    else if (key === 'disk') needs.min_disk_bytes = byteCount(what, value);
    else throw new CliFailure(`--require ${key}: not known.`, REQUIRE_HELP);
  }
  const parsed = requirements.safeParse(needs);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new CliFailure(`--require: ${issue?.message ?? 'not accepted'}.`, REQUIRE_HELP);
}

/** As people say it, and as Node does. */
const PLATFORMS: Record<string, string> = { macos: 'darwin', mac: 'darwin', windows: 'win32' };
