/** An invitation becomes an account, however the invited shows who they are. */
import { recordAudit } from '../audit/record.ts';
import type { WriteHandle } from '../storage/database.ts';
import { createPerson } from './accounts.ts';
import { actorFor, type SignInDeps, type Where } from './sign-in.ts';
import type { Ticket } from './tickets.ts';

/** `ticket` is spent already. Other invitations of the same e-mail end with it. Returns the id of the new person. */
export async function joinAs(
  w: WriteHandle,
  { mail }: Pick<SignInDeps, 'mail'>,
  ticket: Ticket,
  { name, passwordHash }: { name: string; passwordHash: string | null },
  where: Pick<Where, 'actor' | 'browser'>,
  now: number,
): Promise<string> {
  const { team_id: teamId, role, created_by: createdBy } = ticket;
  const email = ticket.email ?? '';
  const member = teamId !== null && role !== null ? { teamId, role } : null;
  const id = await createPerson(w, { email, name, passwordHash, admin: member === null, member, createdBy }, now);
  await w.run("DELETE FROM tickets WHERE kind = 'invitation' AND email = ?", [email]);
  const data = { person: id, invitation: ticket.id, role: role ?? 'admin', team: teamId };
  await recordAudit(w, { ...actorFor({ id, name }, where), action: 'person.joined', target: email, data }, now);
  const to = { email, name, language: where.browser.language };
  await mail.post(w, { kind: 'welcome', to, data: { link: mail.link('sign-in') } }, now);
  return id;
}
