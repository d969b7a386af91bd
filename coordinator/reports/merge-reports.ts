/** The coordinator's side of merging: one child process per report, bounded in memory and time, published as a whole or not at all. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock, type Clock } from '../../shared/base/clock.ts';
import type { MergeReply } from './merge-process.ts';
import { writePlan, type ReportPlan } from './plan.ts';

export type MergeResult = Extract<MergeReply, { ok: true }>;

/** failed: it said why · crashed: it ended without a word (most often out of memory) · timeout · aborted: by the caller's signal. */
export type MergeFailure = 'failed' | 'crashed' | 'timeout' | 'aborted';

export class ReportMergeError extends Error {
  readonly reason: MergeFailure;
  /** The last of what the process and Playwright printed. */
  readonly output: string;
  constructor(reason: MergeFailure, message: string, output: string) {
    super(message);
    this.name = 'ReportMergeError';
    this.reason = reason;
    this.output = output;
  }
}

export interface MergeOptions {
  /** A Node of version 22.13 or newer: ours, never Electron. */
  nodePath: string;
  signal?: AbortSignal;
  /** Default 10 minutes. */
  timeoutMs?: number;
  /** Heap of each of the two processes, folding and merging, which run one after the other. Default 2048. */
  memoryMb?: number;
  clock?: Clock;
}

/**
 * Makes `html/`, `report.json` and `report.xml` in `plan.outDir`, replacing what was there only once the new report is whole. One
 * merge of a report at a time. Throws ReportMergeError; errors of the file system and of `plan.tests` pass through.
 */
export async function mergeReports(plan: ReportPlan, options: MergeOptions): Promise<MergeResult> {
  const { timeoutMs = 10 * 60_000, memoryMb = 2048, clock = systemClock, signal } = options;
  const workDir = await createWorkDir(plan.outDir);
  try {
    const planFile = path.join(workDir, 'plan.jsonl');
    await writePlan(planFile, plan);
    if (signal?.aborted === true) throw new ReportMergeError('aborted', 'the merge was aborted before it began', '');
    const reply = await runChild(
      [`--max-old-space-size=${memoryMb}`, mergeEntry(), planFile, String(memoryMb)],
      options.nodePath,
      { timeoutMs, clock, signal },
    );
    await rm(plan.outDir, { recursive: true, force: true });
    await rename(path.join(workDir, 'out'), plan.outDir);
    return reply;
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

/** Beside the report, so that publishing is a rename. Removes what a killed merge of the same report left. */
async function createWorkDir(outDir: string): Promise<string> {
  const parent = path.dirname(outDir);
  const prefix = `${path.basename(outDir)}.merging-`;
  await mkdir(parent, { recursive: true });
  for (const name of await readdir(parent))
    if (name.startsWith(prefix)) await rm(path.join(parent, name), { recursive: true, force: true });
  return mkdtemp(path.join(parent, prefix));
}

/** Bundled, the entry lies beside the program; from source, Node runs the TypeScript itself. */
function mergeEntry(): string {
  const entry = import.meta.url.endsWith('.ts') ? './merge-process.ts' : './merge.mjs';
  return fileURLToPath(new URL(entry, import.meta.url));
}

const OUTPUT_KEPT = 16 * 1024;
const REPLY_KEPT = 64 * 1024 * 1024;

async function runChild(
  args: string[],
  nodePath: string,
  { timeoutMs, clock, signal }: { timeoutMs: number; clock: Clock; signal: AbortSignal | undefined },
): Promise<MergeResult> {
  // Detached: its own process group, so that Playwright's process ends with it.
  const child = spawn(nodePath, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: {} });
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (chunk: Buffer) => (stdout = (stdout + chunk.toString()).slice(-REPLY_KEPT)));
  child.stderr!.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-OUTPUT_KEPT)));
  let stopped: MergeFailure | undefined;
  const stop = (why: MergeFailure) => (): void => {
    stopped ??= why;
    killGroup(child);
  };
  const onAbort = stop('aborted');
  signal?.addEventListener('abort', onAbort);
  const cancelTimeout = clock.after(timeoutMs, stop('timeout'));
  try {
    const ending = await new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, killedBy) => resolve(killedBy ?? `exit code ${code}`));
    });
    if (stopped === 'timeout')
      throw new ReportMergeError('timeout', `the merge took longer than ${timeoutMs} ms and was stopped`, stderr);
    if (stopped === 'aborted') throw new ReportMergeError('aborted', 'the merge was aborted', stderr);
    const reply = readReply(stdout);
    if (reply === null) throw new ReportMergeError('crashed', `the merge process ended with ${ending}`, stderr);
    if (!reply.ok) throw new ReportMergeError('failed', reply.message, reply.output);
    return reply;
  } finally {
    cancelTimeout();
    signal?.removeEventListener('abort', onAbort);
  }
}

function readReply(stdout: string): MergeReply | null {
  const line = stdout.trimEnd().split('\n').at(-1) ?? '';
  return line.startsWith('{"ok":') ? (JSON.parse(line) as MergeReply) : null;
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  if (process.platform === 'win32') {
    spawn('taskkill', ['/pid', String(child.pid), '/T', '/F'], { stdio: 'ignore' }).on('error', () =>
      child.kill('SIGKILL'),
    );
    return;
  }
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    // Already gone.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
