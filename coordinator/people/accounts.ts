/** Makes accounts and changes their passwords. Hashes are worked out before these commands. */
import { newId } from '../../shared/base/id.ts';
import type { Role } from '../../shared/protocol/rest/roles.ts';
import { badField, Refusal } from '../http/refusal.ts';
import type { WriteHandle } from '../storage/database.ts';
import { whyWeak } from './rules.ts';
import { endSessions, endTrust } from './sessions.ts';

export interface NewPerson {
  email: string;
  name: string;
  /** null: signs in through a provider only. */
  passwordHash: string | null;
  admin: boolean;
  /** null with admin. */
  member: { teamId: string; role: Role } | null;
  createdBy: string;
}

/** 409 where the e-mail has an account already. */
export async function createPerson(w: WriteHandle, person: NewPerson, now: number): Promise<string> {
  const { email, name, passwordHash, admin, member, createdBy } = person;
  if (await w.get('SELECT id FROM people WHERE email = ?', [email])) {
    throw new Refusal(
      409,
      'email_taken',
      `${email} has an account already. Sign in with it, or let an admin make a link for a new password.`,
    );
  }
  const id = newId(now);
  await w.run(
    'INSERT INTO people (id, email, name, password_hash, admin, created_at, created_by) VALUES (?, ?, ?, ?, ?, ?, ?)',
    [id, email, name, passwordHash, admin ? 1 : 0, now, createdBy],
  );
  if (member) await putMember(w, { ...member, personId: id });
  return id;
}

export async function putMember(
  w: WriteHandle,
  { teamId, personId, role }: { teamId: string; personId: string; role: Role },
): Promise<void> {
  await w.run(
    `INSERT INTO members (team_id, person_id, role) VALUES (?, ?, ?)
     ON CONFLICT (team_id, person_id) DO UPDATE SET role = excluded.role`,
    [teamId, personId, role],
  );
}

/** Signs out everywhere but in `exceptSession`, forgets trusted browsers, and ends a lock: a new password is a new beginning. */
export async function setPassword(
  w: WriteHandle,
  { personId, passwordHash, exceptSession }: { personId: string; passwordHash: string; exceptSession: string | null },
): Promise<void> {
  await w.run('UPDATE people SET password_hash = ?, failures = 0, locked_until = NULL WHERE id = ?', [
    passwordHash,
    personId,
  ]);
  await w.run("DELETE FROM tickets WHERE person_id = ? AND kind IN ('reset', 'second_factor')", [personId]);
  await endSessions(w, personId, { except: exceptSession });
  await endTrust(w, personId, null);
}

/** Throws a 422 for a password that is tried first. */
export function refuseWeak(password: string, owner: { email: string; name: string }): void {
  const why = whyWeak(password, owner);
  if (why !== null) throw badField('password', why);
}

/** Somebody must be left who may do everything: throws a 409 where `personId` is the last. */
export async function refuseLastAdmin(w: WriteHandle, personId: string): Promise<void> {
  const row = await w.get<{ n: number }>('SELECT count(*) AS n FROM people WHERE admin = 1 AND id <> ?', [personId]);
  if ((row?.n ?? 0) > 0) return;
  throw new Refusal(409, 'last_admin', 'This is the last account of an admin. Make somebody else an admin first.');
}
