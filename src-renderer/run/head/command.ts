/** The command that starts the same run in a terminal. Pure. */
import type { Run } from '../../../shared/protocol/rest/runs.ts';

type Told = Pick<
  Run,
  | 'name'
  | 'project'
  | 'source'
  | 'config'
  | 'tags'
  | 'requirements'
  | 'environment'
  | 'priority'
  | 'kind'
  | 'total_shards'
  | 'task_timeout_seconds'
>;

/** What the coordinator takes where nothing is said; such options are left out. */
const USUAL_PRIORITY = 100;

/**
 * To be pasted. A working tree that was sent is not named: the command sends the one that it is typed in. Values of variables are those of
 * the shell: they may be secret.
 */
export function commandOf(run: Told): string {
  const option = (name: string, value: string | number | null | undefined): string[] =>
    value == null || value === '' ? [] : [name, String(value)];
  const { source, config } = run;
  const words = [
    'run',
    ...option('--name', run.name),
    ...option('--project', run.project),
    ...(source?.type === 'git'
      ? [
          '--git',
          source.url,
          ...option('--ref', source.ref === 'HEAD' ? '' : source.ref),
          ...option('--dir', source.projectDir),
        ]
      : []),
    ...(source?.type === 'path' ? ['--path', source.path] : []),
    ...option('--config', config.config_file),
    ...run.tags.flatMap((tag) => ['--tag', tag]),
    ...option('--require', requirementsText(run.requirements)),
    ...option('--environment', run.environment),
    ...(run.kind === 'shards' ? ['--shards', String(run.total_shards)] : []),
    ...option('--priority', run.priority === USUAL_PRIORITY ? null : run.priority),
    ...Object.keys(config.env).flatMap((name) => ['--env', name]),
    ...option('--base-url', config.base_url),
    ...option('--timeout', config.timeout),
    ...option('--retries', config.retries),
  ];
  const args = [...(config.browser === undefined ? [] : ['--project', config.browser]), ...config.args];
  return ['npx', 'playfleet', ...words, ...(args.length === 0 ? [] : ['--', ...args])].map(shellWord).join(' ');
}

function requirementsText(needs: Run['requirements']): string {
  return [
    ...(needs.browsers ?? []).map((browser) => `browser=${browser}`),
    ...(needs.platform ?? []).map((platform) => `platform=${platform}`),
    ...(needs.arch ?? []).map((arch) => `arch=${arch}`),
    ...(needs.tags ?? []).map((tag) => `tag=${tag}`),
    ...(needs.min_cpus === undefined ? [] : [`cpus=${needs.min_cpus}`]),
    ...(needs.min_memory_bytes === undefined ? [] : [`memory=${needs.min_memory_bytes}`]),
    ...(needs.min_disk_bytes === undefined ? [] : [`disk=${needs.min_disk_bytes}`]),
    ...(needs.min_displays === undefined ? [] : [`displays=${needs.min_displays}`]),
  ].join(',');
}

/** One word for a POSIX shell. */
function shellWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
