import { expect, test } from 'vitest';
import type { Project } from '../../../shared/protocol/rest/projects.ts';
import { presetProject } from '../../../src-renderer/launch/preset.ts';

const project = (name: string, last_run_at: string | null, team = 'default'): Project => ({
  id: `${team}-${name}`,
  name,
  team: { id: team, name: team },
  runs: last_run_at === null ? 0 : 1,
  last_run_at,
});
const OLD = '2026-11-19T10:00:00.000Z';
const NEW = '2026-11-20T10:00:00.000Z';

test('a launch begins with the only project', () => {
  expect(presetProject([project('shop', null)], null)).toEqual({ project: 'shop', team: '' });
  expect(presetProject([], null)).toBeNull();
});

test('of several, with the one of the newest run', () => {
  const all = [project('admin', null), project('blog', OLD), project('shop', NEW)];
  expect(presetProject(all, null)).toEqual({ project: 'shop', team: '' });
});

test('the last one of this person goes before newer ones, as long as it is there', () => {
  const all = [project('blog', OLD), project('shop', NEW)];
  expect(presetProject(all, { project: 'blog', team: '' })).toEqual({ project: 'blog', team: '' });
  expect(presetProject(all, { project: 'gone', team: '' })).toEqual({ project: 'shop', team: '' });
});

test('a team is named only where several have a project of that name', () => {
  const both = [project('shop', NEW, 'web'), project('shop', OLD, 'mobile')];
  expect(presetProject(both, { project: 'shop', team: 'mobile' })).toEqual({ project: 'shop', team: 'mobile' });
  expect(presetProject(both, null)).toEqual({ project: 'shop', team: 'web' });
  expect(presetProject(both.slice(0, 1), { project: 'shop', team: 'web' })).toEqual({ project: 'shop', team: '' });
});
