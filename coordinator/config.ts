/** The coordinator's settings at start: flags, else the environment, else defaults. Nothing else in the coordinator reads the environment. */
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { updateKeys } from '../shared/protocol/update.ts';
import { FAILPOINTS, type Failpoint } from './storage/failpoint.ts';

const port = z.coerce.number().int().min(0).max(65_535);

const file = z
  .string()
  .min(1)
  .transform((text) => path.resolve(text));

const NAMES = FAILPOINTS.join('|');
const failpoint = z
  .string()
  .regex(
    new RegExp(`^(${NAMES}):[1-9][0-9]*$`),
    `must be one of ${FAILPOINTS.join(', ')} and a passage, as in ${FAILPOINTS[0]}:3`,
  )
  .transform((text): Failpoint => {
    const [name, passage] = text.split(':') as [Failpoint['name'], string];
    return { name, passage: Number(passage) };
  });

const schema = z.strictObject({
  /** Loopback unless told otherwise: whoever reaches the port can try tokens. */
  host: z.string().min(1).default('127.0.0.1'),
  /** 0 = any free one. */
  port: port.default(4800),
  /** Where reports are served from; default: the next port, or any free one where `port` is 0. */
  contentPort: port.optional(),
  dataDir: file,
  /** The address that links name, where it is not http://host:port (behind a proxy, or bound to all interfaces). */
  publicUrl: z.url({ protocol: /^https?$/ }).optional(),
  /** Serve https; without files by a certificate of its own. */
  tls: z.union([z.boolean(), z.stringbool()]).default(false),
  /** PEM files; both or neither. */
  tlsCert: file.optional(),
  tlsKey: file.optional(),
  /** Say on the LAN that it is here. */
  announce: z.union([z.boolean(), z.stringbool()]).default(false),
  /** Folder with strategies of one's own. */
  pluginsDir: file.optional(),
  /** JSON with the keys of publishers, in place of those that this build pins. */
  updateKeys: file.optional(),
  newAdminLink: z.boolean().default(false),
  failpoint: failpoint.optional(),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

/** Absolute paths. */
export interface TlsFiles {
  cert: string;
  key: string;
}

export interface CoordinatorConfig {
  host: string;
  port: number;
  contentPort: number;
  dataDir: string;
  publicUrl: string | null;
  /** own: one that the coordinator makes and tokens pin. null: plain HTTP. */
  tls: TlsFiles | 'own' | null;
  /** By multicast DNS; machines that hear it still need a code. */
  announce: boolean;
  /** null: none. */
  pluginsDir: string | null;
  /** Publishers whose updates are taken in; those of this build where it is left out. */
  updateKeys?: readonly string[];
  /** Make one at this start, for whoever has lost all others: who may start the coordinator owns its data anyway. */
  newAdminLink: boolean;
  /** Where this process is to die, in fault runs. */
  failpoint?: Failpoint | undefined;
  logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

export interface CoordinatorFlags {
  host?: string | undefined;
  port?: string | number | undefined;
  contentPort?: string | number | undefined;
  data?: string | undefined;
  publicUrl?: string | undefined;
  tls?: boolean | undefined;
  tlsCert?: string | undefined;
  tlsKey?: string | undefined;
  announce?: boolean | undefined;
  plugins?: string | undefined;
  updateKeys?: string | undefined;
  newAdminLink?: boolean | undefined;
  logLevel?: string | undefined;
}

/** A setting that cannot be taken; the message names it and how to mend it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

type Setting = keyof z.input<typeof schema>;

/** Where each setting may stand, in the order in which they are asked. */
const SOURCES = {
  host: { flag: '--host', variables: ['PLAYFLEET_HOST'] },
  // PLAYFLEET_PORT is what suites are given. The second names are older ones.
  port: { flag: '--port', variables: ['PLAYFLEET_COORDINATOR_PORT', 'PLAYFLEET_PORT_API'] },
  contentPort: { flag: '--content-port', variables: ['PLAYFLEET_CONTENT_PORT'] },
  dataDir: { flag: '--data', variables: ['PLAYFLEET_COORDINATOR_DATA', 'PLAYFLEET_DATA'] },
  publicUrl: { flag: '--public-url', variables: ['PLAYFLEET_PUBLIC_URL'] },
  tls: { flag: '--tls', variables: ['PLAYFLEET_TLS'] },
  tlsCert: { flag: '--tls-cert', variables: ['PLAYFLEET_TLS_CERT'] },
  tlsKey: { flag: '--tls-key', variables: ['PLAYFLEET_TLS_KEY'] },
  announce: { flag: '--announce', variables: ['PLAYFLEET_ANNOUNCE'] },
  pluginsDir: { flag: '--plugins', variables: ['PLAYFLEET_PLUGINS'] },
  updateKeys: { flag: '--update-keys', variables: ['PLAYFLEET_UPDATE_KEYS'] },
  newAdminLink: { flag: '--new-admin-link', variables: [] },
  failpoint: { flag: null, variables: ['PLAYFLEET_FAILPOINT'] },
  logLevel: { flag: '--log-level', variables: ['PLAYFLEET_LOG_LEVEL'] },
} as const satisfies Record<Setting, { flag: string | null; variables: readonly string[] }>;

/** @throws ConfigError that names the flag or variable, and what it must be. */
export function readCoordinatorConfig(
  flags: CoordinatorFlags,
  env: NodeJS.ProcessEnv = process.env,
): CoordinatorConfig {
  const { data, plugins, ...rest } = flags;
  const byFlag: Partial<Record<Setting, string | number | boolean | undefined>> = {
    ...rest,
    dataDir: data,
    pluginsDir: plugins,
  };
  const given = new Map<Setting, { as: string; value: string | number | boolean }>();
  for (const setting of Object.keys(SOURCES) as Setting[]) {
    const { flag, variables } = SOURCES[setting];
    const found = [[flag ?? '', byFlag[setting]] as const, ...variables.map((name) => [name, env[name]] as const)];
    for (const [as, value] of found) if (value !== undefined && !given.has(setting)) given.set(setting, { as, value });
  }
  const dataDir = given.get('dataDir');
  if (dataDir?.as === 'PLAYFLEET_DATA') refuseWorkersFolder(String(dataDir.value));
  const parsed = schema.safeParse({
    dataDir: defaultDataDir(env),
    ...Object.fromEntries([...given].map(([setting, { value }]) => [setting, value])),
  });
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const setting = issue?.path[0] as Setting;
    throw new ConfigError(`${given.get(setting)?.as ?? setting}: ${issue?.message ?? 'not understood'}`);
  }
  const { tls, tlsCert, tlsKey, updateKeys: keyFile, ...config } = parsed.data;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new ConfigError('--tls-cert, --tls-key: give both, or neither');
  }
  if (config.announce) refuseVainAnnouncement(config.host, tls || tlsCert !== undefined);
  return {
    ...config,
    contentPort: config.contentPort ?? (config.port === 0 ? 0 : config.port + 1),
    pluginsDir: config.pluginsDir ?? null,
    ...(keyFile === undefined ? {} : { updateKeys: readKeys(keyFile) }),
    publicUrl: config.publicUrl?.replace(/\/+$/, '') ?? null,
    tls: tlsCert !== undefined && tlsKey !== undefined ? { cert: tlsCert, key: tlsKey } : tls ? 'own' : null,
  };
}

/** Where a promoted coordinator, which is told all the rest, is to die in a fault run. @throws ConfigError */
export function readFailpoint(env: NodeJS.ProcessEnv = process.env): Failpoint | undefined {
  const [variable] = SOURCES.failpoint.variables;
  const parsed = failpoint.optional().safeParse(env[variable]);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${variable}: ${parsed.error.issues[0]?.message ?? 'not understood'}`);
}

/** Whoever hears of it joins by a code, which takes https, from another machine. */
function refuseVainAnnouncement(host: string, isEncrypted: boolean): void {
  if (!isEncrypted) throw new ConfigError('--announce: needs --tls, because machines that hear of it join by a code');
  if (['127.0.0.1', 'localhost', '::1'].includes(host))
    throw new ConfigError(`--announce: nobody else reaches ${host}; add --host 0.0.0.0`);
}

function readKeys(keyFile: string): readonly string[] {
  try {
    return updateKeys.parse(JSON.parse(readFileSync(keyFile, 'utf8'))).keys;
  } catch (error) {
    const [issue] = error instanceof z.ZodError ? error.issues : [];
    const what = issue ? `${issue.path.join('.')}: ${issue.message}` : (error as Error).message;
    throw new ConfigError(`--update-keys: ${keyFile} holds no list of keys (${what})`);
  }
}

/** PLAYFLEET_DATA is the worker's: where both stand in one environment, the coordinator must not move in with it. */
function refuseWorkersFolder(folder: string): void {
  if (!existsSync(path.join(folder, 'key.json')) || existsSync(path.join(folder, 'playfleet.db'))) return;
  throw new ConfigError(
    `PLAYFLEET_DATA: ${folder} is the data folder of a worker. Name one for the coordinator with PLAYFLEET_COORDINATOR_DATA or --data`,
  );
}

/** Where each system keeps the data of programs. */
function defaultDataDir(env: NodeJS.ProcessEnv): string {
  const home = os.homedir();
  if (process.platform === 'win32')
    return path.join(env.LOCALAPPDATA ?? path.join(home, 'AppData', 'Local'), 'Playfleet', 'coordinator');
  if (process.platform === 'darwin')
    return path.join(home, 'Library', 'Application Support', 'Playfleet', 'coordinator');
  return path.join(env.XDG_DATA_HOME ?? path.join(home, '.local', 'share'), 'playfleet', 'coordinator');
}
