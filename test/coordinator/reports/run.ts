/** Runs real Playwright processes and builds report plans from what they recorded. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { PlannedTest, TestAttempt } from '../../../shared/protocol/playwright.ts';
import type { ReportPlan, ReportTest } from '../../../coordinator/reports/plan.ts';

export interface Recorded {
  rootDir: string;
  version: string;
  tests: PlannedTest[];
  attempts: TestAttempt[];
}

/** One Playwright process that ran: the coordinator would call it a task attempt. */
export interface ProcessRun {
  key: string;
  blob: string;
  recorded: Recorded;
  output: string;
}

export interface RunOptions {
  suite: string;
  artifacts: string;
  /** Folder for the blob and the record. */
  into: string;
  key: string;
  args?: string[];
  env?: Record<string, string>;
  /** Only these tests, with what they depend on. */
  only?: string[];
  reporters?: string[];
}

export async function runPlaywright({
  suite,
  artifacts,
  into,
  key,
  args = [],
  env = {},
  only,
  reporters = ['blob'],
}: RunOptions): Promise<ProcessRun> {
  const name = key.replaceAll(':', '-');
  const blob = path.join(into, `${name}.zip`);
  const record = path.join(into, `${name}.json`);
  const chosen = [...args];
  if (only !== undefined) {
    const list = path.join(into, `${name}.ids`);
    writeFileSync(list, JSON.stringify({ status: 'failed', failedTests: only }));
    chosen.push('--last-failed', `--last-failed-file=${list}`);
  }
  const cli = path.join(suite, 'node_modules/@playwright/test/cli.js');
  const reporter = [...reporters, path.join(import.meta.dirname, 'recorder.ts')].join(',');
  const output = await new Promise<string>((resolve, reject) => {
    execFile(
      process.execPath,
      [cli, 'test', `--reporter=${reporter}`, `--output=${path.join(into, `${name}-out`)}`, ...chosen],
      {
        cwd: suite,
        maxBuffer: 64 << 20,
        env: {
          PATH: process.env['PATH'],
          HOME: process.env['HOME'],
          CI: '1',
          FORCE_COLOR: '1',
          PLAYWRIGHT_BLOB_OUTPUT_FILE: blob,
          PLAYWRIGHT_HTML_OPEN: 'never',
          PLAYWRIGHT_HTML_OUTPUT_DIR: path.join(into, `${name}-html`),
          PLAYWRIGHT_JSON_OUTPUT_FILE: path.join(into, `${name}-report.json`),
          PLAYWRIGHT_JUNIT_OUTPUT_FILE: path.join(into, `${name}-report.xml`),
          RECORD_FILE: record,
          RECORD_ARTIFACTS: artifacts,
          ...env,
        },
      },
      (error, stdout, stderr) => {
        // Exit code 1 only says that tests failed.
        if (error !== null && error.code !== 1) reject(new Error(`${error.message}\n${stdout}\n${stderr}`));
        else resolve(stdout + stderr);
      },
    );
  });
  return { key, blob, recorded: JSON.parse(readFileSync(record, 'utf8')) as Recorded, output };
}

/**
 * A plan in which the attempts of each test count in the order of `runs`, except for those that `counts` refuses. A test's first process
 * that counts is joined by later ones, as after a task retry.
 */
export function planFrom(
  tests: PlannedTest[],
  runs: ProcessRun[],
  outDir: string,
  artifactsDir: string | null,
  counts: (run: ProcessRun, attempt: TestAttempt) => boolean = countOnce(),
): ReportPlan {
  const byTest = new Map<string, ReportTest>(tests.map((test) => [test.id, { test, attempts: [] }]));
  for (const run of runs)
    for (const recorded of run.recorded.attempts)
      if (counts(run, recorded))
        byTest.get(recorded.testId)?.attempts.push({ blobKey: run.key, retryInBlob: recorded.retry, recorded });
  return {
    title: 'Shop, all of it',
    outDir,
    startedAt: 1_790_000_000_000,
    durationMs: 12_345,
    blobs: runs.map(({ key, blob }) => ({ key, file: blob })),
    artifactsDir,
    notes: [],
    tests: [...byTest.values()],
  };
}

/** Setup tests run in every process; the first process that ran a test is the one that counts. */
export function countOnce(): (run: ProcessRun, attempt: TestAttempt) => boolean {
  const owners = new Map<string, string>();
  return (run, { testId }) => {
    if (!owners.has(testId)) owners.set(testId, run.key);
    return owners.get(testId) === run.key;
  };
}
