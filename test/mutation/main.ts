/**
 * `npm run test:mutation`: changes the rules of dispatch in hundreds of small ways, one at a time (Stryker), and counts how many of the
 * changes a test notices. Prints figures and one JSON line; exits 0 only where the score is reached.
 */
import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { root } from '../../scripts/programs.ts';

const LEAST_PERCENT = 80;
const REPORT = path.join(root, 'coverage/mutation.json');

interface Report {
  files: Record<string, { mutants: { status: string; location: { start: { line: number } }; mutatorName: string }[] }>;
}

await rm(REPORT, { force: true });
const stryker = path.join(root, 'node_modules/@stryker-mutator/core/bin/stryker.js');
const code = await new Promise<number>((resolve) => {
  const args = [stryker, 'run', path.join(root, 'stryker.config.json'), ...process.argv.slice(2)];
  spawn(process.execPath, args, { cwd: root, stdio: 'inherit' }).on('close', (status) => resolve(status ?? 1));
});
if (code !== 0) throw new Error(`Stryker ended with exit code ${code}; it says why above`);
const report = JSON.parse(await readFile(REPORT, 'utf8')) as Report;
const files = Object.entries(report.files).map(([name, { mutants }]) => ({
  file: path.basename(name),
  ...count(mutants),
}));
for (const [name, { mutants }] of Object.entries(report.files)) {
  for (const { status, location, mutatorName } of mutants.filter((mutant) => isMissed(mutant.status)))
    console.log(`${name}:${location.start.line} ${mutatorName} (${status})`);
}
const total = count(Object.values(report.files).flatMap(({ mutants }) => mutants));
console.table([...files, { file: 'all', ...total }]);
const holds = total.percent >= LEAST_PERCENT;
console.log(JSON.stringify({ files, ...total, least_percent: LEAST_PERCENT, holds }));
process.exitCode = holds ? 0 : 1;

/** A mutant that never ends is noticed: its tests time out. */
function count(mutants: readonly { status: string }[]): { noticed: number; missed: number; percent: number } {
  const noticed = mutants.filter(({ status }) => status === 'Killed' || status === 'Timeout').length;
  const missed = mutants.filter(({ status }) => isMissed(status)).length;
  const percent = noticed + missed === 0 ? 0 : Math.round((noticed / (noticed + missed)) * 1000) / 10;
  return { noticed, missed, percent };
}

function isMissed(status: string): boolean {
  return status === 'Survived' || status === 'NoCoverage';
}
