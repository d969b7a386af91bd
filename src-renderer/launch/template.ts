/** Templates as forms, and forms as templates. */
import type { TemplateOptions } from '../../shared/protocol/rest/launch.ts';
import type { RunRequest } from '../fleet/launching.ts';
import { EMPTY_FORM, type Beside, type Form } from './form.ts';
import { choiceOfGrep } from './grep.ts';

/** Stands for a value that is kept but not shown. */
const HIDDEN = '***';

/**
 * What a template keeps of a request: nothing that is said of one run alone. Values of variables that were not filled in stay as `before`,
 * the template that is replaced, has them.
 */
export function optionsOf(request: RunRequest, before: TemplateOptions | null): TemplateOptions {
  const { team: _team, depends_on: _after, deadline: _deadline, scheduled_for: _at, ...options } = request;
  const kept = { ...before?.config?.env, ...before?.env };
  const env = Object.entries(options.config?.env ?? {}).map(([name, value]): [string, string] => [
    name,
    value === '' && kept[name] !== undefined ? HIDDEN : value,
  ]);
  return { ...options, config: { ...options.config, env: {} }, env: Object.fromEntries(env) } as TemplateOptions;
}

/** Values that were filled in for this once; null: some variable of the template is not wanted, so it cannot be its run. */
export function valuesBeside(request: RunRequest, template: TemplateOptions): Record<string, string> | null {
  const wanted = request.config?.env ?? {};
  const kept = { ...template.config?.env, ...template.env };
  if (Object.keys(kept).some((name) => wanted[name] === undefined)) return null;
  return Object.fromEntries(Object.entries(wanted).filter(([name, value]) => value !== '' || kept[name] === undefined));
}

type Args = Pick<Form, 'files' | 'projects' | 'tags' | 'grep' | 'invert' | 'args'>;

/** The arguments of Playwright in the fields that stand for them; what has no field of its own is kept as it is. */
export function fieldsOfArgs(args: readonly string[]): Args {
  const files: string[] = [];
  const projects: string[] = [];
  const rest: string[] = [];
  let expression: string | null = null;
  let invert = '';
  for (const word of args) {
    const [, name, value = ''] = /^(--[a-z-]+)=([^]*)$/.exec(word) ?? [];
    if (!word.startsWith('-')) files.push(word);
    else if (name === '--project') projects.push(value);
    else if (name === '--grep' && expression === null) expression = value;
    else if (name === '--grep-invert' && invert === '') invert = value;
    else rest.push(word);
  }
  const { grep, tags } = choiceOfGrep(expression ?? '');
  const list = (values: readonly string[]) => values.join('\n');
  return { files: list(files), projects: list(projects), tags: list(tags), grep, invert, args: list(rest) };
}

export function formOf(options: TemplateOptions, template: string): Form {
  const { config, source, requirements } = options;
  const list = (values: readonly string[] | undefined) => (values ?? []).join('\n');
  const text = (value: number | undefined) => (value === undefined ? '' : String(value));
  return {
    ...EMPTY_FORM,
    template,
    project: options.project ?? '',
    name: options.name ?? '',
    ...fieldsOfArgs(config?.args ?? []),
    ...(source == null ? {} : { source: source.type }),
    ...(source?.type === 'git' ? { url: source.url, ref: source.ref, dir: source.projectDir } : {}),
    ...(source?.type === 'bundle' ? { tree: source.tree } : {}),
    ...(source?.type === 'path' ? { path: source.path } : {}),
    config: config?.config_file ?? '',
    base: config?.base_url ?? '',
    retries: text(config?.retries),
    env: list(Object.keys({ ...config?.env, ...options.env })),
    groups: config?.groups && config.groups.length > 0 ? JSON.stringify(config.groups, null, 2) : '',
    environment: options.environment ?? '',
    browsers: list(requirements?.browsers),
    platforms: list(requirements?.platform),
    needs: list(requirements?.tags),
    kind: options.total_shards === undefined ? 'queue' : 'shards',
    shards: text(options.total_shards),
    order: options.order ?? 'longest_first',
    priority: text(options.priority),
    labels: list(options.tags),
  };
}

/** What the page has no fields for. */
export function besideOf(options: TemplateOptions): Beside {
  const { description, requests, metadata, max_retries, task_timeout_seconds, requirements, config } = options;
  const { browsers: _browsers, platform: _platform, tags: _tags, ...needs } = requirements ?? {};
  const all = {
    description,
    requests,
    metadata,
    max_retries,
    task_timeout_seconds,
    timeout: config?.timeout,
    requirements: Object.keys(needs).length === 0 ? undefined : needs,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
