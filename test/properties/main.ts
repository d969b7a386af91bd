/**
 * `npm run test:properties -- --seeds 10000 --seed 1`: sequences of commands against the rules and against the real database, each seed one
 * run, shared among the processors. Prints figures and one JSON line; exits 0 only where no seed broke an invariant.
 */
import { fork } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { checkDatabase, type Figures } from './database-property.ts';
import { checkMergeDatabase } from './merge-database-property.ts';
import { checkMergeRules } from './merge-rules-property.ts';
import { checkRules } from './rules-property.ts';

interface Part {
  property: 'rules' | 'database' | 'merge rules' | 'merge';
  seeds: number;
  seed: number;
}
type Outcome = Part & { figures: Figures | null; broken: string | null };

const PROCESSES = Math.max(1, Math.min(8, os.availableParallelism()));

if (process.send) process.once('message', (part: Part) => void carryOut(part));
else await lead();

async function carryOut(part: Part): Promise<void> {
  const outcome = await check(part).then(
    (figures): Outcome => ({ ...part, figures, broken: null }),
    (error: unknown): Outcome => ({ ...part, figures: null, broken: textOf(error) }),
  );
  process.send?.(outcome, () => process.disconnect());
}

const CHECKS = {
  rules: checkRules,
  database: checkDatabase,
  'merge rules': checkMergeRules,
  merge: checkMergeDatabase,
};
const check = async ({ property, seeds, seed }: Part): Promise<Figures> => CHECKS[property](seeds, seed);
/** Of histories of several databases, which take seconds each, one for so many seeds of the others. */
const DATABASES_PER_HISTORY = 100;

async function lead(): Promise<void> {
  const seeds = numberOf('--seeds', 10_000);
  const seed = numberOf('--seed', Date.now() % 2 ** 31);
  console.log(`${seeds} seeds from ${seed}, in ${PROCESSES} processes`);
  const started = performance.now();
  const share = Math.ceil(seeds / PROCESSES);
  const parts: Part[] = [
    { property: 'rules', seeds, seed },
    { property: 'merge rules', seeds, seed },
    { property: 'merge', seeds: Math.ceil(seeds / DATABASES_PER_HISTORY), seed },
    ...Array.from({ length: PROCESSES }, (_, n) => ({ property: 'database' as const, seeds: share, seed: seed + n })),
  ];
  const outcomes = await Promise.all(parts.map(inProcess));
  const totals = new Map<string, Figures>();
  for (const { property, figures } of outcomes) if (figures) totals.set(property, add(totals.get(property), figures));
  for (const [property, figures] of totals) {
    console.log(`${property}: ${figures.seeds} seeds, ${figures.commands} commands`);
    console.table(figures.seen);
  }
  const broken = outcomes.filter((outcome) => outcome.broken !== null);
  for (const { property, seed: at, broken: how } of broken) console.log(`${property}, seed ${at}: ${how}`);
  const seconds = Math.round((performance.now() - started) / 1000);
  const holds = broken.length === 0;
  console.log(JSON.stringify({ seed, seeds, seconds, ...Object.fromEntries(totals), broken: broken.length, holds }));
  process.exitCode = holds ? 0 : 1;
}

function inProcess(part: Part): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(import.meta.url));
    let outcome: Outcome | null = null;
    child.on('message', (message) => (outcome = message as Outcome));
    child.on('exit', (code) =>
      resolve(outcome ?? { ...part, figures: null, broken: `its process ended with ${code}` }),
    );
    child.send(part);
  });
}

function add(before: Figures | undefined, more: Figures): Figures {
  if (!before) return more;
  const seen = { ...before.seen };
  for (const [name, count] of Object.entries(more.seen)) seen[name] = (seen[name] ?? 0) + count;
  return { seeds: before.seeds + more.seeds, commands: before.commands + more.commands, seen };
}

function numberOf(option: string, preset: number): number {
  const at = process.argv.indexOf(option);
  const text = at < 0 ? String(preset) : (process.argv[at + 1] ?? '');
  if (!/^[1-9]\d*$/.test(text)) {
    console.error(`${option} must be a whole number above 0, not ${JSON.stringify(text)}`);
    process.exit(2);
  }
  return Number(text);
}

/** With what broke: fast-check puts that into the cause. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.message}${error.cause instanceof Error ? `\n${error.cause.message}` : ''}`;
}
