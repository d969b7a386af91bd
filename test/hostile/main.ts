/**
 * Attacks: `npm run test:hostile [-- --only zips,git]`. A coordinator program, real workers and real Chromium, and everything hostile that we
 * could think of. Prints what stopped each attack, then what the owner of a worker must trust all the same, then one JSON line; exits 0 only
 * where all attacks were stopped.
 */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Programs, api } from '../../scripts/programs.ts';
import { carryOut, type Family, type Outcome } from './attack.ts';
import { content } from './content.ts';
import { crossSite } from './cross-site.ts';
import { git } from './git.ts';
import { link } from './link.ts';
import { malicious } from './malicious.ts';
import { oddRequests } from './odd-requests.ts';
import { outbound } from './outbound.ts';
import { replay } from './replay.ts';
import { startTarget } from './target.ts';
import { timing } from './timing.ts';
import { trees } from './trees.ts';
import { zips, zipsOfARun } from './zips.ts';

const programs = new Programs();
const FAMILIES: Record<string, Family> = {
  zips,
  'zips of a run': zipsOfARun,
  trees,
  git,
  outbound,
  'cross-site': crossSite,
  replay,
  'odd requests': oddRequests,
  'the link of the workers': link,
  'a malicious test': malicious(programs),
  'a hostile report': content(programs),
  timing,
};
const WIDEST = 100;

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const wanted = values.only?.split(',') ?? Object.keys(FAMILIES);
const unknown = wanted.filter((name) => !(name in FAMILIES));
if (unknown.length > 0) throw new Error(`--only takes some of: ${Object.keys(FAMILIES).join(', ')}`);

const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-hostile-'));
// A worker with a user of its own must get through to its data.
await chmod(folder, 0o711);
const all: (Outcome & { family: string })[] = [];
const seconds: Record<string, number> = {};
try {
  const target = await startTarget(programs, path.join(folder, 'coordinator'));
  for (const name of wanted) {
    const started = performance.now();
    const outcomes = await attackWith(name, FAMILIES[name]!);
    all.push(...outcomes.map((outcome) => ({ family: name, ...outcome })));
    seconds[name] = Math.round((performance.now() - started) / 100) / 10;
    show(name, outcomes);
  }
  const trusted = all.filter((outcome) => outcome.trusted && outcome.failure === null);
  console.log(
    '\nNot stopped, among processes of one user. Lend a machine only to people whose tests you would run yourself;',
  );
  console.log('`playfleet worker --run-as USER`, a container, or a machine for the tests keeps them from the rest:');
  for (const { attack, stoppedBy } of trusted) console.log(`  ${attack} — ${stoppedBy ?? ''}`);
  const { status } = await api<{ status: string }>({ url: `${target.url}`, token: '' }, 'GET', '/../../healthz').catch(
    () => ({ status: 'does not answer' }),
  );
  const failed = all.filter(({ failure }) => failure !== null);
  for (const { family, attack, failure } of failed) console.log(`✕ ${family}: ${attack}: ${failure ?? ''}`);
  const holds = failed.length === 0 && all.length > 0 && status === 'ok';
  const families = Object.fromEntries(wanted.map((name) => [name, all.filter(({ family }) => family === name).length]));
  const stopped = all.length - failed.length - trusted.length;
  console.log(
    JSON.stringify({
      hostile: { attacks: all.length, stopped, trusted: trusted.length, failed: failed.length, families, seconds },
      coordinator: status,
      holds,
    }),
  );
  process.exitCode = holds ? 0 : 1;

  async function attackWith(name: string, family: Family): Promise<Outcome[]> {
    const cleanUps: (() => unknown)[] = [];
    const own = path.join(folder, name.replaceAll(' ', '-'));
    await mkdir(own);
    try {
      return await carryOut(await family({ target, folder: own, after: (cleanUp) => void cleanUps.push(cleanUp) }));
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      return [{ attack: 'all of them', stoppedBy: null, failure: `could not be tried: ${failure}`, trusted: false }];
    } finally {
      for (const cleanUp of cleanUps.reverse()) await cleanUp();
    }
  }
} finally {
  await programs.stopAll();
  await rm(folder, { recursive: true, force: true });
}

function show(family: string, outcomes: readonly Outcome[]): void {
  console.log(`\n${family}`);
  for (const { attack, stoppedBy, failure, trusted } of outcomes) {
    const mark = failure !== null ? '✕' : trusted ? '·' : '✓';
    console.log(`  ${mark} ${attack} → ${(failure ?? stoppedBy ?? '').slice(0, failure === null ? WIDEST * 2 : 600)}`);
  }
}
