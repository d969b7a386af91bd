/**
 * What is filled in on the page, as texts of its address, and the request that it stands for. Lists are one entry a line. Values of
 * environment variables are not part of it: they belong in no address and no storage.
 */
import type { RunSource } from '../../shared/protocol/work.ts';
import type { Sources, TestChoice } from '../../shared/protocol/rest/launch.ts';
import type { RunRequest } from '../fleet/launching.ts';
import { grepOf } from './grep.ts';

export const EMPTY_FORM = {
  project: '',
  /** Of the team whose project it is, where several have one of that name. */
  team: '',
  name: '',
  /** all, or failed: what failed in the last run of the project. */
  what: 'all',
  /** git, bundle, path; '' = as the last run of the project. */
  source: '',
  url: '',
  ref: '',
  dir: '',
  tree: '',
  path: '',
  projects: '',
  files: '',
  tags: '',
  grep: '',
  invert: '',
  /** Further arguments for Playwright, one a line. */
  args: '',
  config: '',
  base: '',
  retries: '',
  environment: '',
  env: '',
  browsers: '',
  platforms: '',
  needs: '',
  /** queue or shards. */
  kind: 'queue',
  shards: '',
  order: 'longest_first',
  priority: '',
  /** ISO 8601. */
  deadline: '',
  labels: '',
  /** `12:success:skip`, one a line. */
  after: '',
  /** JSON: a list of groups. */
  groups: '',
  /** Id of the template that it began with. */
  template: '',
} as const satisfies Record<string, string>;

export type Form = { readonly [K in keyof typeof EMPTY_FORM]: string };
export type FormField = keyof Form;

export const lines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** What a change of the project leaves behind: things that were of the other one. */
export const forProject = (named: Pick<Form, 'project' | 'team'>): Form => ({ ...EMPTY_FORM, ...named });

type Git = NonNullable<Sources['branches'][number]['git']>;
export const gitOf = (sources: Sources | null | undefined): { git: Git; branch: string } | null => {
  const found = sources?.branches.find(({ git }) => git !== null);
  return found?.git ? { git: found.git, branch: found.branch } : null;
};

/** Working trees of earlier runs that are still whole, the newest first. */
export const storedBundles = (sources: Sources | null | undefined) =>
  (sources?.bundles ?? []).filter(({ stored }) => stored);

/** With what is left open as the newest run of the project had it. */
export function filledIn(form: Form, sources: Sources | null | undefined): Form {
  const source = form.source === '' ? newestSource(sources) : form.source;
  const git = gitOf(sources);
  if (source === 'git' && form.url === '' && git) {
    return { ...form, source, url: git.git.url, dir: git.git.projectDir, ref: form.ref === '' ? git.branch : form.ref };
  }
  if (source === 'bundle' && form.tree === '') {
    const bundle = storedBundles(sources)[0]?.source;
    return { ...form, source, tree: bundle?.type === 'bundle' ? bundle.tree : '' };
  }
  if (source === 'path' && form.path === '') {
    const known = sources?.paths[0]?.source;
    return { ...form, source, path: known?.type === 'path' ? known.path : '' };
  }
  return { ...form, source };
}

function newestSource(sources: Sources | null | undefined): string {
  const candidates = [
    { kind: 'bundle', at: storedBundles(sources)[0]?.last.at },
    { kind: 'git', at: sources?.branches.find(({ git }) => git !== null)?.last.at },
    { kind: 'path', at: sources?.paths[0]?.last.at },
  ].filter(({ at }) => at !== undefined);
  candidates.sort((a, b) => b.at!.localeCompare(a.at!));
  return candidates[0]?.kind ?? 'git';
}

/** null: what it needs is not filled in. */
export function sourceOf(form: Form, sources: Sources | null | undefined): RunSource | null {
  if (form.source === 'git') {
    if (form.url.trim() === '') return null;
    const ref = form.ref.trim() === '' ? 'HEAD' : form.ref.trim();
    return { type: 'git', url: form.url.trim(), ref, commit: null, projectDir: form.dir.trim() };
  }
  if (form.source === 'path') return form.path.trim() === '' ? null : { type: 'path', path: form.path.trim() };
  const bundle = storedBundles(sources).find(({ source }) => source.type === 'bundle' && source.tree === form.tree);
  return bundle?.source ?? null;
}

/** As the preview takes it. */
export function choiceOf(form: Form): TestChoice {
  return {
    projects: lines(form.projects),
    files: lines(form.files),
    tags: lines(form.tags),
    ...(form.grep === '' ? {} : { grep: form.grep }),
    ...(form.invert === '' ? {} : { grep_invert: form.invert }),
  };
}

/** What Playwright is given: each option in one word, as the command line keeps them. */
export function argsOf(form: Form): string[] {
  const grep = grepOf(form.grep, lines(form.tags));
  return [
    ...lines(form.files),
    ...lines(form.projects).map((name) => `--project=${name}`),
    ...(grep === null ? [] : [`--grep=${grep}`]),
    ...(form.invert === '' ? [] : [`--grep-invert=${form.invert}`]),
    ...lines(form.args),
  ];
}

export function requirementsOf(form: Form): NonNullable<RunRequest['requirements']> {
  const browsers = lines(form.browsers) as ('chromium' | 'firefox' | 'webkit')[];
  const platform = lines(form.platforms);
  const tags = lines(form.needs);
  return {
    ...(browsers.length === 0 ? {} : { browsers }),
    ...(platform.length === 0 ? {} : { platform }),
    ...(tags.length === 0 ? {} : { tags }),
  };
}

type DependencyInput = NonNullable<RunRequest['depends_on']>[number];

