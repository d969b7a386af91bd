/** The merging process: argv[2] is a plan file; folds, merges, and prints a MergeReply as the last line of its output. */
import { mkdir, rm, stat } from 'node:fs/promises';
import { setPriority } from 'node:os';
import path from 'node:path';
import { foldBlobs, type FoldResult } from './fold.ts';
import { openPlan, type PlanFile } from './plan.ts';
import { runPlaywrightMerge, type MergeRun } from './playwright-merge.ts';
import { relinkAttachments } from './relink.ts';

export type MergeReply =
  | (FoldResult & {
      ok: true;
      wallMs: number;
      /** The larger of the two processes, folding and merging. */
      peakRssBytes: number;
    })
  | { ok: false; message: string; output: string };

const OUTPUTS = ['html/index.html', 'report.json', 'report.xml'];
const MERGE_NICENESS = 10;

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
  const first = await attempt(plan, workDir, memoryMb, signal);
  if (first.problem === null) return first;
  // Folding checks what Playwright is known to stumble over; for anything else, the record alone makes a report.
  const second = await attempt(
    plan,
    workDir,
    memoryMb,
    signal,
    `Playwright could not merge the blobs: ${first.problem}`,
  );
  if (second.problem !== null) throw new MergeFailed(second.problem, second.run.output);
  return second;
}

async function attempt(
  plan: PlanFile,
  workDir: string,
  memoryMb: number,
  signal: AbortSignal,
  refuseBlobs?: string,
): Promise<Attempt> {
  const foldedDir = path.join(workDir, 'folded');
  const { outDir, title } = plan.header;
  for (const folder of [foldedDir, outDir]) await rm(folder, { recursive: true, force: true });
  await mkdir(outDir, { recursive: true });
  const folded = await foldBlobs(plan, foldedDir, { ...(refuseBlobs === undefined ? {} : { refuseBlobs }) });
  const run = await runPlaywrightMerge(foldedDir, outDir, { title, memoryMb, signal });
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

async function main(planFile: string, memoryMb: number): Promise<MergeReply> {
  // A coordinator that dies takes its merge with it.
  const orphaned = new AbortController();
  process.once('disconnect', () => orphaned.abort());
  setPriority(MERGE_NICENESS);
  const started = performance.now();
  try {
    const plan = await openPlan(planFile);
    const { folded, run } = await mergePlan(plan, path.dirname(planFile), memoryMb, orphaned.signal);
    await plan.close();
    const peakRssBytes = Math.max(run.peakRssBytes, process.resourceUsage().maxRSS * 1024);
    return { ok: true, ...folded, wallMs: Math.round(performance.now() - started), peakRssBytes };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, message, output: error instanceof MergeFailed ? error.output : ((error as Error).stack ?? '') };
  }
}

const [, , planFile, memoryMb] = process.argv;
if (planFile === undefined || memoryMb === undefined) throw new Error('usage: merge <plan file> <megabytes of heap>');
const reply = await main(planFile, Number(memoryMb));
process.exitCode = reply.ok ? 0 : 1;
process.stdout.write(`${JSON.stringify(reply)}\n`);
if (process.connected) process.disconnect();
