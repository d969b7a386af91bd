/** Which coordinator this user talks to, and by what right: the environment, else what `playfleet login` stored (readable by the user alone). */
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { parseJson } from '../../shared/base/parse-json.ts';
import { readPinned } from '../../shared/protocol/pin.ts';
import type { CliConfig } from './config.ts';
import { CliFailure, messageOf } from './failure.ts';
import { MEND_LOGIN } from './problem.ts';

const stored = z.object({
  version: z.literal(1),
  url: z.string(),
  token: z.string(),
  // Files from before there were pins have none.
  pin: z.string().nullable().default(null),
});

export interface Login {
  /** Without a slash at its end. */
  url: string;
  token: string;
  /** Of the coordinator's own certificate; null: the authorities of this system decide. */
  pin: string | null;
}

export interface Credentials {
  /** Without a slash at its end. */
  url: string;
  token: string | null;
  pin: string | null;
  from: 'environment' | 'login';
}

export const credentialsFile = (configDir: string): string => path.join(configDir, 'credentials.json');

/** Throws CliFailure where nothing names a coordinator. */
export async function findCredentials(config: CliConfig): Promise<Credentials> {
  const own = readPinned(config.token ?? '');
  if (own === null) throw new CliFailure('PLAYFLEET_TOKEN is damaged.', 'Copy all of it, with the pin behind its dot.');
  if (config.url !== null) {
    const link = parseLink(config.url, 'PLAYFLEET_URL');
    const login = await readLogin(config.configDir, link.url);
    const token = own.token ?? link.token ?? login?.token ?? null;
    return { url: link.url, token, pin: pinFor(link.url, own.pin ?? link.pin ?? login?.pin), from: 'environment' };
  }
  const login = await readLogin(config.configDir);
  if (login === null) throw new CliFailure('This user is not logged in to any coordinator.', MEND_LOGIN);
  return {
    url: login.url,
    token: own.token ?? login.token,
    pin: pinFor(login.url, own.pin ?? login.pin),
    from: 'login',
  };
}

/** What is stored; null where nothing is, or, with `url`, where it is for another coordinator. */
export async function readLogin(configDir: string, url?: string): Promise<Login | null> {
  const file = credentialsFile(configDir);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new CliFailure(
      `${file} cannot be read: ${messageOf(error)}.`,
      'Mend its rights, or log in again after removing it.',
    );
  }
  const parsed = stored.safeParse(parseJson(text));
  if (!parsed.success) throw new CliFailure(`${file} is damaged.`, 'Run playfleet logout, then log in again.');
  const { version: _, ...login } = parsed.data;
  return url !== undefined && login.url !== url ? null : login;
}

/** Replaces what is stored. The file is never readable by others, not even for a moment. */
export async function storeLogin(configDir: string, login: Login): Promise<string> {
  const file = credentialsFile(configDir);
  await mkdir(configDir, { recursive: true, mode: 0o700 });
  const fresh = `${file}.${process.pid}.new`;
  await writeFile(fresh, `${JSON.stringify({ version: 1, ...login }, null, 2)}\n`, { mode: 0o600 });
  await chmod(fresh, 0o600);
  await rename(fresh, file);
  return file;
}

/** Returns whether anything was stored. */
export async function removeLogin(configDir: string): Promise<boolean> {
  try {
    await rm(credentialsFile(configDir));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Reads `http://host:port#TOKEN` and the link `…/welcome#token=TOKEN` that a coordinator prints. `what` names the value in messages. */
export function parseLink(text: string, what: string): Omit<Login, 'token'> & { token: string | null } {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new CliFailure(
      `${what} is not an address: expected http://host:port#TOKEN.`,
      'Copy the whole link, in quotes.',
    );
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new CliFailure(`${what} begins with ${url.protocol}; expected http:// or https://.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new CliFailure(`${what} holds a user name or password.`, 'Put the token behind a #: http://host:port#TOKEN.');
  }
  const origin = url.origin + url.pathname.replace(/\/(welcome)?\/?$/, '');
  const fragment = decodeURIComponent(url.hash.slice(1));
  const pinned = readPinned(fragment.replace(/^token=/, ''));
  if (pinned === null) throw new CliFailure(`${what} is damaged behind the #.`, 'Copy the whole link, in quotes.');
  return { ...pinned, url: origin, pin: pinFor(origin, pinned.pin) };
}

/** What is known by its key is reached encrypted only. */
function pinFor(url: string, pin: string | null | undefined): string | null {
  if (pin == null) return null;
  if (url.startsWith('https:')) return pin;
  throw new CliFailure(
    `${url} is not encrypted, but its token has the pin of a certificate.`,
    'Begin it with https://.',
  );
}
