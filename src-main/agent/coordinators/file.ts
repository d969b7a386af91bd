/**
 * `coordinators.json` of a worker's data folder: the coordinators that it remembers, which of them it works for, and what stands in for each. The
 * running agent follows it, and commands write it.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { writeAtomicallySync } from '../atomic-file.ts';
import { AgentError, EXIT } from '../errors.ts';
import { lockFile } from '../file-lock.ts';
import { FIRST, folderOf } from './folders.ts';
import { NOBODY, standIns } from './stand-ins.ts';

export const FILE = 'coordinators.json';
const VERSION = 2;
/** Beside others, a change takes milliseconds. */
const LOCK_WAIT_MS = 5000;

const idText = z.string().regex(/^[a-z0-9-]{1,64}$/);
/** `name`: what it calls itself; '': it has not been asked. */
const entry = z.strictObject({ id: idText, name: z.string().max(200), standIns });
const stored = z.strictObject({ version: z.literal(VERSION), active: idText, coordinators: z.array(entry) });
type Entry = z.infer<typeof entry>;
export type CoordinatorsFile = Omit<z.infer<typeof stored>, 'version'>;

/** Until version 2, what stands in for each lay in a file of its own. */
const storedV1 = z.strictObject({
  version: z.literal(1),
  active: idText,
  coordinators: z.array(entry.omit({ standIns: true })),
});
const STAND_INS_V1 = 'stand-ins.json';
const standInsV1 = standIns.extend({ version: z.literal(1) });

export const coordinatorsFile = (root: string): string => path.join(root, FILE);

/** Holds the first one, too, where nothing is known of it. @throws AgentError for a damaged file. */
export function readCoordinators(root: string): CoordinatorsFile {
  const file = coordinatorsFile(root);
  const json = readJson(file);
  const now = stored.safeParse(json);
  if (now.success) return withFirst(now.data.active, now.data.coordinators);
  const before = storedV1.safeParse(json ?? { version: 1, active: FIRST, coordinators: [] });
  if (!before.success) throw damaged(file);
  const { active, coordinators } = withFirst(before.data.active, before.data.coordinators.map(withStandIns(NOBODY)));
  return { active, coordinators: coordinators.map((one) => withStandIns(standInsBefore(root, one.id))(one)) };
}

/**
 * Reads, changes and writes it whole, while no other program does. A file of an older version is replaced only when something changes, so that an
 * older agent that is put back meanwhile still reads it. @throws AgentError for a damaged file.
 */
export function changeCoordinators(
  root: string,
  change: (before: CoordinatorsFile) => CoordinatorsFile,
): CoordinatorsFile {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const lock = lockFile(path.join(root, 'coordinators.lock'), LOCK_WAIT_MS);
  if (lock === null)
    throw new AgentError(`${coordinatorsFile(root)} is being changed by another program: try again`, EXIT.cannotStart);
  try {
    const before = readCoordinators(root);
    const after = change(before);
    if (JSON.stringify(before) === JSON.stringify(after)) return before;
    const { active, coordinators } = after;
    const whole = stored.parse({ version: VERSION, active, coordinators });
    writeAtomicallySync(coordinatorsFile(root), `${JSON.stringify(whole, null, 2)}\n`);
    for (const { id } of before.coordinators) rmSync(path.join(folderOf(root, id), STAND_INS_V1), { force: true });
    return after;
  } finally {
    lock.close();
  }
}

const withStandIns =
  (standIns: Entry['standIns']) =>
  (one: Omit<Entry, 'standIns'>): Entry => ({ ...one, standIns });

function withFirst(active: string, coordinators: Entry[]): CoordinatorsFile {
  const hasFirst = coordinators.some(({ id }) => id === FIRST);
  return {
    active,
    coordinators: hasFirst ? coordinators : [{ id: FIRST, name: '', standIns: NOBODY }, ...coordinators],
  };
}

function standInsBefore(root: string, id: string): Entry['standIns'] {
  const file = path.join(folderOf(root, id), STAND_INS_V1);
  const json = readJson(file);
  if (json === null) return NOBODY;
  const parsed = standInsV1.safeParse(json);
  if (!parsed.success) throw damaged(file);
  const { home, away, active, keyShown } = parsed.data;
  return { home, away, active, keyShown };
}

/** null: there is none. */
function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) ?? false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    if (error instanceof SyntaxError) throw damaged(file);
    throw new AgentError(`cannot read ${file}: ${(error as Error).message}`, EXIT.cannotStart, { cause: error });
  }
}

const damaged = (file: string): AgentError =>
  new AgentError(
    `${file} is damaged, or of a newer version: mend it, or remove it to go on with the first coordinator`,
    EXIT.cannotStart,
  );
