/** The agent's settings, from flags, else the environment, else a file. Nothing else in the agent reads the environment. */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { z } from 'zod';
import { AgentError, EXIT } from './errors.ts';
import type { MannersFlags } from './manners/settings.ts';
import { schema, type Address, type Join, type MannersSetting, type Parsed } from './settings.ts';

export type { Address, Join };

export interface AgentConfig extends Omit<
  Parsed,
  | 'join'
  | 'coordinatorUrl'
  | 'name'
  | 'slots'
  | 'projectPath'
  | 'drainTimeoutSeconds'
  | 'allowProjects'
  | 'runAs'
  | 'copyKeyFile'
  | MannersSetting
  | 'logFile'
> {
  join: Join | null;
  coordinator: Address | null;
  name: string;
  slots: number;
  projectPath: string | null;
  allowProjects: string[] | null;
  runAs: string | null;
  copyKeyFile: string | null;
  drainTimeoutSeconds: number | null;
  manners: MannersFlags;
  logFile: string | null;
  /** Absolute. */
  dataDir: string;
  /** The agent's own environment; suites get the allow-listed part of it. */
  environment: Readonly<Record<string, string | undefined>>;
}

/** As `playfleet worker` takes them from its command line; absent where not given. */
export interface AgentFlags {
  join?: string;
  coordinator?: string;
  name?: string;
  slots?: string;
  tags?: string;
  data?: string;
  config?: string;
  projectPath?: string;
  allowPath?: string[];
  allowProject?: string[];
  allowSystemBrowser?: boolean;
  runAs?: string;
  copySecrets?: boolean;
  copyKey?: string;
  install?: boolean;
  drainTimeout?: string;
  logLevel?: string;
  hours?: string;
  pauseOnBattery?: boolean | string;
  pauseOnMetered?: boolean;
  pauseWhenUsed?: string;
  pauseAboveLoad?: string;
  pauseWhenHot?: boolean;
  cpuPriority?: string;
  whenPaused?: string;
  logFile?: string;
  updates?: boolean;
  updateChannel?: string;
  updateCommand?: string;
  updatePackage?: string;
  updateKeys?: string;
}

type Setting = keyof Parsed;
/** What people call a setting where they gave it, and what they gave. */
type Given = Partial<Record<Setting, { as: string; value: unknown }>>;

export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  platform: NodeJS.Platform;
  home: string;
  hostname: string;
  cpus: number;
}

/** @throws AgentError that names the setting, where it was given, and what it must be. */
export function readAgentConfig(flags: AgentFlags, around: Surroundings = thisMachine()): AgentConfig {
  const { env } = around;
  const dataDir = path.resolve(flags.data ?? text(env['PLAYFLEET_DATA']) ?? defaultDataDir(around));
  const named = flags.config ?? text(env['PLAYFLEET_CONFIG']);
  const file = path.resolve(named ?? path.join(dataDir, 'config.json'));
  const given: Given = {
    ...fromFile(file, named !== undefined),
    ...fromEnvironment(env),
    ...fromFlags(flags),
  };
  const parsed = schema.safeParse(Object.fromEntries(Object.entries(given).map(([name, { value }]) => [name, value])));
  if (!parsed.success) throw new AgentError(explain(parsed.error, given, file), EXIT.cannotStart);
  const { coordinatorUrl, ...all } = parsed.data;
  const { data, manners } = apart(all);
  return {
    ...data,
    manners,
    join: data.join ?? null,
    coordinator: coordinatorUrl ?? null,
    name: data.name ?? around.hostname,
    slots: data.slots ?? Math.max(1, Math.min(4, around.cpus)),
    projectPath: data.projectPath ?? null,
    allowProjects: data.allowProjects ?? null,
    runAs: data.runAs ?? null,
    copyKeyFile: data.copyKeyFile ?? null,
    drainTimeoutSeconds: data.drainTimeoutSeconds ?? null,
    logFile: data.logFile ?? null,
    dataDir,
    environment: env,
  };
}

