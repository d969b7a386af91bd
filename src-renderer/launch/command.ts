/** The command that starts the same run in a terminal. */
import { afterOf, argsOf, lines, nameOf, requirementsOf, type Form } from './form.ts';

/** One word for a POSIX shell. */
export function quoted(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** File that groups are to be saved in for it. */
export const GROUPS_FILE = 'groups.json';

/**
 * The words behind `npx playfleet`. Values of environment variables are taken from those of the shell. A working tree that was sent before
 * has no words: the command sends the one that it is typed in.
 */
export function commandOf(form: Form): string[] {
  const option = (name: string, value: string): string[] => (value.trim() === '' ? [] : [name, value.trim()]);
  const each = (name: string, values: readonly string[]): string[] => values.flatMap((value) => [name, value]);
  const needs = requirementsOf(form);
  const require = [
    ...(needs.browsers ?? []).map((browser) => `browser=${browser}`),
    ...(needs.platform ?? []).map((platform) => `platform=${platform}`),
    ...(needs.tags ?? []).map((tag) => `tag=${tag}`),
  ].join(',');
  const playwright = argsOf(form);
  return [
    'run',
    // The folder of a working tree says its name and its commit better than we do.
    ...(form.source === 'bundle' ? option('--name', form.name) : ['--name', nameOf(form)]),
    ...option('--project', form.project),
    ...option('--team', form.team),
    ...sourceWords(form),
    ...option('--config', form.config),
    ...each('--tag', lines(form.labels)),
    ...option('--require', require),
    ...each(
      '--after',
      afterOf(form).map(({ run, on, otherwise }) => `${run.trim()}:${on}:${otherwise}`),
    ),
    ...(form.groups.trim() === '' ? [] : ['--groups', GROUPS_FILE]),
    ...option('--environment', form.environment),
    ...(form.order === 'likely_failures_first' ? ['--failures-first'] : []),
    ...(form.kind === 'shards' ? option('--shards', form.shards) : []),
    ...option('--priority', form.priority),
    ...option('--deadline', form.deadline),
    ...each('--env', lines(form.env)),
    ...option('--base-url', form.base),
    ...option('--retries', form.retries),
    ...(playwright.length === 0 ? [] : ['--', ...playwright]),
  ];
}

function sourceWords(form: Form): string[] {
  if (form.source === 'path') return ['--path', form.path.trim()];
  if (form.source !== 'git') return [];
  return [
    '--git',
    // Until an address is given its place is kept: without it the command would run something else.
    form.url.trim() || 'URL',
    ...(form.ref.trim() === '' ? [] : ['--ref', form.ref.trim()]),
    ...(form.dir.trim() === '' ? [] : ['--dir', form.dir.trim()]),
  ];
}

/** To be pasted. */
export const commandText = (words: readonly string[]): string => ['npx', 'playfleet', ...words].map(quoted).join(' ');
