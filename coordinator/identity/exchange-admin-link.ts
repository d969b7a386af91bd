/** The way of a program into a new coordinator: the one-time link becomes an api token. */
import type { WriteHandle } from '../storage/database.ts';
import { createToken, type CreatedToken } from './create-token.ts';
import { spendToken } from './spend-token.ts';

/** Long, because there is no password to log in with again; it can be revoked like any token. */
export const TOKEN_SECONDS = 365 * 24 * 3600;

export async function exchangeAdminLink(
  w: WriteHandle,
  { secret, name }: { secret: string; name: string },
  now: number,
): Promise<CreatedToken & { linkId: string }> {
  const { id: linkId } = await spendToken(w, secret, { kind: 'admin_link', usedBy: name }, now);
  const wanted = { kind: 'api', name, role: 'admin', createdBy: 'admin link', lifeSeconds: TOKEN_SECONDS } as const;
  return { ...(await createToken(w, wanted, now)), linkId };
}
