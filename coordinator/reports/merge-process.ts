/**
 * The merging process: argv[2] is a plan file, argv[3] the heap for Playwright's merge in megabytes. Folds, merges into `out/` beside the
 * plan, and prints a MergeReply as the last line of its output.
 */
import { mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { EVENT_BYTES_PER_HEAP_MB } from './details.ts';
import { foldBlobs, type FoldOptions, type FoldResult } from './fold.ts';
import { openPlan, type PlanFile } from './plan.ts';
import { runPlaywrightMerge, usage, type MergeRun } from './playwright-merge.ts';
import { relinkAttachments } from './relink.ts';

export type MergeReply =
  | (FoldResult & {
      ok: true;
      wallMs: number;
      /** Of both processes, folding and merging. */
      cpuMs: number;
      /** Of the larger of the two. */
      peakRssBytes: number;
    })
  | { ok: false; message: string; output: string };

const OUTPUTS = ['html/index.html', 'report.json', 'report.xml'];

class MergeFailed extends Error {
  readonly output: string;
  constructor(message: string, output: string) {
    super(message);
    this.output = output;
  }
}

interface Attempt {
  folded: FoldResult;
  run: MergeRun;
  /** Null = the three outputs are there. */
  problem: string | null;
}

/** Throws where there is no report at the end. */
async function mergePlan(plan: PlanFile, workDir: string, memoryMb: number, signal: AbortSignal): Promise<Attempt> {
  const options: FoldOptions = { maxEventBytes: memoryMb * EVENT_BYTES_PER_HEAP_MB };
  const first = await attempt(plan, workDir, options, memoryMb, signal);
  if (first.problem === null) return first;
  // Folding checks what Playwright is known to stumble over; for anything else, the record alone makes a report.
  const instead = ranOutOfMemory(first.run)
    ? { withoutDetails: true }
    : { refuseBlobs: `Playwright could not merge the blobs: ${first.problem}` };
  const second = await attempt(plan, workDir, { ...options, ...instead }, memoryMb, signal);
  if (second.problem !== null) throw new MergeFailed(second.problem, second.run.output);
  return second;
}

const ranOutOfMemory = ({ signal, output }: MergeRun): boolean =>
  signal !== null || /heap out of memory|Invalid string length/.test(output);

async function attempt(
  plan: PlanFile,
  workDir: string,
  options: FoldOptions,
  memoryMb: number,
  signal: AbortSignal,
): Promise<Attempt> {
  const foldedDir = path.join(workDir, 'folded');
  const outDir = path.join(workDir, 'out');
  for (const folder of [foldedDir, outDir]) await rm(folder, { recursive: true, force: true });
  await mkdir(outDir);
  const folded = await foldBlobs(plan, foldedDir, options);
  const run = await runPlaywrightMerge(workDir, { title: plan.header.title, memoryMb, signal });
  const problem = await findProblem(run, outDir);
  if (problem === null) await relinkAttachments(outDir, path.join(foldedDir, 'resources'));
  await rm(foldedDir, { recursive: true, force: true });
  return { folded, run, problem };
}

async function findProblem(run: MergeRun, outDir: string): Promise<string | null> {
  if (run.exitCode !== 0) return `merge-reports ended with ${run.signal ?? `exit code ${run.exitCode}`}`;
  for (const output of OUTPUTS) {
    const there = await stat(path.join(outDir, output)).catch(() => null);
    if (there === null) return `merge-reports wrote no ${output}`;
  }
  return null;
}

async function main(planFile: string, memoryMb: number, signal: AbortSignal): Promise<MergeReply> {
  const started = performance.now();
  try {
    const plan = await openPlan(planFile);
    const { folded, run } = await mergePlan(plan, path.dirname(planFile), memoryMb, signal);
    await plan.close();
    const own = usage(process.resourceUsage());
    const peakRssBytes = Math.max(run.peakRssBytes, own.peakRssBytes);
    const wallMs = Math.round(performance.now() - started);
    return { ok: true, ...folded, wallMs, cpuMs: own.cpuMs + run.cpuMs, peakRssBytes };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return {
      ok: false,
      message: error.message,
      output: error instanceof MergeFailed ? error.output : (error.stack ?? ''),
    };
  }
}

const [, , planFile, memoryMb] = process.argv;
if (planFile === undefined || memoryMb === undefined) throw new Error('usage: merge <plan file> <megabytes of heap>');

// A coordinator that dies takes its merge with it, whatever the merge is waiting for.
const orphaned = new AbortController();
const endOrphaned = (): void => {
  orphaned.abort();
  process.kill(process.pid, 'SIGKILL');
};
process.once('disconnect', endOrphaned);

const reply = await main(planFile, Number(memoryMb), orphaned.signal);
process.exitCode = reply.ok ? 0 : 1;
process.stdout.write(`${JSON.stringify(reply)}\n`);
process.off('disconnect', endOrphaned);
if (process.connected) process.disconnect();
