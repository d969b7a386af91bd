/** Which coordinator this user talks to, and by what right: the environment, else what `playfleet login` stored (readable by the user alone). */
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { CliConfig } from './config.ts';
import { CliFailure, messageOf } from './failure.ts';
import { MEND_LOGIN } from './problem.ts';

const stored = z.object({ version: z.literal(1), url: z.string(), token: z.string() });

export interface Credentials {
  /** Without a slash at its end. */
  url: string;
  token: string | null;
  from: 'environment' | 'login';
}

const fileOf = (configDir: string) => path.join(configDir, 'credentials.json');

/** Throws CliFailure where nothing names a coordinator. */
export async function findCredentials(config: CliConfig): Promise<Credentials> {
  if (config.url !== null) {
    const link = parseLink(config.url, 'PLAYFLEET_URL');
    const token = config.token ?? link.token ?? (await readLogin(config.configDir, link.url))?.token ?? null;
    return { url: link.url, token, from: 'environment' };
  }
  const login = await readLogin(config.configDir);
  if (login === null) throw new CliFailure('This user is not logged in to any coordinator.', MEND_LOGIN);
  return { url: login.url, token: config.token ?? login.token, from: 'login' };
}

/** What is stored; null where nothing is, or, with `url`, where it is for another coordinator. */
export async function readLogin(configDir: string, url?: string): Promise<{ url: string; token: string } | null> {
  const file = fileOf(configDir);
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
  return url !== undefined && parsed.data.url !== url ? null : { url: parsed.data.url, token: parsed.data.token };
}

/** Replaces what is stored. The file is never readable by others, not even for a moment. */
export async function storeLogin(configDir: string, login: { url: string; token: string }): Promise<string> {
  const file = fileOf(configDir);
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
    await rm(fileOf(configDir));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Reads `http://host:port#TOKEN` and the link `…/welcome#token=TOKEN` that a coordinator prints. `what` names the value in messages. */
export function parseLink(text: string, what: string): { url: string; token: string | null } {
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
  const fragment = decodeURIComponent(url.hash.slice(1));
  const token = fragment.replace(/^token=/, '');
  return { url: url.origin + url.pathname.replace(/\/(welcome)?\/?$/, ''), token: token === '' ? null : token };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
