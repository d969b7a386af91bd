/** Values of variables in templates, and what a template and a request make together. */
import { MASK } from '../../../shared/base/redact.ts';
import type { TemplateOptions, TemplateRun } from '../../../shared/protocol/rest/launch.ts';

type Env = Record<string, string>;

const mapEnv = (options: TemplateOptions, change: (env: Env, place: 'env' | 'config') => Env): TemplateOptions => ({
  ...options,
  ...(options.env ? { env: change(options.env, 'env') } : {}),
  ...(options.config ? { config: { ...options.config, env: change(options.config.env, 'config') } } : {}),
});

/** As everybody sees them: names say what is set, and people do put passwords there. */
export const hideOptions = (options: TemplateOptions): TemplateOptions =>
  mapEnv(options, (env) => Object.fromEntries(Object.keys(env).map((name) => [name, MASK])));

/** Who changes a template sends back what they were shown: a hidden value stays what it was. */
export function keepHidden(options: TemplateOptions, before: TemplateOptions): TemplateOptions {
  const was = { env: before.env ?? {}, config: before.config?.env ?? {} };
  return mapEnv(options, (env, place) =>
    Object.fromEntries(
      Object.entries(env).map(([name, value]) => [name, value === MASK ? (was[place][name] ?? MASK) : value]),
    ),
  );
}

/** What POST test-runs/create would be given. What is asked for this once stands in place of what the template says. */
export function requestOf(
  template: { id: string; name: string; teamId: string; options: TemplateOptions },
  once: TemplateRun,
): Record<string, unknown> {
  const { options } = template;
  return {
    ...options,
    ...once,
    name: once.name ?? options.name ?? template.name,
    team: template.teamId,
    env: { ...options.env, ...once.env },
    metadata: { ...options.metadata, ...once.metadata, template: { id: template.id, name: template.name } },
  };
}
