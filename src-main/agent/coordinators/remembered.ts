/**
 * The coordinators that a worker's data folder remembers, one of them active. Each has its own key, and reports that wait for it alone;
 * checkouts and installs are shared. Who makes another one active makes a running agent finish what it runs and go on over there.
 */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { AgentError, EXIT } from '../errors.ts';
import { readKey } from '../key-file.ts';
import { changeCoordinators, readCoordinators } from './file.ts';
import { FIRST, folderOf, keyFileIn } from './folders.ts';
import { idFor as idAt, remembering, whyNotChosen, whyNotForgotten, without } from './rules.ts';
import { NOBODY, type StandIns } from './stand-ins.ts';

const MOST_NAME = 200;

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

export const activeId = (root: string): string => readCoordinators(root).active;

/** Where key, waiting reports and uploads of the active one lie. @throws AgentError for a damaged file. */
export const ownFolder = (root: string): string => folderOf(root, activeId(root));

/** Those at which this machine is enrolled, in the order in which they came. @throws AgentError for a damaged file or key. */
export async function listRemembered(root: string): Promise<Remembered[]> {
  const { active, coordinators } = readCoordinators(root);
  const found = await Promise.all(
    coordinators.map(async ({ id, name }) => {
      const key = await readKey(keyFileIn(folderOf(root, id)));
      if (key === null) return [];
      const { url, pin, name: worker } = key;
      return [{ id, name: name || new URL(url).hostname, url, pin, worker, active: id === active }];
    }),
  );
  return found.flat();
}

/** An id for one at `url`: that of the remembered one there, of the data folder itself where it is free, or a new one. */
export async function idFor(root: string, url: string, called: string): Promise<string> {
  const known = await listRemembered(root);
  const isFirstFree = !known.some(({ id }) => id === FIRST);
  const same = known.some((one) => one.url === url);
  return isFirstFree && !same ? FIRST : idAt({ url, called }, known, [FIRST]);
}

/** Its key must have been written. */
export function rememberActive(root: string, id: string, name: string): void {
  changeCoordinators(root, (before) => {
    const known = before.coordinators.find((one) => one.id === id);
    return remembering(before, { id, name: name.slice(0, MOST_NAME), standIns: known?.standIns ?? NOBODY });
  });
}

/** @throws AgentError where it is not remembered. */
export async function activate(root: string, id: string): Promise<void> {
  const coordinators = await listRemembered(root);
  if (whyNotChosen({ coordinators, active: null }, id) !== null)
    throw new AgentError(`no coordinator ${id} is remembered`, EXIT.cannotStart);
  changeCoordinators(root, (before) => ({ ...before, active: id }));
}

/** How many reports and files wait to be sent to it. */
export async function countWaiting(root: string, id: string): Promise<number> {
  const counts = ['outbox', 'uploads'].map(async (name) => {
    const names = await readdir(path.join(folderOf(root, id), name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    return names.length;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/** Deletes its key and what waits for it. @throws AgentError for the active one. */
export async function forget(root: string, id: string): Promise<void> {
  changeCoordinators(root, (before) => {
    if (whyNotForgotten(before, id) === 'active')
      throw new AgentError('the active coordinator cannot be forgotten: use another one first', EXIT.cannotStart);
    return { ...before, coordinators: without(before, id) };
  });
  const folder = folderOf(root, id);
  const parts = id === FIRST ? ['key.json', 'own-intent', 'outbox', 'uploads'] : [''];
  for (const part of parts) await rm(path.join(folder, part), { recursive: true, force: true });
}

/** What stands in for one of them. */
export function readStandIns(root: string, id: string): StandIns {
  return readCoordinators(root).coordinators.find((one) => one.id === id)?.standIns ?? NOBODY;
}

/** @throws AgentError where `id` is not remembered. */
export function changeStandIns(root: string, id: string, change: (before: StandIns) => StandIns): StandIns {
  const { coordinators } = changeCoordinators(root, (before) => {
    if (whyNotChosen(before, id) !== null) throw new AgentError(`no coordinator ${id} is remembered`, EXIT.cannotStart);
    return {
      ...before,
      coordinators: before.coordinators.map((one) =>
        one.id === id ? { ...one, standIns: change(one.standIns) } : one,
      ),
    };
  });
  return coordinators.find((one) => one.id === id)?.standIns ?? NOBODY;
}
