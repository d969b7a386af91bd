/**
 * What a caller must be answered, worked out from the access that the OpenAPI document shows. Written anew here rather than taken from the
 * coordinator, so that a mistake in its checks is not repeated by what looks for it.
 */
import { ROLES, type Role } from '../../shared/protocol/rest/roles.ts';
import { NO_LONGER, type Caller } from './callers.ts';

export type Expected = 'admitted' | 'unauthenticated' | 'forbidden' | 'open';

export function expectationOf(access: string, caller: Caller): Expected {
  if (access === 'public') return 'open';
  if (caller === 'none' || (NO_LONGER as readonly string[]).includes(caller)) return 'unauthenticated';
  const parts = access.split(' or ');
  if (caller === 'worker' || caller === 'sync') return parts.includes(caller) ? 'admitted' : 'forbidden';
  const signedIn = caller === 'person' || caller.startsWith('member ');
  if (access === 'person') return signedIn ? 'admitted' : 'forbidden';
  const wanted = parts.find((part) => part !== 'worker' && part !== 'sync');
  if (wanted === undefined) return 'forbidden';
  const has = (caller === 'person' ? 'admin' : caller.replace('member ', '')) as Role;
  const ofAll = wanted.endsWith(' of all');
  if (ofAll && caller.startsWith('member ')) return 'forbidden';
  return ROLES.indexOf(has) >= ROLES.indexOf(wanted.replace(' of all', '') as Role) ? 'admitted' : 'forbidden';
}

/** Whether an answer is what was expected. Its meaning, e.g. 404 for an id that does not exist, is not looked at. */
export function fits(expected: Expected, { status, code }: { status: number; code: string | null }): boolean {
  if (status >= 500 && status !== 503 && status !== 507) return false;
  switch (expected) {
    case 'unauthenticated':
      return status === 401 && code === 'unauthenticated';
    case 'forbidden':
      return status === 403 && code === 'forbidden';
    case 'admitted':
      return status !== 401 && status !== 403 && status !== 405 && status !== 429;
    case 'open':
      return code !== 'unauthenticated' && code !== 'forbidden' && status !== 405 && status !== 429;
  }
}
