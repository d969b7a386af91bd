import type { Context } from 'hono';
import type { AppEnv } from '../http/env.ts';
import { requireAny } from '../http/principal.ts';
import { Refusal } from '../http/refusal.ts';

/** A worker reaches only its own record. */
export function onlyItself(c: Context<AppEnv>, workerId: string): void {
  const principal = requireAny(c);
  if (principal.kind === 'worker' && principal.workerId !== workerId) {
    throw new Refusal(403, 'forbidden', 'A worker may only reach its own record.');
  }
}
