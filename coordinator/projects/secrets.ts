/**
 * Secrets of projects: sealed in the database, open in memory, because grants are made and reports are redacted far too often to unseal
 * anything there. One process owns the database, so the memory is never older than it.
 */
import { newId } from '../../shared/base/id.ts';
import { Redactor } from '../../shared/base/redact.ts';
import { isoTime } from '../../shared/protocol/rest/common.ts';
import { MAX_SECRETS, type Secret } from '../../shared/protocol/rest/secrets.ts';
import { badField } from '../http/refusal.ts';
import { seal, unseal } from '../identity/data-key.ts';
import type { Database, ReadHandle, WriteHandle } from '../storage/database.ts';

export interface SecretPlace {
  projectId: string;
  environment: string;
}

interface Open {
  value: string;
  inDiscovery: boolean;
}

interface Row extends Stored {
  in_discovery: number;
  created_at: number;
  updated_at: number;
  updated_by: string;
}

interface Stored {
  id: string;
  project_id: string;
  environment: string;
  name: string;
  sealed: string;
}

export interface SecretsOptions {
  db: Database;
  /** Seals them. */
  key: Uint8Array;
  report: (error: unknown, during: string) => void;
}

export class ProjectSecrets {
  readonly #key: Uint8Array;
  readonly #report: SecretsOptions['report'];
  /** Project and environment → name → secret. */
  #open = new Map<string, Map<string, Open>>();
  readonly #redactors = new Map<string, Redactor>();

  static async open(options: SecretsOptions): Promise<ProjectSecrets> {
    const secrets = new ProjectSecrets(options);
    secrets.#open = await options.db.read((r) => secrets.#readAll(r));
    return secrets;
  }

  private constructor({ key, report }: SecretsOptions) {
    this.#key = key;
    this.#report = report;
  }

  /** There is nothing to hand out or to hide anywhere. */
  get isEmpty(): boolean {
    return this.#open.size === 0;
  }

  /** What a leased task of this kind gets; undefined where that is nothing. */
  forTask(place: SecretPlace, kind: 'discover' | 'shard' | 'units'): Record<string, string> | undefined {
    const all = [...(this.#open.get(keyOf(place)) ?? [])];
    const given = all.filter(([, { inDiscovery }]) => kind !== 'discover' || inDiscovery);
    return given.length === 0 ? undefined : Object.fromEntries(given.map(([name, { value }]) => [name, value]));
  }

  /** Hides what tasks of this place may have been given. Of no other place: else it would tell what the secrets of others are. */
  redactor(place: SecretPlace): Redactor {
    const key = keyOf(place);
    const known = this.#redactors.get(key);
    if (known) return known;
    const made = new Redactor([...(this.#open.get(key)?.values() ?? [])].map(({ value }) => value));
    if (!made.isEmpty) this.#redactors.set(key, made);
    return made;
  }

  async set(
    w: WriteHandle,
    {
      place,
      name,
      value,
      inDiscovery,
      by,
    }: { place: SecretPlace; name: string; value: string; inDiscovery: boolean; by: string },
    now: number,
  ): Promise<void> {
    const { projectId, environment } = place;
    const before = await w.get<{ id: string }>(
      'SELECT id FROM secrets WHERE project_id = ? AND environment = ? AND name = ?',
      [projectId, environment, name],
    );
    const id = before?.id ?? newId(now);
    const sealed = seal(value, this.#key, placeOf(id));
    if (before) {
      await w.run('UPDATE secrets SET sealed = ?, in_discovery = ?, updated_at = ?, updated_by = ? WHERE id = ?', [
        sealed,
        inDiscovery ? 1 : 0,
        now,
        by,
        id,
      ]);
    } else {
      const count = await w.get<{ n: number }>('SELECT count(*) AS n FROM secrets WHERE project_id = ?', [projectId]);
      if ((count?.n ?? 0) >= MAX_SECRETS) throw badField('name', `is one too many: a project may have ${MAX_SECRETS}`);
      await w.run(
        `INSERT INTO secrets (id, project_id, environment, name, sealed, in_discovery, created_at, updated_at, updated_by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        [id, projectId, environment, name, sealed, inDiscovery ? 1 : 0, now, now, by],
      );
    }
    await this.#changed(w);
  }

  /** false where there is none. */
  async remove(w: WriteHandle, { projectId, environment }: SecretPlace, name: string): Promise<boolean> {
    const { changes } = await w.run('DELETE FROM secrets WHERE project_id = ? AND environment = ? AND name = ?', [
      projectId,
      environment,
      name,
    ]);
    if (changes > 0) await this.#changed(w);
    return changes > 0;
  }

  async list(r: ReadHandle, projectId: string): Promise<Secret[]> {
    const rows = await r.all<Row>('SELECT * FROM secrets WHERE project_id = ? ORDER BY environment, name', [projectId]);
    return rows.map((row) => ({
      environment: row.environment,
      name: row.name,
      in_discovery: row.in_discovery === 1,
      readable: this.#open.get(keyOf({ projectId, environment: row.environment }))?.has(row.name) === true,
      created_at: isoTime(row.created_at),
      updated_at: isoTime(row.updated_at),
      updated_by: row.updated_by,
    }));
  }

  async #changed(w: WriteHandle): Promise<void> {
    const all = await this.#readAll(w);
    w.afterCommit(() => {
      this.#open = all;
      this.#redactors.clear();
    });
  }

  async #readAll(r: ReadHandle): Promise<Map<string, Map<string, Open>>> {
    const places = new Map<string, Map<string, Open>>();
    for (const row of await r.all<Row>('SELECT * FROM secrets')) {
      const value = unseal(row.sealed, this.#key, placeOf(row.id));
      if (value === null) {
        this.#report(
          new Error(`The secret ${row.name} (${row.environment}) was sealed with another key. Set it again.`),
          'reading secrets',
        );
        continue;
      }
      const key = keyOf({ projectId: row.project_id, environment: row.environment });
      const place = places.get(key) ?? new Map<string, Open>();
      places.set(key, place.set(row.name, { value, inDiscovery: row.in_discovery === 1 }));
    }
    return places;
  }
}

/** Seals all of them with another key. Returns how many; those that `from` does not open stay as they are. */
export async function resealSecrets(w: WriteHandle, from: Uint8Array, to: Uint8Array): Promise<number> {
  let count = 0;
  for (const { id, sealed } of await w.all<Stored>('SELECT * FROM secrets')) {
    const value = unseal(sealed, from, placeOf(id));
    if (value === null) continue;
    await w.run('UPDATE secrets SET sealed = ? WHERE id = ?', [seal(value, to, placeOf(id)), id]);
    count++;
  }
  return count;
}

/** For a copy that leaves this installation, and what came in one. null: sealed under another key. */
export const openSecret = (sealed: string, id: string, key: Uint8Array): string | null =>
  unseal(sealed, key, placeOf(id));
export const sealSecret = (value: string, id: string, key: Uint8Array): string => seal(value, key, placeOf(id));

const placeOf = (id: string): string => `secrets/${id}`;
const keyOf = ({ projectId, environment }: SecretPlace): string => `${projectId} ${environment}`;