function apart(all: Omit<Parsed, 'coordinatorUrl'>) {
  const { hours, pauseOnBattery, pauseOnMetered, pauseWhenUsed, pauseAboveLoad, pauseWhenHot, ...rest } = all;
  const { cpuPriority, whenPaused, ...data } = rest;
  const when = { pauseOnBattery, pauseOnMetered, pauseWhenUsed, pauseAboveLoad, pauseWhenHot };
  return { data, manners: { hours, ...when, cpuPriority, whenPaused } satisfies MannersFlags };
}

function fromFlags(flags: AgentFlags): Given {
  return present({
    join: { as: '--join', value: flags.join },
    coordinatorUrl: { as: '--coordinator', value: flags.coordinator },
    name: { as: '--name', value: flags.name },
    slots: { as: '--slots', value: number(flags.slots) },
    tags: { as: '--tags', value: list(flags.tags, ',') },
    projectPath: { as: '--project-path', value: flags.projectPath },
    allowPaths: { as: '--allow-path', value: flags.allowPath },
    allowProjects: { as: '--allow-project', value: flags.allowProject },
    allowSystemBrowser: { as: '--allow-system-browser', value: flags.allowSystemBrowser },
    runAs: { as: '--run-as', value: flags.runAs },
    copySecrets: { as: '--copy-secrets', value: flags.copySecrets },
    copyKeyFile: { as: '--copy-key', value: flags.copyKey },
    // `--no-install` is all there is on the command line: without it, the other places decide.
    install: { as: '--no-install', value: flags.install === false ? false : undefined },
    drainTimeoutSeconds: { as: '--drain-timeout', value: number(flags.drainTimeout) },
    logLevel: { as: '--log-level', value: flags.logLevel },
    hours: { as: '--hours', value: flags.hours },
    pauseOnBattery: {
      as: '--pause-on-battery',
      value: typeof flags.pauseOnBattery === 'string' ? booleanOrNumber(flags.pauseOnBattery) : flags.pauseOnBattery,
    },
    pauseOnMetered: { as: '--pause-on-metered', value: flags.pauseOnMetered },
    pauseWhenUsed: { as: '--pause-when-used', value: number(flags.pauseWhenUsed) },
    pauseAboveLoad: { as: '--pause-above-load', value: number(flags.pauseAboveLoad) },
    pauseWhenHot: { as: '--pause-when-hot', value: flags.pauseWhenHot },
    cpuPriority: { as: '--cpu-priority', value: flags.cpuPriority },
    whenPaused: { as: '--when-paused', value: flags.whenPaused },
    logFile: { as: '--log-file', value: flags.logFile },
    updates: { as: '--no-updates', value: flags.updates === false ? false : undefined },
    updateChannel: { as: '--update-channel', value: flags.updateChannel },
    updateCommand: { as: '--update-command', value: flags.updateCommand },
    updatePackage: { as: '--update-package', value: flags.updatePackage },
    updateKeys: { as: '--update-keys', value: flags.updateKeys },
  });
}

function fromEnvironment(env: Surroundings['env']): Given {
  const from = (as: string, read: (value: string | undefined) => unknown = (value) => value) => ({
    as,
    value: read(text(env[as])),
  });
  return present({
    coordinatorUrl: from('COORDINATOR_URL'),
    name: from('WORKER_NAME'),
    projectPath: from('PLAYWRIGHT_PROJECT_PATH'),
    pollIntervalSeconds: from('POLL_INTERVAL', number),
    join: from('PLAYFLEET_JOIN'),
    slots: from('PLAYFLEET_SLOTS', number),
    tags: from('PLAYFLEET_TAGS', (value) => list(value, ',')),
    allowPaths: from('PLAYFLEET_ALLOW_PATHS', (value) => list(value, path.delimiter)),
    allowProjects: from('PLAYFLEET_ALLOW_PROJECTS', (value) => list(value, ',')),
    allowSystemBrowser: from('PLAYFLEET_ALLOW_SYSTEM_BROWSER', boolean),
    runAs: from('PLAYFLEET_RUN_AS'),
    copySecrets: from('PLAYFLEET_COPY_SECRETS', boolean),
    copyKeyFile: from('PLAYFLEET_COPY_KEY'),
    install: from('PLAYFLEET_INSTALL', boolean),
    drainTimeoutSeconds: from('PLAYFLEET_DRAIN_TIMEOUT', number),
    attachmentLimitMb: from('PLAYFLEET_ATTACHMENT_LIMIT_MB', number),
    logLevel: from('PLAYFLEET_LOG_LEVEL'),
    hours: from('PLAYFLEET_HOURS'),
    pauseOnBattery: from('PLAYFLEET_PAUSE_ON_BATTERY', booleanOrNumber),
    pauseOnMetered: from('PLAYFLEET_PAUSE_ON_METERED', boolean),
    pauseWhenUsed: from('PLAYFLEET_PAUSE_WHEN_USED', number),
    pauseAboveLoad: from('PLAYFLEET_PAUSE_ABOVE_LOAD', number),
    pauseWhenHot: from('PLAYFLEET_PAUSE_WHEN_HOT', boolean),
    cpuPriority: from('PLAYFLEET_CPU_PRIORITY'),
    whenPaused: from('PLAYFLEET_WHEN_PAUSED'),
    logFile: from('PLAYFLEET_LOG_FILE'),
    updates: from('PLAYFLEET_UPDATES', boolean),
    updateChannel: from('PLAYFLEET_UPDATE_CHANNEL'),
    updateCommand: from('PLAYFLEET_UPDATE_COMMAND'),
    updatePackage: from('PLAYFLEET_UPDATE_PACKAGE'),
    updateKeys: from('PLAYFLEET_UPDATE_KEYS'),
  });
}

