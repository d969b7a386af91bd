/** A coordinator that nobody can enter yet makes its first two tokens. */
import { recordAudit, SYSTEM } from '../audit/record.ts';
import type { WriteHandle } from '../storage/database.ts';
import { createToken } from './create-token.ts';

export interface FirstTokens {
  adminLink: string;
  join: string;
}

/** null when there have been tokens before: further starts let nobody new in. */
export async function makeFirstTokens(w: WriteHandle, now: number): Promise<FirstTokens | null> {
  const before = await w.get<{ id: string }>('SELECT id FROM tokens LIMIT 1');
  if (before) return null;
  const name = 'first start';
  const adminLink = await createToken(w, { kind: 'admin_link', name, role: null, createdBy: name }, now);
  const join = await createToken(w, { kind: 'join', name, role: null, createdBy: name }, now);
  await recordAudit(
    w,
    { ...SYSTEM, action: 'coordinator.first_start', data: { admin_link: adminLink.id, join: join.id } },
    now,
  );
  return { adminLink: adminLink.secret, join: join.secret };
}

/** A way in for whoever has lost all others. Returns its secret. */
export async function makeAdminLink(w: WriteHandle, now: number): Promise<string> {
  const name = 'asked for at start';
  const { id, secret } = await createToken(
    w,
    { kind: 'admin_link', name, role: null, createdBy: SYSTEM.actorName },
    now,
  );
  const data = { id, kind: 'admin_link' };
  await recordAudit(w, { ...SYSTEM, action: 'token.created', target: name, data }, now);
  return secret;
}

/** What the secrets are typed or opened as. `base` is the coordinator's address, without a slash at its end. */
export const joinLink = (base: string, secret: string): string => `${base}#${secret}`;
/** Behind `#`, so that the secret reaches no server log. */
export const adminLink = (base: string, secret: string): string => `${base}/welcome#token=${secret}`;
