/** The coordinator's settings at start: flags, else the environment, else defaults. Nothing else in the coordinator reads the environment. */
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);

const schema = z.strictObject({
  /** Loopback unless told otherwise: whoever reaches the port can try tokens. */
  host: z.string().min(1).default('127.0.0.1'),
  /** 0 = any free one. */
  port: port.default(4800),
  /** Where reports are served from; default: the next port, or any free one where `port` is 0. */
  contentPort: port.optional(),
  dataDir: z
    .string()
    .min(1)
    .transform((text) => path.resolve(text)),
  /** The address that links name, where it is not http://host:port (behind a proxy, or bound to all interfaces). */
  publicUrl: z.url({ protocol: /^https?$/ }).optional(),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

export interface CoordinatorConfig {
  host: string;
  port: number;
  contentPort: number;
  dataDir: string;
  publicUrl: string | null;
  logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

export interface CoordinatorFlags {
  host?: string | undefined;
  port?: string | number | undefined;
  contentPort?: string | number | undefined;
  data?: string | undefined;
  publicUrl?: string | undefined;
  logLevel?: string | undefined;
}

/** A setting that cannot be taken; the message names it and how to mend it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const SOURCES = {
  host: ['--host', 'PLAYFLEET_HOST'],
  port: ['--port', 'PLAYFLEET_PORT_API'],
  contentPort: ['--content-port', 'PLAYFLEET_CONTENT_PORT'],
  dataDir: ['--data', 'PLAYFLEET_DATA'],
  publicUrl: ['--public-url', 'PLAYFLEET_PUBLIC_URL'],
  logLevel: ['--log-level', 'PLAYFLEET_LOG_LEVEL'],
} as const;

export function readCoordinatorConfig(
  flags: CoordinatorFlags,
  env: NodeJS.ProcessEnv = process.env,
): CoordinatorConfig {
  const given = {
    host: flags.host ?? env.PLAYFLEET_HOST,
    port: flags.port ?? env.PLAYFLEET_PORT_API,
    contentPort: flags.contentPort ?? env.PLAYFLEET_CONTENT_PORT,
    dataDir: flags.data ?? env.PLAYFLEET_DATA ?? defaultDataDir(env),
    publicUrl: flags.publicUrl ?? env.PLAYFLEET_PUBLIC_URL,
    logLevel: flags.logLevel ?? env.PLAYFLEET_LOG_LEVEL,
  };
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const field = String(issue?.path[0]) as keyof typeof SOURCES;
    throw new ConfigError(`${SOURCES[field].join(' or ')}: ${issue?.message ?? 'not understood'}`);
  }
  const config = parsed.data;
  return {
    ...config,
    contentPort: config.contentPort ?? (config.port === 0 ? 0 : config.port + 1),
    publicUrl: config.publicUrl?.replace(/\/+$/, '') ?? null,
  };
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
