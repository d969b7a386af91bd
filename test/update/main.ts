/**
 * Updates: `npm run test:update [-- --only web,fleet]`. Good and bad releases at a plain web server and at a real coordinator, on loopback; real updaters, a real worker,
 * electron-updater on plain Node. Prints what became of each case, then one JSON line; exits 0 only where all went as they must.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Programs } from '../../scripts/programs.ts';
import { carryOut, type Attack, type Outcome } from '../hostile/attack.ts';
import { feedCases, type Figures } from './feed-cases.ts';
import { fleetCases } from './fleet-cases.ts';
import { fleetCoordinator, webServer } from './places.ts';
import { stopMachines } from './row.ts';
import { turnCases } from './turn-cases.ts';

const GROUPS = ['web', 'coordinator', 'turn', 'fleet'] as const;
const { values } = parseArgs({ options: { only: { type: 'string' } } });
const wanted: readonly string[] = values.only?.split(',') ?? GROUPS;
const unknown = wanted.filter((name) => !GROUPS.some((group) => group === name));
if (unknown.length > 0) throw new Error(`--only takes some of: ${GROUPS.join(', ')}`);

const programs = new Programs();
const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-update-'));
const figures: Record<string, Partial<Figures>> = {};
const all: Outcome[] = [];
const started = performance.now();
try {
  const web = await webServer(folder);
  const fleet = await fleetCoordinator(folder, programs);
  try {
    if (wanted.includes('web')) await show(`At ${web.name}`, feedCases(web, folder, (figures[web.name] = {})));
    if (wanted.includes('coordinator'))
      await show(`At ${fleet.name}`, feedCases(fleet, folder, (figures[fleet.name] = {})));
    if (wanted.includes('turn')) await show('When, whose, and back', turnCases(web, folder));
    if (wanted.includes('fleet')) await show('What only a coordinator does', fleetCases(fleet, folder, programs));
  } finally {
    await stopMachines();
    await web.close();
    await fleet.close();
  }
} finally {
  await programs.stopAll();
  await rm(folder, { recursive: true, force: true });
}
const failed = all.filter(({ failure }) => failure !== null);
const skipped = all.filter(({ stoppedBy }) => stoppedBy?.startsWith('not tried') === true);
const holds = failed.length === 0 && all.length > 0;
console.log(
  JSON.stringify({
    cases: all.length,
    held: all.length - failed.length - skipped.length,
    skipped: skipped.map(({ attack }) => attack),
    failed: failed.map(({ attack }) => attack),
    figures,
    seconds: Math.round((performance.now() - started) / 100) / 10,
    holds,
  }),
);
process.exitCode = holds ? 0 : 1;

async function show(title: string, cases: readonly Attack[]): Promise<void> {
  console.log(`\n${title}`);
  for (const each of cases) {
    const [outcome] = await carryOut([each]);
    if (!outcome) continue;
    all.push(outcome);
    console.log(
      `  ${outcome.failure === null ? '✓' : '✕'} ${outcome.attack} → ${outcome.failure ?? outcome.stoppedBy ?? ''}`,
    );
  }
}
