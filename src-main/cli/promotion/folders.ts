/** The promotions of this machine: one folder each, with the database, and a note of how to reach it while it runs. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import { z } from 'zod';
import { toldCounts } from '../../../shared/model/home-counts.ts';
import { isPromoted, removePromoted } from '../../../coordinator/promote.ts';
import { writeAtomically } from '../../agent/atomic-file.ts';
import { CliFailure } from '../failure.ts';
import { counted } from '../terminal/format.ts';

const control = z.strictObject({
  version: z.literal(1),
  url: z.string(),
  pin: z.string(),
  /** Of an admin: whoever may read this folder owns what is in it. */
  token: z.string(),
});
export type Control = z.infer<typeof control>;

/** What central has proven to have: only then may the folder be deleted. */
const broughtHome = z.strictObject({
  version: z.literal(1),
  verified_at: z.string(),
  counts: z.record(z.string(), z.int()),
  hash: z.string(),
  conflicts: z.int(),
});
export type BroughtHome = z.infer<typeof broughtHome>;
export type BroughtHomeFigures = Omit<BroughtHome, 'version'>;

const homeFile = (folder: string): string => path.join(folder, 'home.json');
const controlFile = (folder: string): string => path.join(folder, 'control.json');

export const writeControl = (folder: string, value: Omit<Control, 'version'>): Promise<void> =>
  writeAtomically(controlFile(folder), `${JSON.stringify(control.parse({ version: 1, ...value }), null, 2)}\n`);

/** null where it was never started. */
export const readControl = (folder: string): Promise<Control | null> => readNote(controlFile(folder), control);

export const writeHome = (folder: string, value: BroughtHomeFigures): Promise<void> =>
  writeAtomically(homeFile(folder), `${JSON.stringify(broughtHome.parse({ version: 1, ...value }), null, 2)}\n`);

/** null: not all of it is at home. */
export const readHome = (folder: string): Promise<BroughtHome | null> => readNote(homeFile(folder), broughtHome);

async function readNote<T>(file: string, shape: z.ZodType<T>): Promise<T | null> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  const parsed = shape.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new CliFailure(`${file} is damaged.`, 'Remove it, and go on with the promotion: playfleet promote');
}

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

export async function newFolder(root: string, now: number): Promise<string> {
  const folder = path.join(root, new Date(now).toISOString().replaceAll(/[:.]/g, '-'));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