function fromFile(file: string, mustExist: boolean): Given {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (cause) {
    if (!mustExist && (cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new AgentError(`cannot read the settings file ${file}: ${(cause as Error).message}`, EXIT.cannotStart, {
      cause,
    });
  }
  let settings: unknown;
  try {
    settings = JSON.parse(content);
  } catch (cause) {
    throw new AgentError(`the settings file ${file} is not JSON: ${(cause as Error).message}`, EXIT.cannotStart, {
      cause,
    });
  }
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) {
    throw new AgentError(`the settings file ${file} must hold one JSON object`, EXIT.cannotStart);
  }
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]: [string, unknown]) => [name, { as: `${name} in ${file}`, value }]),
  );
}

function explain(error: z.ZodError, given: Given, file: string): string {
  const lines = error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return `${issue.keys.join(', ')} in ${file}: not a setting. Settings are ${Object.keys(schema.shape).join(', ')}`;
    }
    const [name, ...inside] = issue.path;
    const where = given[name as Setting];
    const items: unknown[] = Array.isArray(where?.value) ? where.value : [];
    const item = inside.length > 0 && items.length > 0 ? ` (${JSON.stringify(items[Number(inside[0])])})` : '';
    return `${where?.as ?? String(name)}${item}: ${issue.message}`;
  });
  return lines.join('\n');
}

function present(given: Given): Given {
  return Object.fromEntries(Object.entries(given).filter(([, { value }]) => value !== undefined));
}

function text(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value;
}

/** A text that is no number stays a text, so that the complaint is about what was typed. */
function number(value: string | undefined): number | string | undefined {
  return value !== undefined && /^\s*-?[0-9]+(\.[0-9]+)?\s*$/.test(value) ? Number(value) : value;
}

function boolean(value: string | undefined): boolean | string | undefined {
  if (value === undefined) return undefined;
  if (/^(1|true|yes|on)$/i.test(value)) return true;
  return /^(0|false|no|off)$/i.test(value) ? false : value;
}

function booleanOrNumber(value: string | undefined): boolean | number | string | undefined {
  const read = number(value);
  return typeof read === 'number' ? read : boolean(value);
}

function list(value: string | undefined, separator: string): string[] | undefined {
  return value
    ?.split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function defaultDataDir({ env, platform, home }: Surroundings): string {
  if (platform === 'win32')
    return path.join(text(env['LOCALAPPDATA']) ?? path.join(home, 'AppData', 'Local'), 'Playfleet', 'worker');
  if (platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'Playfleet', 'worker');
  return path.join(text(env['XDG_DATA_HOME']) ?? path.join(home, '.local', 'share'), 'playfleet', 'worker');
}

function thisMachine(): Surroundings {
  return {
    env: process.env,
    platform: process.platform,
    home: os.homedir(),
    hostname: os.hostname(),
    cpus: os.availableParallelism(),
  };
}
