/**
 * Faults, injected into real programs while they work: `npm run faults -- all`, `core` (the quicker part), `offline` (coordinators that stand in
 * for others), one by its number or name;
 * `--seed S` repeats a run. Prints what was acknowledged, stored, lost and counted twice, then one JSON line; all but `core` also write
 * their rows into the table of docs/reliability.md. Exits 0 only where every promise held that could be measured.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Programs } from '../../scripts/programs.ts';
import { endLeftovers, seeded, type Finding } from './bench.ts';
import { FAULTS, type Fault } from './catalogue.ts';
import { writeTable, type Result } from './table.ts';

/** Scenarios at once in `all`. */
const LANES = 2;

const args = process.argv.slice(2);
const seedAt = args.indexOf('--seed');
const seed = seedAt >= 0 ? (args[seedAt + 1] ?? '') : String(Date.now());
const wanted = args.filter((arg, i) => !arg.startsWith('--') && (seedAt < 0 || i !== seedAt + 1));
const all = wanted.includes('all');
const matches = (fault: Fault, word: string): boolean =>
  word === 'all' ||
  (word === 'core' && fault.core === true) ||
  word === fault.name ||
  word === fault.name.split(':')[0] ||
  word === String(fault.number);
const words = wanted.length === 0 ? ['core'] : wanted;
const unknown = words.filter((word) => !FAULTS.some((fault) => matches(fault, word)));
if (unknown.length > 0) {
  const known = ['core', 'all', ...FAULTS.map(({ number, name }) => `${number} ${name}`)].join(', ');
  console.error(`There is no fault ${unknown.join(', ')}. There are: ${known}`);
  process.exit(2);
}

console.log(`seed ${seed}`);
const chosen = FAULTS.filter((fault) => words.some((word) => matches(fault, word)));
const results: Result[] = [];
const queue = [...chosen];
const TODAY = new Date().toISOString().slice(0, 10);
/** One row after the other. */
let written = Promise.resolve();
// Most of a scenario is waiting.
await Promise.all(Array.from({ length: all ? LANES : 1 }, work));
results.sort((a, b) => chosen.indexOf(a.fault) - chosen.indexOf(b.fault));
console.table(
  results.map(({ fault, holds, finding, seconds }) => ({
    fault: `${fault.number} ${fault.name}`,
    holds: holds ?? 'not measured',
    acknowledged: finding?.acknowledged,
    stored: finding?.stored,
    lost: finding?.lost,
    double_counted: finding?.double_counted,
    seconds,
  })),
);
const measured = results.filter((result) => result.holds !== null);
const holds = measured.length > 0 && measured.every((result) => result.holds);
console.log(
  JSON.stringify({
    seed,
    faults: results.map(({ fault: { number, name }, ...result }) => ({ number, scenario: name, ...result })),
    not_measured: results.filter((result) => result.holds === null).map(({ fault }) => fault.number),
    lost: measured.reduce((sum, { finding }) => sum + (finding?.lost ?? 0), 0),
    double_counted: measured.reduce((sum, { finding }) => sum + (finding?.double_counted ?? 0), 0),
    holds,
  }),
);
process.exitCode = holds ? 0 : 1;

async function work(): Promise<void> {
  for (let fault = queue.shift(); fault; fault = queue.shift()) {
    console.log(`${fault.number} ${fault.name}: ${fault.inject} …`);
    const result = await runOne(fault);
    const verdict = result.holds === null ? 'not measured' : result.holds ? 'holds' : 'DOES NOT HOLD';
    const figures = JSON.stringify(pick(result.finding));
    console.log(`${fault.number} ${fault.name}: ${verdict} (${result.seconds} s) ${figures} ${result.reason ?? ''}`);
    results.push(result);
    if (!words.includes('core')) written = written.then(() => writeTable([result], seed, TODAY));
    await written;
  }
}

async function runOne(fault: Fault): Promise<Result> {
  if (typeof fault.run === 'string') return { fault, holds: null, finding: null, reason: fault.run, seconds: 0 };
  const folder = await mkdtemp(path.join(os.tmpdir(), `playfleet-fault-${fault.name.replace(':', '-')}-`));
  const programs = new Programs();
  const closing: (() => Promise<void>)[] = [];
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 1000);
  try {
    const random = seeded(`${seed} ${fault.name}`);
    const thorough = !words.includes('core');
    const finding = await fault.run({ programs, folder, random, thorough, atEnd: (close) => closing.push(close) });
    if (finding.notMeasured !== undefined)
      return { fault, holds: null, finding, reason: `not measured: ${finding.notMeasured}`, seconds: seconds() };
    return { fault, holds: keeps(finding), finding, reason: finding.note ?? null, seconds: seconds() };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
    const reason = error instanceof Error ? error.message + cause : String(error);
    return { fault, holds: false, finding: null, reason, seconds: seconds() };
  } finally {
    await programs.stopAll();
    for (const close of closing.toReversed()) await close();
    if (process.platform === 'linux') await endLeftovers(folder);
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

function pick(finding: Finding | null): Record<string, number> {
  if (finding === null) return {};
  const { acknowledged, stored, lost, double_counted, figures } = finding;
  return { acknowledged, stored, lost, double_counted, ...figures };
}