export interface After {
  run: string;
  on: NonNullable<DependencyInput['on']>;
  otherwise: NonNullable<DependencyInput['otherwise']>;
}

export const afterOf = (form: Pick<Form, 'after'>): After[] =>
  form.after
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [run = '', on = 'success', otherwise = 'skip'] = line.split(':');
      return { run, on, otherwise } as After;
    });

export const afterText = (after: readonly After[]): string =>
  after.map(({ run, on, otherwise }) => `${run}:${on}:${otherwise}`).join('\n');

/** What a run is called that nobody named. */
export function nameOf(form: Form): string {
  if (form.name.trim() !== '') return form.name.trim();
  if (form.source === 'git' && form.ref.trim() !== '') return `${form.project} ${form.ref.trim()}`.trim();
  return form.project.trim() === '' ? 'run' : form.project.trim();
}

export type Problems = Partial<Record<FormField, 'needed' | 'number' | 'json' | 'past' | 'dash' | 'noBundle'>>;

/** What can be said of a form before it is sent. All else is the coordinator's to say. */
export function problemsOf(form: Form, sources: Sources | null | undefined, now: number): Problems {
  const problems: Problems = {};
  if (form.project.trim() === '') problems.project = 'needed';
  if (form.what === 'failed') return problems;
  if (form.source === 'git' && form.url.trim() === '') problems.url = 'needed';
  if (form.source === 'path' && form.path.trim() === '') problems.path = 'needed';
  if (form.source === 'bundle' && sourceOf(form, sources) === null) problems.tree = 'noBundle';
  for (const field of ['retries', 'priority'] as const) {
    if (form[field] !== '' && !/^\d+$/.test(form[field])) problems[field] = 'number';
  }
  if (form.kind === 'shards' && !/^[1-9]\d*$/.test(form.shards)) problems.shards = 'number';
  if (lines(form.files).some((file) => file.startsWith('-'))) problems.files = 'dash';
  if (form.deadline !== '' && Date.parse(form.deadline) <= now) problems.deadline = 'past';
  if (afterOf(form).some(({ run }) => run.trim() === '')) problems.after = 'needed';
  if (form.groups.trim() !== '' && groupsOf(form) === null) problems.groups = 'json';
  return problems;
}

/** null: it is no JSON list. */
export function groupsOf(form: Pick<Form, 'groups'>): unknown[] | null {
  if (form.groups.trim() === '') return [];
  try {
    const value: unknown = JSON.parse(form.groups);
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** Parts of a template that this page does not show: they stay as they are. */
export type Beside = Pick<
  RunRequest,
  'description' | 'requests' | 'metadata' | 'max_retries' | 'task_timeout_seconds'
> & {
  requirements?: RunRequest['requirements'];
  timeout?: number;
};

/** What is sent. Call it where problemsOf() finds nothing. `env`: values by name. */
export function requestOf(
  form: Form,
  sources: Sources | null | undefined,
  env: Readonly<Record<string, string>>,
  { requirements, timeout, ...beside }: Beside = {},
): RunRequest {
  const groups = groupsOf(form) ?? [];
  const given = (field: FormField): boolean => form[field].trim() !== '';
  return {
    ...beside,
    name: nameOf(form),
    project: form.project.trim(),
    ...(given('team') ? { team: form.team } : {}),
    ...(form.kind === 'shards' ? { total_shards: Number(form.shards) } : {}),
    config: {
      args: argsOf(form),
      env: Object.fromEntries(lines(form.env).map((name) => [name, env[name] ?? ''])),
      ...(groups.length === 0 ? {} : { groups: groups as NonNullable<NonNullable<RunRequest['config']>['groups']> }),
      ...(timeout === undefined ? {} : { timeout }),
      ...(given('config') ? { config_file: form.config.trim() } : {}),
      ...(given('base') ? { base_url: form.base.trim() } : {}),
      ...(given('retries') ? { retries: Number(form.retries) } : {}),
    },
    source: sourceOf(form, sources),
    requirements: { ...requirements, ...requirementsOf(form) },
    ...(given('environment') ? { environment: form.environment.trim() } : {}),
    ...(form.order === 'likely_failures_first' ? { order: 'likely_failures_first' as const } : {}),
    ...(given('deadline') ? { deadline: new Date(form.deadline).toISOString() } : {}),
    ...(given('priority') ? { priority: Number(form.priority) } : {}),
    tags: lines(form.labels),
    depends_on: afterOf(form).map(({ run, ...rule }) => ({ run: run.trim(), ...rule })),
  };
}

const FIELD_OF: readonly (readonly [path: string, field: FormField])[] = [
  ['config.base_url', 'base'],
  ['config.config_file', 'config'],
  ['config.retries', 'retries'],
  ['config.env', 'env'],
  ['config.groups', 'groups'],
  ['config.args', 'args'],
  ['source.url', 'url'],
  ['source.ref', 'ref'],
  ['source.projectDir', 'dir'],
  ['source.path', 'path'],
  ['source', 'source'],
  ['requirements.browsers', 'browsers'],
  ['requirements.platform', 'platforms'],
  ['requirements', 'needs'],
  ['depends_on', 'after'],
  ['total_shards', 'shards'],
  ['kind', 'kind'],
  ['tags', 'labels'],
  ['name', 'name'],
  ['project', 'project'],
  ['team', 'team'],
  ['environment', 'environment'],
  ['order', 'order'],
  ['deadline', 'deadline'],
  ['priority', 'priority'],
  ['env', 'env'],
];

/** Where on the page stands what the coordinator found wrong; null: nowhere. */
export const fieldOf = (path: string): FormField | null =>
  FIELD_OF.find(([start]) => path === start || path.startsWith(`${start}.`) || path.startsWith(`${start}[`))?.[1] ??
  null;
