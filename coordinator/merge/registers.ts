/** What may be changed on both sides, as values that can be compared: JSON text in which names stand for ids, because ids may differ. */
import type { RegisterKind } from '../../shared/protocol/offline/journal.ts';
import { role, type Role } from '../../shared/protocol/rest/roles.ts';
import { z } from 'zod';
import { newId } from '../../shared/base/id.ts';
import { revokeTokensOf } from '../identity/revoke-token.ts';
import { createPerson, putMember, refuseLastAdmin } from '../people/accounts.ts';
import { endInvitationsBy } from '../people/tickets.ts';
import type { Policies, PolicyKind, PolicyValues } from '../policies/policies.ts';
import { isSettingKey, SETTINGS } from '../settings/registry.ts';
import type { Settings } from '../settings/settings.ts';
import type { ReadHandle, WriteHandle } from '../storage/database.ts';
import { findOrMakeTeam } from './places.ts';

export interface Register {
  id: string;
  /** JSON text. */
  value: string;
  /** When it was changed last, and by whom. */
  at: number;
  by: string;
}

export interface RegisterDeps {
  settings: Pick<Settings, 'change'>;
  policies: Pick<Policies, 'put' | 'remove'>;
  /** Forgets who may do what; called after the commit. */
  forget: () => void;
}

const QUERIES: Record<RegisterKind, string> = {
  setting: 'SELECT key AS id, value, updated_at AS at, updated_by AS "by" FROM settings',
  // Neither passwords nor second factors: those are secrets of the machine where they were set.
  person: `SELECT p.email AS id, json_object('name', p.name, 'admin', p.admin, 'roles', json((SELECT json_group_object(t.name, m.role ORDER BY t.name)
      FROM members m JOIN teams t ON t.id = m.team_id WHERE m.person_id = p.id))) AS value,
      coalesce(a.at, p.created_at) AS at, coalesce(a.actor_name, p.created_by) AS "by"
    FROM people p LEFT JOIN audit a ON a.seq = (SELECT max(seq) FROM audit WHERE target = p.email
      AND action IN ('person.joined', 'person.changed', 'member.changed', 'member.removed'))`,
  policy: `SELECT kind || ' ' || key AS id, json_object('kind', kind, 'data', data) AS value, updated_at AS at, updated_by AS "by" FROM policies`,
  template: `SELECT json_array(m.name, t.name) AS id, json_object('description', t.description, 'category', t.category, 'version', t.version,
      'options', t.options) AS value, t.updated_at AS at, t.updated_by AS "by" FROM run_templates t JOIN teams m ON m.id = t.team_id`,
};

/** All of a kind; of settings those that are no secrets. */
export async function listRegisters(r: ReadHandle, kind: RegisterKind): Promise<Register[]> {
  return (await r.all<Register>(`SELECT * FROM (${QUERIES[kind]}) ORDER BY id`)).filter(travels(kind));
}

/** null where it is not there. */
export async function readRegister(r: ReadHandle, kind: RegisterKind, id: string): Promise<Register | null> {
  const row = await r.get<Register>(`SELECT * FROM (${QUERIES[kind]}) WHERE id = ?`, [id]);
  return row && travels(kind)(row) ? row : null;
}

export const travels =
  (kind: RegisterKind) =>
  ({ id }: { id: string }): boolean =>
    kind !== 'setting' || (isSettingKey(id) && !SETTINGS[id].secret);

const personValue = z.strictObject({
  name: z.string().trim().min(1).max(200),
  admin: z.union([z.literal(0), z.literal(1)]),
  roles: z.record(z.string(), role),
});
const policyValue = z.strictObject({ kind: z.enum(['cap', 'weight', 'rule']), data: z.string() });
const templateValue = z.strictObject({
  description: z.string(),
  category: z.string(),
  version: z.int(),
  options: z.string(),
});

export interface RegisterWrite {
  kind: RegisterKind;
  id: string;
  /** null: take it away. */
  value: string | null;
  by: string;
}

