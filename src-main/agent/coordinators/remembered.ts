/**
 * The coordinators that a worker's data folder remembers, one of them active. Each has its own key, and reports that wait for it alone;
 * checkouts and installs are shared. The first one has the folder itself, others one in `coordinators/`, named by their id. Which is
 * active stands in `coordinators.json`: who writes another there makes a running agent finish what it runs and go on over there.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, watch } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { writeAtomically } from './atomic-file.ts';
import { AgentError, EXIT } from './errors.ts';
import { readKey } from './key-file.ts';
import type { Log } from './log.ts';

/** Of the one that has the data folder itself. */
export const FIRST = 'first';
const FILE = 'coordinators.json';
const VERSION = 1;
const idText = z.string().regex(/^[a-z0-9-]{1,64}$/);

const stored = z.strictObject({
  version: z.literal(VERSION),
  active: idText,
  coordinators: z.array(z.strictObject({ id: idText, name: z.string().min(1).max(200) })).max(100),
});
type Stored = z.infer<typeof stored>;

export interface Remembered {
  id: string;
  /** What it calls itself, or its host. */
  name: string;
  url: string;
  pin: string | null;
  /** What this machine is called there. */
  worker: string;
  active: boolean;
}

/** Where key, waiting reports and uploads of the active one, or of `id`, lie. @throws AgentError for a damaged file. */
export function ownFolder(root: string, id: string = readStored(root).active): string {
  return id === FIRST ? root : path.join(root, 'coordinators', id);
}

export const keyFileIn = (folder: string): string => path.join(folder, 'key.json');

export const activeId = (root: string): string => readStored(root).active;

/** Those at which this machine is enrolled, in the order in which they came. @throws AgentError for a damaged file or key. */
export async function listRemembered(root: string): Promise<Remembered[]> {
  const { active, coordinators } = readStored(root);
  const named = coordinators.some(({ id }) => id === FIRST) ? coordinators : [{ id: FIRST, name: '' }, ...coordinators];
  const found = await Promise.all(
    named.map(async ({ id, name }) => {
      const key = await readKey(keyFileIn(ownFolder(root, id)));
      if (key === null) return [];
      const { url, pin, name: worker } = key;
      return [{ id, name: name || new URL(url).hostname, url, pin, worker, active: id === active }];
    }),
  );
  return found.flat();
}

/** An id for one at `url`: that of the remembered one there, of the data folder itself where it is free, or a new one. */
export async function idFor(root: string, url: string, name: string): Promise<string> {
  const known = await listRemembered(root);
  const same = known.find((one) => one.url === url);
  if (same) return same.id;
  if (!known.some(({ id }) => id === FIRST)) return FIRST;
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return `${slug || 'coordinator'}-${randomBytes(3).toString('hex')}`;
}

/** Its key must have been written. */
export async function rememberActive(root: string, id: string, name: string): Promise<void> {
  const { coordinators } = readStored(root);
  const others = coordinators.filter((one) => one.id !== id);
  await writeStored(root, { version: VERSION, active: id, coordinators: [...others, { id, name }] });
}

/** @throws AgentError where it is not remembered. */
export async function activate(root: string, id: string): Promise<void> {
  const known = await listRemembered(root);
  if (!known.some((one) => one.id === id)) throw new AgentError(`no coordinator ${id} is remembered`, EXIT.cannotStart);
  await writeStored(root, { ...readStored(root), active: id });
}

/** How many reports and files wait to be sent to it. */
export async function countWaiting(root: string, id: string): Promise<number> {
  const counts = ['outbox', 'uploads'].map(async (name) => {
    const names = await readdir(path.join(ownFolder(root, id), name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    return names.length;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/** Deletes its key and what waits for it. @throws AgentError for the active one. */
export async function forget(root: string, id: string): Promise<void> {
  const { active, coordinators } = readStored(root);
  if (id === active)
    throw new AgentError('the active coordinator cannot be forgotten: use another one first', EXIT.cannotStart);
  await writeStored(root, { version: VERSION, active, coordinators: coordinators.filter((one) => one.id !== id) });
  const folder = ownFolder(root, id);
  const parts = id === FIRST ? ['key.json', 'own-intent', 'outbox', 'uploads'] : [''];
  for (const part of parts) await rm(path.join(folder, part), { recursive: true, force: true });
}

/** Calls `onOther` once, when another one than `id` is active. Returns what ends watching. */
export function watchActive(root: string, id: string, log: Log, onOther: () => void): () => void {
  const watcher = watch(root, { persistent: false });
  const look = (): void => {
    try {
      if (activeId(root) === id) return;
    } catch (error) {
      log.warn({ err: error }, 'this worker stays with its coordinator');
      return;
    }
    watcher.close();
    onOther();
  };
  watcher.on('change', (_, name) => {
    if (name === null || name === FILE) look();
  });
  watcher.on('error', (error) => {
    log.warn({ err: error }, 'that another coordinator is chosen will be seen at the next start');
  });
  // It may have been chosen while this agent began.
  look();
  return () => watcher.close();
}

function readStored(root: string): Stored {
  const file = path.join(root, FILE);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return { version: VERSION, active: FIRST, coordinators: [] };
    throw new AgentError(`cannot read ${file}: ${(error as Error).message}`, EXIT.cannotStart, { cause: error });
  }
  const parsed = stored.safeParse(parse(text));
  if (parsed.success) return parsed.data;
  throw new AgentError(
    `${file} is damaged, or of a newer version: mend it, or remove it to go on with the first coordinator`,
    EXIT.cannotStart,
  );
}

async function writeStored(root: string, value: Stored): Promise<void> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  await writeAtomically(path.join(root, FILE), `${JSON.stringify(value, null, 2)}\n`, 0o600);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
