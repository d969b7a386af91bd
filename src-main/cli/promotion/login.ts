/** Which coordinator this user's commands talk to, while a promoted one stands in for theirs: what they were logged in to is kept. */
import { readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Cli } from '../cli.ts';
import { readLogin, storeLogin, type Login } from '../credentials.ts';

const keptFile = (configDir: string): string => path.join(configDir, 'credentials.central.json');

/** `otherwise`: a token for who was not logged in to `central`; null: then nothing changes. */
export async function followWithLogin(
  { config: { configDir } }: Cli,
  to: Pick<Login, 'url' | 'pin'>,
  { central, otherwise }: { central: string; otherwise: string | null },
): Promise<boolean> {
  const before = await readLogin(configDir);
  const isCentral = before?.url === central;
  const token = isCentral ? before.token : otherwise;
  if (token === null) return false;
  if (isCentral) await rename(path.join(configDir, 'credentials.json'), keptFile(configDir));
  await storeLogin(configDir, { ...to, token });
  return true;
}

/** Back to what was kept. False where there is nothing kept. */
export async function comeHomeWithLogin({ config: { configDir } }: Cli): Promise<boolean> {
  const kept = keptFile(configDir);
  const text = await readFile(kept, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return false;
  await rm(path.join(configDir, 'credentials.json'), { force: true });
  await rename(kept, path.join(configDir, 'credentials.json'));
  return true;
}