/** Throws a Refusal where this side cannot have it so (a contradiction between settings, the last admin), or a ZodError for a value of another shape. */
export async function writeRegister(
  w: WriteHandle,
  deps: RegisterDeps,
  { kind, id, value, by }: RegisterWrite,
  now: number,
): Promise<void> {
  const parsed: unknown = value === null ? null : JSON.parse(value);
  switch (kind) {
    case 'setting':
      if (!isSettingKey(id)) throw new TypeError(`there is no setting ${id}`);
      return deps.settings.change(w, { [id]: parsed === null ? null : SETTINGS[id].schema.parse(parsed) }, by, now);
    case 'person':
      await writePerson(w, id, parsed === null ? null : personValue.parse(parsed), by, now);
      w.afterCommit(deps.forget);
      return;
    case 'policy':
      return writePolicy(w, deps, id, parsed === null ? null : policyValue.parse(parsed), by, now);
    case 'template':
      return writeTemplate(w, id, parsed === null ? null : templateValue.parse(parsed), by, now);
  }
}

async function writePerson(
  w: WriteHandle,
  email: string,
  value: z.infer<typeof personValue> | null,
  by: string,
  now: number,
): Promise<void> {
  const before = await w.get<{ id: string; admin: 0 | 1 }>('SELECT id, admin FROM people WHERE email = ?', [email]);
  if (before?.admin === 1 && value?.admin !== 1) await refuseLastAdmin(w, before.id);
  if (value === null) {
    if (!before) return;
    await revokeTokensOf(w, { personId: before.id, teamId: null }, now);
    await endInvitationsBy(w, { personId: before.id, teamId: null });
    await w.run('DELETE FROM people WHERE id = ?', [before.id]);
    return;
  }
  const { name, admin, roles } = value;
  const account = { email, name, passwordHash: null, admin: admin === 1, member: null, createdBy: by };
  const id = before?.id ?? (await createPerson(w, account, now));
  await w.run('UPDATE people SET name = ?, admin = ? WHERE id = ?', [name, admin, id]);
  const teams: string[] = [];
  for (const [team, has] of Object.entries<Role>(roles)) {
    const teamId = await findOrMakeTeam(w, { id: newId(now), name: team, createdAt: now });
    await putMember(w, { teamId, personId: id, role: has });
    teams.push(teamId);
  }
  const left = await w.all<{ team_id: string }>('SELECT team_id FROM members WHERE person_id = ?', [id]);
  for (const { team_id: teamId } of left) {
    if (teams.includes(teamId)) continue;
    await w.run('DELETE FROM members WHERE team_id = ? AND person_id = ?', [teamId, id]);
    await revokeTokensOf(w, { personId: id, teamId }, now);
  }
}

async function writePolicy(
  w: WriteHandle,
  { policies }: RegisterDeps,
  id: string,
  value: z.infer<typeof policyValue> | null,
  by: string,
  now: number,
): Promise<void> {
  const [, kind = '', key = ''] = /^(\w+) (.*)$/s.exec(id) ?? [];
  const before = await w.get<{ id: string }>('SELECT id FROM policies WHERE kind = ? AND key = ?', [kind, key]);
  if (value !== null)
    await policies.put(
      w,
      value.kind,
      { id: before?.id ?? null, value: JSON.parse(value.data) as PolicyValues[PolicyKind], by },
      now,
    );
  else if (before) await policies.remove(w, kind as PolicyKind, before.id, by);
}

async function writeTemplate(
  w: WriteHandle,
  id: string,
  value: z.infer<typeof templateValue> | null,
  by: string,
  now: number,
): Promise<void> {
  const [team, name] = z.tuple([z.string(), z.string()]).parse(JSON.parse(id));
  const teamId = await findOrMakeTeam(w, { id: newId(now), name: team, createdAt: now });
  if (value === null) {
    await w.run('DELETE FROM run_templates WHERE team_id = ? AND name = ?', [teamId, name]);
    return;
  }
  const { description, category, version, options } = value;
  await w.run(
    `INSERT INTO run_templates (id, team_id, name, description, category, version, options, created_at, created_by, updated_at, updated_by)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (team_id, name) DO UPDATE SET description = excluded.description, category = excluded.category,
       version = excluded.version, options = excluded.options, updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
    [newId(now), teamId, name, description, category, version, options, now, by, now, by],
  );
}
