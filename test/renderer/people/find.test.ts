import { expect, test } from 'vitest';
import { found } from '../../../src-renderer/people/find.ts';

const person = (name: string, admin: boolean, ...teams: [string, 'viewer' | 'maintainer'][]) => ({
  name,
  email: `${name.toLowerCase()}@example.com`,
  admin,
  teams: teams.map(([team, role]) => ({ id: team, name: team, role })),
});
const people = [
  person('Ada', true),
  person('Kim', false, ['North', 'maintainer']),
  person('Lee', false, ['North', 'viewer']),
];
const names = (text: string) => found(people, text).map(({ name }) => name);

test('people are found by all words of name, e-mail, team and role', () => {
  expect(names('')).toEqual(['Ada', 'Kim', 'Lee']);
  expect(names('admin')).toEqual(['Ada']);
  expect(names('north MAINTAINER')).toEqual(['Kim']);
  expect(names('lee@example')).toEqual(['Lee']);
  expect(names('south')).toEqual([]);
});
