/** The coordinators that this worker knows, and the one that it works for: a file that the running agent follows and commands may write. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { promotionStatement, signingKey } from '../../../shared/protocol/offline/promotion.ts';
import { writeAtomically } from '../atomic-file.ts';
import { AgentError, EXIT } from '../errors.ts';

export const awayCoordinator = z.strictObject({
  origin: z.string().min(1).max(100),
  /** Of the machine that was promoted. */
  name: z.string().min(1).max(200),
  /** Without a slash at its end. */
  url: z.url({ protocol: /^https$/ }),
  pin: z.string(),
  /** Whose word was checked; it is checked again before the worker shows its key there. */
  statement: promotionStatement,
  since: z.int(),
});
export type AwayCoordinator = z.infer<typeof awayCoordinator>;

const stored = z.strictObject({
  version: z.literal(1),
  /** The one that this worker enrolled at; its address and key lie in the key file. null: it has not said yet. */
  home: z.strictObject({ origin: z.string(), signingKey }).nullable(),
  away: z.array(awayCoordinator).max(100),
  /** Origin of the one of `away` that it works for; null: home. */
  active: z.string().nullable(),
  /** The key was shown to another coordinator: it is replaced when the worker is home. */
  keyShown: z.boolean(),
});
export type Coordinators = z.infer<typeof stored>;

export const NOBODY: Coordinators = { version: 1, home: null, away: [], active: null, keyShown: false };

/** @throws AgentError where the file is damaged. */
export async function readCoordinators(file: string): Promise<Coordinators> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NOBODY;
    throw error;
  }
  try {
    return stored.parse(JSON.parse(text));
  } catch (cause) {
    throw new AgentError(
      `${file} is damaged: delete it, and the worker works for the coordinator that it is enrolled at`,
      EXIT.cannotStart,
      { cause },
    );
  }
}

/** Reads, changes and writes it whole. */
export async function changeCoordinators(
  file: string,
  change: (before: Coordinators) => Coordinators,
): Promise<Coordinators> {
  const before = await readCoordinators(file);
  const after = change(before);
  if (JSON.stringify(before) !== JSON.stringify(after))
    await writeAtomically(file, `${JSON.stringify(stored.parse(after), null, 2)}\n`);
  return after;
}

/** Pure: from now on it works for this one. */
export const workFor = (before: Coordinators, away: AwayCoordinator): Coordinators => ({
  ...before,
  away: [...before.away.filter(({ origin }) => origin !== away.origin), away].slice(-100),
  active: away.origin,
  keyShown: true,
});

/** Pure: from now on it works for the one that it is enrolled at. */
export const workAtHome = (before: Coordinators): Coordinators => ({ ...before, active: null });

export const activeOf = ({ away, active }: Coordinators): AwayCoordinator | null =>
  away.find(({ origin }) => origin === active) ?? null;
