/** The settings in force: kept in memory for those who ask often, changed by commands. */
import { isoTimeOrNull } from '../../shared/protocol/rest/common.ts';
import type { Setting } from '../../shared/protocol/rest/settings.ts';
import { Refusal } from '../http/refusal.ts';
import { seal, unseal } from '../identity/data-key.ts';
import type { Database, ReadHandle, WriteHandle } from '../storage/database.ts';
import { defaults, SETTING_KEYS, SETTINGS, type SettingKey, type SettingValues } from './registry.ts';
import { contradictions } from './rules.ts';

interface Stored {
  key: string;
  value: string;
  updated_at: number;
  updated_by: string;
}

export type SettingsChange = Partial<Record<SettingKey, string | number | boolean | null | undefined>>;

export interface SettingsOptions {
  db: Database;
  /** Seals secret settings. */
  key: Uint8Array;
  /** Names of the strategies that can be chosen. */
  strategies: readonly string[];
  /** Settings have changed. */
  onChange: () => void;
  report: (error: unknown, during: string) => void;
}

export class Settings {
  readonly #key: Uint8Array;
  readonly #strategies: readonly string[];
  readonly #onChange: () => void;
  readonly #report: SettingsOptions['report'];
  #values: SettingValues;

  static async open(options: SettingsOptions): Promise<Settings> {
    const settings = new Settings(options);
    settings.#values = settings.#merge(await options.db.read(readStored));
    return settings;
  }

  private constructor({ key, strategies, onChange, report }: SettingsOptions) {
    this.#key = key;
    this.#strategies = strategies;
    this.#onChange = onChange;
    this.#report = report;
    this.#values = defaults();
  }

  /** What counts now. A later change makes a new object. */
  get values(): Readonly<SettingValues> {
    return this.#values;
  }

  /** Changes some settings together; null puts one back to its default. Throws a 422 where they contradict each other. */
  async change(w: WriteHandle, change: SettingsChange, by: string, now: number): Promise<void> {
    const keys = SETTING_KEYS.filter((key) => change[key] !== undefined);
    for (const key of keys) {
      const value = change[key] ?? null;
      if (value === null) await w.run('DELETE FROM settings WHERE key = ?', [key]);
      else await this.#store(w, key, value, by, now);
    }
    const values = this.#merge(await readStored(w));
    const errors = contradictions(values, keys, this.#strategies);
    if (errors[0]) {
      const { field, message } = errors[0];
      throw new Refusal(422, 'validation_failed', `${field} ${message}`, { errors });
    }
    if (keys.length > 0) await w.event({ type: 'settings.changed', data: { keys, by } });
    w.afterCommit(() => {
      this.#values = values;
      this.#onChange();
    });
  }

  /** All settings as people see them. */
  async list(r: ReadHandle): Promise<Setting[]> {
    const stored = new Map((await readStored(r)).map((row) => [row.key, row]));
    return SETTING_KEYS.map((key) => {
      const { schema: _, options, ...definition } = SETTINGS[key];
      const row = stored.get(key);
      return {
        key,
        ...definition,
        options: key === 'load_balancer_strategy' ? [...this.#strategies] : options && [...options],
        value: definition.secret ? null : row ? this.#read(row) : definition.default,
        is_set: row !== undefined,
        updated_at: isoTimeOrNull(row?.updated_at ?? null),
        updated_by: row?.updated_by ?? null,
      };
    });
  }

  async #store(
    w: WriteHandle,
    key: SettingKey,
    value: string | number | boolean,
    by: string,
    now: number,
  ): Promise<void> {
    const kept = SETTINGS[key].secret ? { sealed: seal(JSON.stringify(value), this.#key, placeOf(key)) } : value;
    await w.run(
      `INSERT INTO settings (key, value, updated_at, updated_by) VALUES (?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
      [key, JSON.stringify(kept), now, by],
    );
  }

  #merge(rows: readonly Stored[]): SettingValues {
    const values: Record<string, unknown> = defaults();
    for (const row of rows) if (row.key in SETTINGS) values[row.key] = this.#read(row);
    return values as SettingValues;
  }

  /** A value that cannot be understood (another key file, an older version's bounds) counts as not set. */
  #read(row: Stored): string | number | boolean | null {
    const key = row.key as SettingKey;
    const { secret, schema, default: preset } = SETTINGS[key];
    let value: unknown = JSON.parse(row.value);
    if (secret) {
      const text = unseal((value as { sealed: string }).sealed, this.#key, placeOf(key));
      if (text === null) {
        this.#report(
          new Error(`The secret setting ${key} was sealed with another key. Set it again.`),
          'reading settings',
        );
        return preset;
      }
      value = JSON.parse(text);
    }
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    this.#report(
      new Error(`The stored value of ${key} is not valid any more; its default counts.`),
      'reading settings',
    );
    return preset;
  }
}

/** Seals all secret settings with another key. Returns how many; those that `from` does not open stay as they are. */
export async function resealSettings(w: WriteHandle, from: Uint8Array, to: Uint8Array): Promise<number> {
  let count = 0;
  for (const { key, value } of await readStored(w)) {
    const { sealed } = JSON.parse(value) as { sealed?: unknown };
    const text = typeof sealed === 'string' ? unseal(sealed, from, placeOf(key)) : null;
    if (text === null) continue;
    const kept = JSON.stringify({ sealed: seal(text, to, placeOf(key)) });
    await w.run('UPDATE settings SET value = ? WHERE key = ?', [kept, key]);
    count++;
  }
  return count;
}

const placeOf = (key: string): string => `settings/${key}`;

async function readStored(r: ReadHandle): Promise<Stored[]> {
  return r.all<Stored>('SELECT key, value, updated_at, updated_by FROM settings');
}
