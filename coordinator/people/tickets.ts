/** What works once: links for people, and the steps of a sign-in. Only hashes are stored; a ticket is spent in the command of what it is for. */
import { newId } from '../../shared/base/id.ts';
import type { Role } from '../../shared/protocol/rest/roles.ts';
import { Refusal } from '../http/refusal.ts';
import { hashSecret, newSecret, secretKind } from '../identity/secrets.ts';
import type { ReadHandle, WriteHandle } from '../storage/database.ts';

export type TicketKind = 'invitation' | 'reset' | 'second_factor';

export interface Ticket {
  id: string;
  kind: TicketKind;
  person_id: string | null;
  email: string | null;
  team_id: string | null;
  role: Role | null;
  /** JSON. */
  data: string;
  created_at: number;
  created_by: string;
  expires_at: number;
}

export interface NewTicket {
  kind: TicketKind;
  personId?: string;
  email?: string;
  teamId?: string | null;
  role?: Role;
  data?: Record<string, unknown>;
  createdBy: string;
  lifeMs: number;
}

export async function createTicket(
  w: WriteHandle,
  { kind, personId, email, teamId, role, data, createdBy, lifeMs }: NewTicket,
  now: number,
): Promise<{ id: string; secret: string; expiresAt: number }> {
  const id = newId(now);
  const { text: secret, hash } = newSecret('ticket');
  const expiresAt = now + lifeMs;
  await w.run(
    `INSERT INTO tickets (id, kind, hash, person_id, email, team_id, role, data, created_at, created_by, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      id,
      kind,
      hash,
      personId ?? null,
      email ?? null,
      teamId ?? null,
      role ?? null,
      JSON.stringify(data ?? {}),
      now,
      createdBy,
      expiresAt,
    ],
  );
  return { id, secret, expiresAt };
}

/** Where a ticket is followed in a browser: behind `#`, so that its secret reaches no server log. */
export const linkTo = (url: string, page: string, secret: string): string =>
  `${new URL(url).origin}/${page}#token=${secret}`;

const WORDS: Record<TicketKind, string> = {
  invitation: 'This invitation',
  reset: 'This link',
  second_factor: 'This sign-in',
};
const MENDS: Record<TicketKind, string> = {
  invitation: 'Ask who invited you for another.',
  reset: 'Ask an admin for another.',
  second_factor: 'Sign in again.',
};

/** Throws a 401 for one that is unknown, used or over. */
export async function readTicket(r: ReadHandle, secret: string, kind: TicketKind, now: number): Promise<Ticket> {
  const row =
    secretKind(secret) === 'ticket'
      ? await r.get<Ticket>(
          `SELECT id, kind, person_id, email, team_id, role, data, created_at, created_by, expires_at FROM tickets
           WHERE hash = ? AND kind = ? AND expires_at > ?`,
          [hashSecret(secret), kind, now],
        )
      : undefined;
  if (row) return row;
  throw new Refusal(401, 'token_refused', `${WORDS[kind]} is not known, was used already, or is over. ${MENDS[kind]}`);
}

/** The newest open invitation of an e-mail, used up now; null without one. */
export async function spendInvitationOf(w: WriteHandle, email: string, now: number): Promise<Ticket | null> {
  const row = await w.get<Ticket>(
    `DELETE FROM tickets WHERE id = (SELECT id FROM tickets WHERE kind = 'invitation' AND email = ? AND expires_at > ? ORDER BY id DESC LIMIT 1)
     RETURNING id, kind, person_id, email, team_id, role, data, created_at, created_by, expires_at`,
    [email, now],
  );
  return row ?? null;
}

/** Reads it and uses it up. */
export async function spendTicket(w: WriteHandle, secret: string, kind: TicketKind, now: number): Promise<Ticket> {
  const ticket = await readTicket(w, secret, kind, now);
  await w.run('DELETE FROM tickets WHERE id = ?', [ticket.id]);
  return ticket;
}

/** Open invitations that somebody has made, into one team or (null) all, end with their rights there. */
export async function endInvitationsBy(
  w: WriteHandle,
  { personId, teamId }: { personId: string; teamId: string | null },
): Promise<void> {
  await w.run("DELETE FROM tickets WHERE kind = 'invitation' AND data ->> '$.by' = ? AND (? IS NULL OR team_id = ?)", [
    personId,
    teamId,
    teamId,
  ]);
}

/** Deletes at most `limit` that are over, and returns how many there were. */
export async function forgetTickets(w: WriteHandle, limit: number, now: number): Promise<number> {
  const { changes } = await w.run(
    'DELETE FROM tickets WHERE id IN (SELECT id FROM tickets WHERE expires_at <= ? LIMIT ?)',
    [now, limit],
  );
  return changes;
}
