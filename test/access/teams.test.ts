import { expect, test } from 'vitest';
import { startCoordinator } from '../support/coordinator.ts';
import { walkTeams } from './teams.ts';

test('what belongs to a team does not exist for anybody of another', async () => {
  const { url, adminToken } = await startCoordinator();
  const cells = await walkTeams({ url, token: adminToken });
  expect(cells.filter((cell) => !cell.fits)).toEqual([]);
  const others = cells.filter((cell) => cell.whose === 'other');
  expect(new Set(others.map((cell) => cell.route)).size).toBeGreaterThan(20);
  expect(others.filter((cell) => cell.status === 404).length).toBeGreaterThan(100);
  expect(cells.filter((cell) => cell.whose === 'own' && cell.status === 200).length).toBeGreaterThan(40);
});
