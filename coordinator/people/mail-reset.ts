/** A link for a new password, by mail, for who has forgotten theirs. */
import { isoTime } from '../../shared/protocol/rest/common.ts';
import { MAILED_RESET_LIFE_S } from '../../shared/protocol/rest/people.ts';
import { recordAudit, type Actor } from '../audit/record.ts';
import type { Language } from '../mail/letters.ts';
import type { WriteHandle } from '../storage/database.ts';
import { accountByEmail } from './queries.ts';
import type { SignInDeps } from './sign-in.ts';
import { createTicket } from './tickets.ts';

/**
 * Does nothing where nobody has that address, where they sign in through a provider, or where they have had enough of these mails. A password and
 * sessions stay as they are until the link is used; links from before work on, so that nobody can end them by asking.
 */
export async function mailReset(
  w: WriteHandle,
  { mail }: Pick<SignInDeps, 'mail'>,
  { email, actor, language }: { email: string; actor: Actor; language: Language | null },
  now: number,
): Promise<void> {
  const account = await accountByEmail(w, email);
  if (!account || account.password_hash === null) return;
  const to = { ...account, language: account.language ?? language };
  if (!(await mail.mayPost(w, { kind: 'password_reset', to }, now))) return;
  const wanted = { kind: 'reset', personId: account.id, createdBy: 'the sign-in page' } as const;
  const made = await createTicket(w, { ...wanted, lifeMs: MAILED_RESET_LIFE_S * 1000 }, now);
  const link = mail.link('reset-password', made.secret);
  await mail.post(w, { kind: 'password_reset', to, data: { link }, expiresAt: made.expiresAt }, now);
  const data = { person: account.id, expires: isoTime(made.expiresAt), by: 'mail' };
  await recordAudit(w, { ...actor, action: 'password.reset_link', target: email, data }, now);
}
