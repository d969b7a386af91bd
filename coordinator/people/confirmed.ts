/** The password once more, for what a passer-by at an unlocked screen should not do. */
import type { Context } from 'hono';
import { actorOf } from '../audit/record.ts';
import type { AppEnv } from '../http/env.ts';
import { requirePerson } from '../http/principal.ts';
import type { Account } from './queries.ts';
import { confirmPassword, type SignInDeps } from './sign-in.ts';

/** Who asks, and their account, where the field holds their password; else a 422 for that field. */
export async function confirmed(
  deps: Pick<SignInDeps, 'db' | 'clock' | 'passwords' | 'mail'>,
  c: Context<AppEnv>,
  given: { field: string; password: string },
): Promise<{ me: ReturnType<typeof requirePerson>; account: Account }> {
  const me = requirePerson(c);
  return { me, account: await confirmPassword(deps, me.id, given, { actor: actorOf(c) }) };
}
