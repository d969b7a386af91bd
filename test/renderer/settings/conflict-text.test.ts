import { expect, test } from 'vitest';
import { differences, nameOf } from '../../../src-renderer/settings/conflict-text.ts';

test('of a setting both values are told, and which side has none', () => {
  expect(differences({ ours: 12, theirs: 3 })).toEqual([{ field: '', ours: '12', theirs: '3' }]);
  expect(differences({ ours: 'daily', theirs: null })).toEqual([{ field: '', ours: 'daily', theirs: null }]);
});

test('of a person only what differs is told, each role by its team', () => {
  const ours = { name: 'Kim', admin: 0, roles: { default: 'viewer', shop: 'runner' } };
  const theirs = { name: 'Kim', admin: 0, roles: { default: 'maintainer' } };
  expect(differences({ ours, theirs })).toEqual([
    { field: 'roles.default', ours: 'viewer', theirs: 'maintainer' },
    { field: 'roles.shop', ours: 'runner', theirs: null },
  ]);
});

test('what lies in a rule or a template as text is compared by its parts', () => {
  const rule = (limit: number) => ({ kind: 'cap', data: JSON.stringify({ tag: 'nightly', limit }) });
  expect(differences({ ours: rule(3), theirs: rule(5) })).toEqual([{ field: 'data.limit', ours: '3', theirs: '5' }]);
});

test('a template is called by its name, with its team behind it', () => {
  expect(nameOf({ kind: 'template', key: '["default","Nightly"]' })).toBe('Nightly (default)');
  expect(nameOf({ kind: 'setting', key: 'race_stragglers' })).toBe('race_stragglers');
});
