/** What an updater must still know after a restart. */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { writeAtomically } from '../agent/atomic-file.ts';

const at = z.int().min(0);
/** A package in the updater's folder. */
const kept = z.object({ version: z.string(), name: z.string(), size: z.int(), sha512: z.string() });

const updaterState = z.object({
  schema: z.literal(1),
  /** By channel: the newest that was ever seen there. */
  seen: z.record(z.string(), z.object({ version: z.string(), signedAt: at })).default({}),
  /** Not to be installed again. */
  bad: z.array(z.object({ version: z.string(), why: z.string(), at })).default([]),
  trial: z
    .object({ version: z.string(), previous: z.string(), installs: z.int(), starts: z.int() })
    .nullable()
    .default(null),
  lastCheckAt: at.nullable().default(null),
  failedChecks: z.int().default(0),
  postponedUntil: at.nullable().default(null),
  installRetryAt: at.nullable().default(null),
  /** Loaded and checked, to be installed. */
  loaded: kept.extend({ at }).nullable().default(null),
  /** Of a version that works: put back where a newer one does not. */
  kept: kept.nullable().default(null),
});
export type UpdaterState = z.infer<typeof updaterState>;
export type KeptPackage = z.infer<typeof kept>;

export class StateFile {
  readonly #file: string;
  #state: UpdaterState;
  #last: Promise<void> = Promise.resolve();

  /** One that cannot be read counts as none: `report` is told. */
  static async open(folder: string, report: (problem: string) => void): Promise<StateFile> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = path.join(folder, 'state.json');
    const read = await readState(file);
    if (typeof read !== 'string') return new StateFile(file, read);
    report(`${file} cannot be read (${read}): what it knew of updates is lost`);
    return new StateFile(file, updaterState.parse({ schema: 1 }));
  }

  private constructor(file: string, state: UpdaterState) {
    this.#file = file;
    this.#state = state;
  }

  get now(): Readonly<UpdaterState> {
    return this.#state;
  }

  /** Resolves when it is on the disk. One after the other: what is changed at the same time stays, too. */
  change(change: Partial<UpdaterState>): Promise<void> {
    const changed = this.#last.then(() => this.#write(change));
    this.#last = changed.catch(() => undefined);
    return changed;
  }

  async #write(change: Partial<UpdaterState>): Promise<void> {
    const next = { ...this.#state, ...change };
    await writeAtomically(this.#file, `${JSON.stringify(next, null, 2)}\n`);
    this.#state = next;
  }
}

async function readState(file: string): Promise<UpdaterState | string> {
  try {
    return updaterState.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return updaterState.parse({ schema: 1 });
    return (error as Error).message;
  }
}
