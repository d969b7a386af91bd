/** Who is asking. This floor only carries it; identity/ finds it out. */
import type { Context } from 'hono';
import type { AppEnv } from './env.ts';
import { Refusal } from './refusal.ts';

export interface User {
  kind: 'user';
  /** Id of the token that was shown. */
  id: string;
  name: string;
}
export interface WorkerPrincipal {
  kind: 'worker';
  workerId: string;
}
export type Principal = User | WorkerPrincipal;

/** Who may call a route: anybody, people (and programs with their tokens), workers, or both of these. */
export type Access = 'public' | 'user' | 'worker' | 'any';

/** Text that names a principal in the database. */
export function principalKey(principal: Principal): string {
  return principal.kind === 'user' ? `user:${principal.id}` : `worker:${principal.workerId}`;
}

/** Throws the Refusal (401, 403) for a caller that may not call a route with this access. */
export function checkAccess(principal: Principal | null, access: Access): void {
  if (access === 'public') return;
  if (principal === null) {
    throw new Refusal(
      401,
      'unauthenticated',
      'Show a token that is known, not expired and not revoked: `Authorization: Bearer …` or `X-API-Key: …`.',
      { headers: { 'www-authenticate': 'Bearer realm="playfleet"' } },
    );
  }
  if (access === 'any' || access === principal.kind) return;
  throw new Refusal(
    403,
    'forbidden',
    access === 'user'
      ? 'This is for people: show an api token (pft_…), not the key of a worker.'
      : 'This is for workers: show the api_key (pfw_…) that the registration answered.',
  );
}

/** The caller of a route with access `user`. */
export function requireUser(c: Context<AppEnv>): User {
  checkAccess(c.var.principal, 'user');
  return c.var.principal as User;
}

/** The id of the worker that calls a route with access `worker`. */
export function requireWorker(c: Context<AppEnv>): string {
  checkAccess(c.var.principal, 'worker');
  return (c.var.principal as WorkerPrincipal).workerId;
}

/** The caller of a route with access `any`. */
export function requireAny(c: Context<AppEnv>): Principal {
  checkAccess(c.var.principal, 'any');
  return c.var.principal as Principal;
}
