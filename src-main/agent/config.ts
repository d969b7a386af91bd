/** The agent's settings, from flags, else the environment, else a file. Nothing else in the agent reads the environment. */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { readPinned } from '../../shared/protocol/pin.ts';
import { tag } from '../../shared/protocol/work.ts';
import { AgentError, EXIT } from './errors.ts';
import { LOG_LEVELS } from './log.ts';

/** Where a new worker enrols, and with which single-use token. */
export interface Join extends Address {
  token: string;
}

/** Where a coordinator is. */
export interface Address {
  /** Without a slash at its end. */
  url: string;
  /** Of its own certificate (shared/protocol/pin.ts); null: the authorities of this system decide. */
  pin: string | null;
}

const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' })
  .transform((text) => text.replace(/\/+$/, ''));
const PIN_NEEDS_TLS = 'has a pin, so the address must begin with https://';
const join = z.string().transform((text, context): Join => {
  const [address = '', fragment = ''] = split(text);
  const url = httpUrl.safeParse(address);
  const { token = null, pin = null } = readPinned(fragment) ?? {};
  const isPlain = pin !== null && !address.startsWith('https:');
  if (url.success && token !== null && !isPlain) return { url: url.data, token, pin };
  // The text itself is not repeated: it may hold the token.
  const message = isPlain
    ? PIN_NEEDS_TLS
    : 'must be the address and the join token, as in http://coordinator:4300#TOKEN';
  context.addIssue({ code: 'custom', message, input: undefined });
  return z.NEVER;
});
const address = z.string().transform((text, context): Address => {
  const [before = '', fragment = ''] = split(text);
  const url = httpUrl.safeParse(before);
  const { token = null, pin = null } = readPinned(fragment) ?? { token: '' };
  const isPlain = pin !== null && !before.startsWith('https:');
  if (url.success && token === null && !isPlain) return { url: url.data, pin };
  const message = isPlain
    ? PIN_NEEDS_TLS
    : 'must be an http:// or https:// address, for a certificate of its own with the pin, as in https://coordinator:4300#pfp_…';
  context.addIssue({ code: 'custom', message, input: undefined });
  return z.NEVER;
});
const seconds = (most: number) => z.number().min(0).max(most);
const folder = z
  .string()
  .min(1)
  .transform((text) => path.resolve(text));

/** One entry per setting; keys are the names in the settings file. */
const schema = z.strictObject({
  /** Enrols this machine at the first start; ignored once it is enrolled. */
  join: join.optional(),
  /** Where the coordinator is now, if it has moved since the enrolment. */
  coordinatorUrl: address.optional(),
  /** Unique among the workers of a coordinator. */
  name: z.string().min(1).max(200).optional(),
  /** Playwright processes at once. */
  slots: z.int().min(1).max(1000).optional(),
  tags: z.array(tag).max(100).default([]),
  /** A suite on this machine, for runs that name no source. */
  projectPath: folder.optional(),
  /** Longest wait between two attempts to reach the coordinator. */
  pollIntervalSeconds: seconds(3600).min(1).default(10),
  /** Folders that runs may name as their source, with all that is in them. */
  allowPaths: z.array(folder).default([]),
  /** Names of the projects that may run here; absent: all. */
  allowProjects: z.array(z.string().min(1).max(200)).max(1000).optional(),
  /** Tests may use this machine's own browser where Playwright's is not there and cannot be fetched. */
  allowSystemBrowser: z.boolean().default(false),
  /** The user that tests and installs run as; absent: the agent's own. */
  runAs: z.string().min(1).max(64).optional(),
  /** Values of secrets may lie in this machine's copy of the coordinator, although its tests run as the same user. */
  copySecrets: z.boolean().default(false),
  /** Where the key of that copy lies; absent: beside the worker's own key. */
  copyKeyFile: folder.optional(),
  /** Suites' dependencies and browsers may be installed. */
  install: z.boolean().default(true),
  /** After being told to stop: how long running tests may take before they are given back. Absent: as long as they need. */
  drainTimeoutSeconds: seconds(7 * 86_400).optional(),
  /** Larger attachments are left out, with a note. */
  attachmentLimitMb: z.int().min(1).max(100_000).default(200),
  logLevel: z.enum(LOG_LEVELS).default('info'),
});
type Parsed = z.infer<typeof schema>;

export interface AgentConfig extends Omit<
  Parsed,
  'join' | 'coordinatorUrl' | 'name' | 'slots' | 'projectPath' | 'drainTimeoutSeconds' | 'allowProjects' | 'runAs' | 'copyKeyFile'
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
  const { coordinatorUrl, ...data } = parsed.data;
  return {
    ...data,
    join: data.join ?? null,
    coordinator: coordinatorUrl ?? null,
    name: data.name ?? around.hostname,
    slots: data.slots ?? Math.max(1, Math.min(4, around.cpus)),
    projectPath: data.projectPath ?? null,
    allowProjects: data.allowProjects ?? null,
    runAs: data.runAs ?? null,
    copyKeyFile: data.copyKeyFile ?? null,
    drainTimeoutSeconds: data.drainTimeoutSeconds ?? null,
    dataDir,
    environment: env,
  };
}

function split(text: string): [string, string] {
  const at = text.indexOf('#');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
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
