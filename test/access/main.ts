/**
 * Access: every route of the OpenAPI document and the agents' link, called as each role, as a worker, as nobody, and with tokens and keys
 * that were revoked or have expired; then what belongs to one team, asked for by everybody of another. Against a coordinator program. `npm run test:access` prints what each was answered, then one JSON line;
 * exits 0 only where every answer was the declared one.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Programs } from '../../scripts/programs.ts';
import { CALLERS } from './callers.ts';
import { walkTeams } from './teams.ts';
import { walk, type Cell } from './walk.ts';

const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-access-'));
const programs = new Programs();
try {
  const coordinator = await programs.startCoordinator(folder);
  const cells = await walk(coordinator);
  const routes = [...new Set(cells.map((cell) => cell.route))];
  console.table(CALLERS.map((caller) => ({ caller, ...counts(cells.filter((cell) => cell.caller === caller)) })));
  const wrong = cells.filter((cell) => !cell.fits);
  for (const { route, access, caller, expected, status, code } of wrong) {
    console.log(`✕ ${route} (${access}) as ${caller}: expected ${expected}, was answered ${status} ${code ?? ''}`);
  }
  const apart = await walkTeams(coordinator);
  const leaks = apart.filter((cell) => !cell.fits);
  for (const { route, access, role, kind, whose, status, code } of leaks) {
    console.log(`✕ ${route} (${access}) of the ${whose} team as ${kind} ${role}: was answered ${status} ${code ?? ''}`);
  }
  const holds = wrong.length === 0 && leaks.length === 0 && routes.length > 40 && apart.length > 200;
  const byStatus = Object.fromEntries(
    [...new Set(cells.map((cell) => cell.status))].sort((a, b) => a - b).map((s) => [s, countOf(cells, s)]),
  );
  const access = { routes: routes.length, callers: CALLERS.length, requests: cells.length, by_status: byStatus };
  const teams = {
    routes: new Set(apart.map((cell) => cell.route)).size,
    other_team: apart.filter((cell) => cell.whose === 'other').length,
    own_team: apart.filter((cell) => cell.whose === 'own').length,
    wrong: leaks.length,
  };
  console.log(JSON.stringify({ access: { ...access, ...counts(cells), wrong: wrong.length }, teams, holds }));
  process.exitCode = holds ? 0 : 1;
} finally {
  await programs.stopAll();
  await rm(folder, { recursive: true, force: true });
}

function counts(cells: readonly Cell[]) {
  const of = (expected: Cell['expected']) => cells.filter((cell) => cell.expected === expected && cell.fits).length;
  return {
    open: of('open'),
    admitted: of('admitted'),
    unauthenticated: of('unauthenticated'),
    forbidden: of('forbidden'),
    wrong: cells.filter((cell) => !cell.fits).length,
  };
}

function countOf(cells: readonly Cell[], status: number): number {
  return cells.filter((cell) => cell.status === status).length;
}
