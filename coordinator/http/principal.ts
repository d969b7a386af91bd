/** Who is asking, and who may. This floor only carries the one; identity/ finds it out. */
import type { Context } from 'hono';
import { reaches, type Role } from '../../shared/protocol/rest/roles.ts';
import type { AppEnv } from './env.ts';
import { Refusal } from './refusal.ts';

export interface User {
  kind: 'user';
  /** Id of the token that was shown, or of the person who is signed in. */
  id: string;
  name: string;
  /** The highest that they have anywhere. */
  role: Role;
  /** What they may do in which team; null: as `role` in all of them, and in what belongs to none. */
  teams: ReadonlyMap<string, Role> | null;
  /** The browser session of a person with an account; null for a token. */
  session: { id: string; email: string } | null;
}
export interface WorkerPrincipal {
  kind: 'worker';
  workerId: string;
}
/** A machine that brings home what it did as a promoted coordinator. */
export interface SyncPrincipal {
  kind: 'sync';
  /** Id of its credential. */
  id: string;
  name: string;
}
export type Principal = User | WorkerPrincipal | SyncPrincipal;

/**
 * Who may call a route: anybody; workers; people (and programs with their tokens) from a role on, in some team or in all of them; workers, machines
 * that bring home what they did, and such people; or people with an account who are signed in. Every route declares it (route.ts); the checks, the OpenAPI document and
 * docs/access.md follow from that.
 */
export type Access =
  | 'public'
  | 'worker'
  | 'person'
  | Role
  | `${Role} of all`
  | `worker or ${'' | 'sync or '}${Role}`
  | `sync or ${Role} of all`;

export interface Admitted {
  workers: boolean;
  /** Machines that bring home what they did. */
  sync: boolean;
  /** The lowest role that may; null where no person may. */
  people: Role | null;
  /** The role must be for all teams. */
  ofAll: boolean;
  /** Tokens may not: it concerns an account. */
  account: boolean;
}

/** The parts of an access that is not public. */
export function admitted(access: Exclude<Access, 'public'>): Admitted {
  if (access === 'worker') return { workers: true, sync: false, people: null, ofAll: false, account: false };
  if (access === 'person') return { workers: false, sync: false, people: 'viewer', ofAll: false, account: true };
  const parts = access.split(' or ');
  const people = (parts.at(-1) ?? '').replace(/ of all$/, '') as Role;
  const [workers, sync] = [parts.includes('worker'), parts.includes('sync')];
  return { workers, sync, people, ofAll: access.endsWith(' of all'), account: false };
}

/** Text that names a principal in the database. */
export function principalKey(principal: Principal): string {
  if (principal.kind === 'worker') return `worker:${principal.workerId}`;
  if (principal.kind === 'sync') return `sync:${principal.id}`;
  return `${principal.session ? 'person' : 'user'}:${principal.id}`;
}

/** Throws the Refusal (401, 403) for a caller that may not call a route with this access. */
export function checkAccess(principal: Principal | null, access: Access): void {
  if (access === 'public') return;
  if (principal === null) {
    throw new Refusal(
      401,
      'unauthenticated',
      'Sign in, or show a token that is known, not expired and not revoked: `Authorization: Bearer …` or `X-API-Key: …`.',
      { headers: { 'www-authenticate': 'Bearer realm="playfleet"' } },
    );
  }
  const { workers, sync, people, ofAll, account } = admitted(access);
  if (principal.kind === 'worker') {
    if (workers) return;
    throw forbidden('This is for people: show an api token (pft_…), not the key of a worker.');
  }
  if (principal.kind === 'sync') {
    if (sync) return;
    throw forbidden(
      'This credential (pfy_…) only brings home what a promoted coordinator did: show an api token (pft_…).',
    );
  }
  if (people === null) {
    throw forbidden('This is for workers: show the api_key (pfw_…) that the registration answered.');
  }
  if (!reaches(principal.role, people)) {
    throw forbidden(`This needs the role ${people}; yours is ${principal.role}. Ask an admin for more.`);
  }
  if (ofAll && principal.teams !== null) {
    throw forbidden(`This concerns all teams: it needs the role ${people} for the whole installation.`);
  }
  if (account && principal.session === null) {
    throw forbidden('This concerns an account: sign in with it in a browser. A token has none.');
  }
}

/** Whether who was let in before may go on, without being told too much or too little: they must still be known, and see the same teams. */
export function sameRights(before: Principal | null, now: Principal | null): boolean {
  if (before?.kind !== 'user' || now?.kind !== 'user') return now !== null;
  if (before.teams === null || now.teams === null) return before.teams === now.teams;
  return before.teams.size === now.teams.size && [...before.teams.keys()].every((team) => now.teams?.has(team));
}

/** 403: who asks is known, and may not. */
export const forbidden = (detail: string): Refusal => new Refusal(403, 'forbidden', detail);

/** The person that calls a route; their role was checked before the handler. */
export function requireUser(c: Context<AppEnv>): User {
  checkAccess(c.var.principal, 'viewer');
  return c.var.principal as User;
}

/** The signed-in person that calls a route with the access `person`. */
export function requirePerson(c: Context<AppEnv>): User & { session: NonNullable<User['session']> } {
  checkAccess(c.var.principal, 'person');
  return c.var.principal as User & { session: NonNullable<User['session']> };
}

/** The id of the worker that calls a route. */
export function requireWorker(c: Context<AppEnv>): string {
  checkAccess(c.var.principal, 'worker');
  return (c.var.principal as WorkerPrincipal).workerId;
}

/** The caller of a route that is not public. */
export function requireAny(c: Context<AppEnv>): Principal {
  checkAccess(c.var.principal, 'worker or sync or viewer');
  return c.var.principal as Principal;
}
