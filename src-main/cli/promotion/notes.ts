/** What lies beside the database of a promotion: how to reach it while it runs, and that all of it is at home. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { writeAtomically } from '../../agent/atomic-file.ts';
import { CliFailure } from '../failure.ts';
import { parseJson } from '../../../shared/base/parse-json.ts';

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

/** Says that a promotion is at home; for who deletes it. */
export const HOME_NOTE = 'home.json';
const homeFile = (folder: string): string => path.join(folder, HOME_NOTE);
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
