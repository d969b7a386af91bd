/** What the app remembers between two starts: one file, versioned, checked when it is read, replaced as a whole. Secrets are elsewhere (vault.ts). */
import { readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { parseJson } from '../../../shared/base/parse-json.ts';
import { broughtHome } from '../../../shared/protocol/desktop/offline.ts';
import { preferences } from '../../../shared/protocol/desktop/state.ts';
import { lending } from '../../../shared/protocol/desktop/wizard.ts';
import { writeAtomically } from '../../agent/atomic-file.ts';
import { activeIn } from '../../agent/coordinators/rules.ts';

export const SETTINGS_VERSION = 3;

const coordinator = z.strictObject({
  /** Also the name of the agent's data folder for it. */
  id: z.string().regex(/^[a-z0-9-]{1,64}$/),
  name: z.string().min(1),
  /** Without a slash at its end; of the own one as it was last. */
  url: z.string().nullable(),
  pin: z.string().nullable(),
  /** Where reports and attachments come from; null: not known yet. */
  contentUrl: z.string().nullable(),
  own: z.boolean(),
  /** Its owner lets values of secrets into this computer's copy of it. */
  copySecrets: z.boolean(),
});
export type KnownCoordinator = z.infer<typeof coordinator>;

/** That this computer stands in for a coordinator: an app that begins anew goes on with it. */
const promotion = z.strictObject({
  /** Id of the coordinator. */
  of: z.string(),
  /** Values of secrets were opened. */
  secrets: z.boolean(),
  /** Where its database lies, and where it listened last; null: it has not begun to. */
  folder: z.string().nullable(),
  url: z.string().nullable(),
  /** How bringing everything home was asked for; null: it was not. */
  ending: z.enum(['when_done', 'now']).nullable(),
});
export type KeptPromotion = z.infer<typeof promotion>;

const settings = z
  .strictObject({
    version: z.literal(SETTINGS_VERSION),
    isSetUp: z.boolean(),
    lending: lending.nullable(),
    preferences,
    coordinators: z.array(coordinator).max(100),
    active: z.string().nullable(),
    /** The owner's answer where the system keeps no secrets. */
    secretsInMemory: z.boolean(),
    promotion: promotion.nullable(),
    /** What was last brought home. */
    home: broughtHome.nullable(),
  })
  .refine(({ active, coordinators }) => active === null || coordinators.some(({ id }) => id === active), {
    path: ['active'],
    error: 'must be the id of one of the coordinators',
  });
export type Settings = z.infer<typeof settings>;

export const FIRST_SETTINGS: Settings = {
  version: SETTINGS_VERSION,
  isSetUp: false,
  lending: null,
  preferences: {
    startAtLogin: false,
    notifications: 'all',
    language: 'system',
    updates: { automatic: true, channel: 'stable' },
  },
  coordinators: [],
  active: null,
  secretsInMemory: false,
  promotion: null,
  home: null,
};

/** The app cannot go on with what it found; the message is for its owner. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

export class SettingsStore {
  /** Where a file that could not be read was put; null: none. */
  readonly setAside: string | null;
  readonly #file: string;
  #value: Settings;
  #writing: Promise<void> = Promise.resolve();

  /**
   * A damaged file is set aside, so that the owner loses nothing and the app begins anew. What an older version wrote is kept beside before it is
   * written anew: where that version is put back (shared/model/update-trial.ts), it goes on with its own.
   * @throws SettingsError where a newer version has written it and nothing was kept for this one, or it cannot be read at all.
   */
  static async open(file: string, now: number): Promise<SettingsStore> {
    const found = await readText(file);
    const text = isNewer(found) ? await readText(keptFor(file, SETTINGS_VERSION)) : found;
    if (text === null && found !== null)
      throw new SettingsError(
        `${file} was written by a newer version of Playfleet. Install that version again, or remove the file to begin anew.`,
      );
    if (text === null) return new SettingsStore(file, FIRST_SETTINGS, null);
    const json = parseJson(text);
    const version = versionOf(json);
    const parsed = settings.safeParse(upToDate(json, version));
    if (parsed.success && version !== null && version < SETTINGS_VERSION)
      await writeAtomically(keptFor(file, version), text);
    if (parsed.success) return new SettingsStore(file, parsed.data, null);
    const aside = `${file}.damaged-${now}`;
    await rename(file, aside);
    return new SettingsStore(file, FIRST_SETTINGS, aside);
  }

  private constructor(file: string, value: Settings, setAside: string | null) {
    this.#file = file;
    this.#value = value;
    this.setAside = setAside;
  }

  get value(): Settings {
    return this.#value;
  }

  get active(): KnownCoordinator | null {
    return activeIn(this.#value);
  }

  /** Counts at once; resolves when it is on disk. @throws ZodError for what could not be read again. */
  change(part: Partial<Omit<Settings, 'version'>>): Promise<void> {
    this.#value = settings.parse({ ...this.#value, ...part });
    const text = `${JSON.stringify(this.#value, null, 2)}\n`;
    const writing = this.#writing.catch(() => undefined).then(() => writeAtomically(this.#file, text));
    this.#writing = writing;
    return writing;
  }
}

/** null: it says none. */
function versionOf(json: unknown): number | null {
  const version = (json as { version?: unknown } | null)?.version;
  return typeof version === 'number' ? version : null;
}

const isNewer = (text: string | null): boolean => text !== null && (versionOf(parseJson(text)) ?? 0) > SETTINGS_VERSION;

/** The settings as they were when a version that writes this form of them was last replaced. */
const keptFor = (file: string, version: number): string => `${file}.v${version}`;

function upToDate(json: unknown, version: number | null): unknown {
  if (version === 1) return fromVersion2(fromVersion1(json as object));
  return version === 2 ? fromVersion2(json as object) : json;
}

/** Until version 2 the app stood in for nobody. */
const fromVersion1 = (json: object): object => ({ ...json, promotion: null, home: null });

/** Until version 3 an environment variable let secrets into all copies. What is no list is left to the check. */
function fromVersion2({ coordinators, ...rest }: { coordinators?: unknown }): object {
  const all = Array.isArray(coordinators)
    ? (coordinators as object[]).map((one) => ({ ...one, copySecrets: false }))
    : coordinators;
  return { ...rest, version: SETTINGS_VERSION, coordinators: all };
}

async function readText(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new SettingsError(`${path.basename(file)} cannot be read: ${(error as Error).message}. Mend its rights.`);
  }
}
