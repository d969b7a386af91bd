import { expect, test } from 'vitest';
import { sameRights, type User } from '../../../coordinator/http/principal.ts';
import { requireActs, scopeOf } from '../../../coordinator/http/scope.ts';
import type { Role } from '../../../shared/protocol/rest/roles.ts';

const user = (teams: Record<string, Role> | null, role: Role = 'admin'): User => ({
  kind: 'user',
  id: 'me',
  name: 'me',
  role,
  teams: teams && new Map(Object.entries(teams)),
  session: null,
});

test('who sees other teams than when a stream began may not go on with it', () => {
  const before = user({ a: 'viewer', b: 'runner' });
  expect(sameRights(before, user({ b: 'admin', a: 'viewer' }))).toBe(true);
  expect(sameRights(before, user({ a: 'viewer' }))).toBe(false);
  expect(sameRights(before, user({ a: 'viewer', c: 'runner' }))).toBe(false);
  expect(sameRights(before, user(null))).toBe(false);
  expect(sameRights(user(null), before)).toBe(false);
  expect(sameRights(user(null), user(null))).toBe(true);
  expect(sameRights(before, null)).toBe(false);
  expect(sameRights({ kind: 'worker', workerId: 'w' }, { kind: 'worker', workerId: 'w' })).toBe(true);
});

test('a role counts in its team alone', () => {
  const me = user({ a: 'viewer', b: 'maintainer' }, 'maintainer');
  expect(scopeOf(me, 'viewer')).toEqual({ reads: ['a', 'b'], acts: ['a', 'b'] });
  const scope = scopeOf(me, 'worker or maintainer');
  expect(scope).toEqual({ reads: ['a', 'b'], acts: ['b'] });
  expect(() => requireActs(scope, 'b')).not.toThrow();
  expect(() => requireActs(scope, 'a')).toThrow('Your role in the team');
  expect(() => requireActs(scope, null)).toThrow('shared by all teams');
  expect(scopeOf(user(null), 'admin of all')).toEqual({ reads: null, acts: null });
  expect(scopeOf(null, 'public')).toEqual({ reads: [], acts: [] });
  expect(scopeOf(user({}), 'person')).toEqual({ reads: [], acts: [] });
});
