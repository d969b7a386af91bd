/** Caps, weights and rules in force: kept in memory for those who ask often, changed by commands. */
import { newId } from '../../shared/base/id.ts';
import { isoTime } from '../../shared/protocol/rest/common.ts';
import {
  cap,
  rule,
  weight,
  type Cap,
  type Kept,
  type Rule,
  type Weight,
} from '../../shared/protocol/rest/scheduling.ts';
import { Refusal } from '../http/refusal.ts';
import type { Database, ReadHandle, WriteHandle } from '../storage/database.ts';

/** What there is of each kind, and what there may be only one of. */
const KINDS = {
  cap: {
    schema: cap,
    key: ({ tag, environment }: Cap) => (tag === undefined ? `environment ${environment}` : `tag ${tag}`),
  },
  weight: {
    schema: weight,
    key: ({ user, project }: Weight) => (user === undefined ? `project ${project}` : `user ${user}`),
  },
  rule: { schema: rule, key: ({ name }: Rule) => name },
} as const;

export interface PolicyValues {
  cap: Cap;
  weight: Weight;
  rule: Rule;
}
export type PolicyKind = keyof PolicyValues;

interface Row {
  id: string;
  kind: PolicyKind;
  data: string;
  updated_at: number;
  updated_by: string;
}

export interface PoliciesInForce {
  caps: readonly Cap[];
  rules: readonly Rule[];
  weights: { users: ReadonlyMap<string, number>; projects: ReadonlyMap<string, number> };
}

export class Policies {
  #inForce: PoliciesInForce;

  static async open(db: Database): Promise<Policies> {
    return new Policies(toForce(await db.read((r) => rowsOf(r))));
  }

  private constructor(inForce: PoliciesInForce) {
    this.#inForce = inForce;
  }

  /** What counts now. A later change makes a new object. */
  get inForce(): PoliciesInForce {
    return this.#inForce;
  }

  /** In the order in which they count. */
  async list<K extends PolicyKind>(r: ReadHandle, kind: K): Promise<Kept<PolicyValues[K]>[]> {
    return (await rowsOf(r, kind)).map((row) => toKept<K>(row));
  }

  /** Adds one behind all others, or replaces the one with this id. null where that is not there; throws a 409 where another is for the same. */
  async put<K extends PolicyKind>(
    w: WriteHandle,
    kind: K,
    { id, value, by }: { id: string | null; value: PolicyValues[K]; by: string },
    now: number,
  ): Promise<Kept<PolicyValues[K]> | null> {
    const key = keyOf(kind, value);
    const other = await w.get<{ id: string }>('SELECT id FROM policies WHERE kind = ? AND key = ? AND id IS NOT ?', [
      kind,
      key,
      id,
    ]);
    if (other)
      throw new Refusal(409, 'already_there', `There is a ${kind} for ${key} already (${other.id}): change that one.`);
    const data = JSON.stringify(value);
    const row =
      id === null
        ? await w.get<Row>(
            `INSERT INTO policies (id, kind, key, position, data, updated_at, updated_by)
             VALUES (?, ?, ?, (SELECT coalesce(max(position), 0) + 1 FROM policies), ?, ?, ?) RETURNING *`,
            [newId(now), kind, key, data, now, by],
          )
        : await w.get<Row>(
            'UPDATE policies SET key = ?, data = ?, updated_at = ?, updated_by = ? WHERE id = ? AND kind = ? RETURNING *',
            [key, data, now, by, id, kind],
          );
    if (!row) return null;
    await this.#changed(w, kind, by);
    return toKept<K>(row);
  }

  /** Returns what it was for; null where there is none with this id. */
  async remove(w: WriteHandle, kind: PolicyKind, id: string, by: string): Promise<string | null> {
    const row = await w.get<{ key: string }>('DELETE FROM policies WHERE id = ? AND kind = ? RETURNING key', [
      id,
      kind,
    ]);
    if (!row) return null;
    await this.#changed(w, kind, by);
    return row.key;
  }

  async #changed(w: WriteHandle, kind: PolicyKind, by: string): Promise<void> {
    const inForce = toForce(await rowsOf(w));
    await w.event({ type: 'scheduling.changed', data: { kind, by } });
    w.afterCommit(() => {
      this.#inForce = inForce;
    });
  }
}

export const keyOf = <K extends PolicyKind>(kind: K, value: PolicyValues[K]): string =>
  (KINDS[kind].key as (value: PolicyValues[K]) => string)(value);

function rowsOf(r: ReadHandle, kind: PolicyKind | null = null): Promise<Row[]> {
  return r.all<Row>('SELECT * FROM policies WHERE ? IS NULL OR kind = ? ORDER BY position', [kind, kind]);
}

function toKept<K extends PolicyKind>(row: Row): Kept<PolicyValues[K]> {
  const value = KINDS[row.kind].schema.parse(JSON.parse(row.data)) as PolicyValues[K];
  return { id: row.id, updated_at: isoTime(row.updated_at), updated_by: row.updated_by, value };
}

function toForce(rows: readonly Row[]): PoliciesInForce {
  const of = <K extends PolicyKind>(kind: K) =>
    rows.filter((row) => row.kind === kind).map((row) => toKept<K>(row).value);
  const weights = of('weight');
  const named = (name: 'user' | 'project') =>
    new Map(weights.flatMap((one) => (one[name] === undefined ? [] : [[one[name], one.weight] as const])));
  return { caps: of('cap'), rules: of('rule'), weights: { users: named('user'), projects: named('project') } };
}
