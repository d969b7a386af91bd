/** Which coordinator this user's commands talk to, while a promoted one stands in for theirs: what they were logged in to is kept. */
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Cli } from '../cli.ts';
import { credentialsFile, readLogin, storeLogin, type Login } from '../credentials.ts';

const keptFile = (configDir: string): string => path.join(configDir, 'credentials.before.json');

/** `otherwise`: a token for who was not logged in to `central`; null: then nothing changes. */
export async function followWithLogin(
  { config: { configDir } }: Cli,
  to: Pick<Login, 'url' | 'pin'>,
  { central, otherwise }: { central: string; otherwise: string | null },
): Promise<boolean> {
  const before = await readLogin(configDir);
  const token = before?.url === central ? before.token : otherwise;
  if (token === null) return false;
  // What is kept already is from before a promotion that goes on.
  if (before && !existsSync(keptFile(configDir))) await rename(credentialsFile(configDir), keptFile(configDir));
  await storeLogin(configDir, { ...to, token });
  return true;
}

/** Back to what was kept; where nothing was, the login to the promoted one ends with it. False where nothing changes. */
export async function comeHomeWithLogin({ config: { configDir } }: Cli, from: string | null): Promise<boolean> {
  const kept = keptFile(configDir);
  const login = credentialsFile(configDir);
  if (existsSync(kept)) {
    await rename(kept, login);
    return true;
  }
  if (from === null || (await readLogin(configDir, from)) === null) return false;
  await rm(login);
  return true;
}
