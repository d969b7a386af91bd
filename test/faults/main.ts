/**
 * Faults, injected into real programs while they run a real suite: `npm run faults -- core`, or one scenario by its name; `--seed S` repeats
 * a run. Prints what was acknowledged, stored, lost and counted twice, then one JSON line; exits 0 only where every promise held.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Programs } from '../../scripts/programs.ts';
import { seeded, type Finding, type Scenario } from './bench.ts';
import { doubledMessages, droppedReplies } from './scenarios/bad-link.ts';
import { cancelRace } from './scenarios/cancel-race.ts';
import { coordinatorKill } from './scenarios/coordinator-kill.ts';
import { fullDisk } from './scenarios/full-disk.ts';
import { poisonProcess, poisonTest } from './scenarios/poison-test.ts';
import { truncatedUpload } from './scenarios/truncated-upload.ts';
import { workerKill } from './scenarios/worker-kill.ts';

const scenarios: Record<string, Scenario> = {
  'worker-kill': workerKill,
  'coordinator-kill': coordinatorKill,
  'dropped-replies': droppedReplies,
  'doubled-messages': doubledMessages,
  'full-disk': fullDisk,
  'truncated-upload': truncatedUpload,
  'cancel-race': cancelRace,
  'poison-test': poisonTest,
  'poison-process': poisonProcess,
};

const args = process.argv.slice(2);
const seedAt = args.indexOf('--seed');
const seed = seedAt >= 0 ? (args[seedAt + 1] ?? '') : String(Date.now());
const wanted = args.filter((arg, i) => !arg.startsWith('--') && (seedAt < 0 || i !== seedAt + 1));
const names = wanted.length === 0 || wanted.includes('core') ? Object.keys(scenarios) : wanted;
const unknown = names.filter((name) => !(name in scenarios));
if (unknown.length > 0) {
  console.error(`There is no scenario ${unknown.join(', ')}. There are: core, ${Object.keys(scenarios).join(', ')}`);
  process.exit(2);
}

console.log(`seed ${seed}`);
const results = [];
for (const name of names) {
  const scenario = scenarios[name];
  if (scenario) results.push({ scenario: name, ...(await runOne(name, scenario)) });
}
console.table(
  results.map(({ scenario, holds, finding }) => ({ scenario, holds, ...pick(finding), ...finding?.figures })),
);
for (const { scenario, error, finding } of results) {
  if (error !== null) console.log(`${scenario}: ${error}`);
  if (finding?.note) console.log(`${scenario}: ${finding.note}`);
}
const holds = results.every((result) => result.holds);
console.log(JSON.stringify({ seed, faults: results, holds }));
process.exitCode = holds ? 0 : 1;

async function runOne(
  name: string,
  scenario: Scenario,
): Promise<{ holds: boolean; finding: Finding | null; error: string | null }> {
  console.log(`${name} …`);
  const folder = await mkdtemp(path.join(os.tmpdir(), `playfleet-fault-${name}-`));
  const programs = new Programs();
  try {
    const finding = await scenario({ programs, folder, random: seeded(`${seed} ${name}`) });
    return { holds: keeps(finding), finding, error: null };
  } catch (error) {
    return { holds: false, finding: null, error: error instanceof Error ? error.message : String(error) };
  } finally {
    await programs.stopAll();
    await rm(folder, { recursive: true, force: true });
  }
}

function keeps({ lost, double_counted: doubled, figures, zero = [], limits = {} }: Finding): boolean {
  return (
    lost === 0 &&
    doubled === 0 &&
    zero.every((name) => figures[name] === 0) &&
    Object.entries(limits).every(([name, limit]) => (figures[name] ?? Infinity) <= limit)
  );
}

function pick(finding: Finding | null): Partial<Record<'acknowledged' | 'stored' | 'lost' | 'double_counted', number>> {
  if (finding === null) return {};
  const { acknowledged, stored, lost, double_counted } = finding;
  return { acknowledged, stored, lost, double_counted };
}
