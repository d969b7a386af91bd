/** Reads people, their teams and invitations, in the shapes of the REST API; hashes and secrets stay here. */
import { sql, type SqlBool } from 'kysely';
import { isoTime, isoTimeOrNull } from '../../shared/protocol/rest/common.ts';
import type { Invitation, Person } from '../../shared/protocol/rest/people.ts';
import type { Role } from '../../shared/protocol/rest/roles.ts';
import type { Language } from '../mail/letters.ts';
import type { ReadHandle } from '../storage/database.ts';

/** Whom a provider means. */
export async function accountByIdentity(
  r: ReadHandle,
  provider: string,
  subject: string,
): Promise<Account | undefined> {
  return r.get<Account>(`${ACCOUNT} WHERE id = (SELECT person_id FROM identities WHERE provider = ? AND subject = ?)`, [
    provider,
    subject,
  ]);
}

/** What signing in looks at. */
export interface Account {
  id: string;
  email: string;
  name: string;
  admin: 0 | 1;
  password_hash: string | null;
  totp_secret: string | null;
  totp_confirmed_at: number | null;
  totp_step: number | null;
  failures: number;
  locked_until: number | null;
  language: Language | null;
}

const ACCOUNT =
  'SELECT id, email, name, admin, password_hash, totp_secret, totp_confirmed_at, totp_step, failures, locked_until, language FROM people';

export async function accountByEmail(r: ReadHandle, email: string): Promise<Account | undefined> {
  return r.get<Account>(`${ACCOUNT} WHERE email = ?`, [email]);
}

export async function accountById(r: ReadHandle, id: string): Promise<Account | undefined> {
  return r.get<Account>(`${ACCOUNT} WHERE id = ?`, [id]);
}

function select(r: ReadHandle) {
  return r.query
    .selectFrom('people')
    .selectAll('people')
    .select([
      sql<string>`(SELECT json_group_array(json_object('id', t.id, 'name', t.name, 'role', m.role) ORDER BY t.name)
        FROM members m JOIN teams t ON t.id = m.team_id WHERE m.person_id = people.id)`.as('teams'),
      sql<string>`(SELECT json_group_array(DISTINCT provider) FROM identities i WHERE i.person_id = people.id)`.as(
        'providers',
      ),
    ]);
}

type Row = Awaited<ReturnType<ReturnType<typeof select>['execute']>>[number];

export async function getPerson(r: ReadHandle, id: string): Promise<Person | null> {
  const row = await select(r).where('people.id', '=', id).executeTakeFirst();
  return row ? toPerson(row) : null;
}

/** By e-mail, behind the e-mail `after`. `teams`: only members of these, and only these memberships of theirs; null: all. */
export async function listPeople(
  r: ReadHandle,
  teams: readonly string[] | null,
  page: { limit: number; after: string | null },
): Promise<Person[]> {
  let query = select(r).orderBy('email').limit(page.limit);
  if (page.after !== null) query = query.where('email', '>', page.after);
  if (teams !== null) {
    query = query.where(
      sql<SqlBool>`people.id IN (SELECT person_id FROM members WHERE team_id IN (SELECT value FROM json_each(${JSON.stringify(teams)})))`,
    );
  }
  const people = (await query.execute()).map(toPerson);
  if (teams === null) return people;
  return people.map((one) => ({ ...one, teams: one.teams.filter(({ id }) => teams.includes(id)) }));
}

function toPerson(row: Row): Person {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    admin: row.admin === 1,
    teams: JSON.parse(row.teams) as Person['teams'],
    second_factor: row.totp_confirmed_at !== null,
    password: row.password_hash !== null,
    providers: JSON.parse(row.providers) as string[],
    locked_until: isoTimeOrNull(row.locked_until),
    created_at: isoTime(row.created_at),
    created_by: row.created_by,
    last_sign_in_at: isoTimeOrNull(row.last_sign_in_at),
  };
}

export interface InvitationRow {
  id: string;
  email: string;
  role: Role;
  team_id: string | null;
  team: string | null;
  created_at: number;
  created_by: string;
  expires_at: number;
}

const INVITATIONS = `
  SELECT k.id, k.email, k.role, k.team_id, t.name AS team, k.created_at, k.created_by, k.expires_at
  FROM tickets k LEFT JOIN teams t ON t.id = k.team_id WHERE k.kind = 'invitation'`;

export async function getInvitation(r: ReadHandle, id: string, now: number): Promise<InvitationRow | undefined> {
  return r.get<InvitationRow>(`${INVITATIONS} AND k.id = ? AND k.expires_at > ?`, [id, now]);
}

/** Open ones, newest first, behind the id `before`. `teams`: only into these; null: all. */
export async function listInvitations(
  r: ReadHandle,
  teams: readonly string[] | null,
  page: { limit: number; before: string | null },
  now: number,
): Promise<Invitation[]> {
  const rows = await r.all<InvitationRow>(
    `${INVITATIONS} AND k.expires_at > ? AND (? IS NULL OR k.id < ?)
       AND (? IS NULL OR k.team_id IN (SELECT value FROM json_each(?))) ORDER BY k.id DESC LIMIT ?`,
    [now, page.before, page.before, teams && JSON.stringify(teams), JSON.stringify(teams ?? []), page.limit],
  );
  return rows.map(toInvitation);
}

export function toInvitation(row: InvitationRow): Invitation {
  return {
    id: row.id,
    email: row.email,
    role: row.role,
    team: row.team,
    created_at: isoTime(row.created_at),
    created_by: row.created_by,
    expires_at: isoTime(row.expires_at),
  };
}
