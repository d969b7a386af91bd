/** The promotions of this machine: one folder each, with the database, and what is noted beside it. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import { toldCounts } from '../../../shared/model/home-counts.ts';
import { isPromoted, removePromoted } from '../../../coordinator/promote.ts';
import { counted } from '../terminal/format.ts';
import { HOME_NOTE, readHome, type BroughtHomeFigures } from './notes.ts';

/** Folders of all promotions that are still here, the oldest first. */
export async function listPromotions(root: string): Promise<string[]> {
  const names = await readdir(root).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.sort().map((name) => path.join(root, name));
}

/**
 * The one that is not at home yet; null: there is none. One that was cut off while it was made holds nothing, and is removed. Rejects with
 * StorageLockedError where it runs at this moment.
 */
export async function unfinishedPromotion(root: string, log: Logger): Promise<string | null> {
  for (const folder of await listPromotions(root)) {
    if ((await readHome(folder)) !== null) continue;
    if (await isPromoted(folder, log)) return folder;
    await removePromoted(folder);
  }
  return null;
}

/** For people. */
export function homeLine({ counts, hash, conflicts }: BroughtHomeFigures): string {
  const { told, entries } = toldCounts(counts);
  const parts = [...told.map(({ kind, n }) => counted(n, kind)), `${counted(entries, 'entry', 'entries')} in all`];
  const open = conflicts === 0 ? '' : `; ${counted(conflicts, 'change', 'changes')} to decide`;
  return `${parts.join(', ')}; both sides have the same (${hash.slice(0, 16)}…)${open}`;
}

/** The note that all is at home goes last: who is cut off here does it again, and never goes on with what is half gone. */
export async function removeAtHome(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name !== HOME_NOTE) await rm(path.join(folder, name), { recursive: true, force: true });
  await removePromoted(folder);
}

export async function newFolder(root: string, now: number): Promise<string> {
  const folder = path.join(root, new Date(now).toISOString().replaceAll(/[:.]/g, '-'));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}
