import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { MergeReply } from '../../../coordinator/reports/merge-process.ts';
import { mergeReports, ReportMergeError, type MergeOptions } from '../../../coordinator/reports/merge-reports.ts';
import { writePlan, type ReportPlan, type ReportTest } from '../../../coordinator/reports/plan.ts';
import type { Clock } from '../../../shared/base/clock.ts';
import { allTests, readJson } from './compare.ts';
import { planFrom, type Recorded } from './run.ts';

const run = promisify(execFile);
const fixture = path.join(import.meta.dirname, 'fixtures', 'playwright-1.56.1');
const recorded = JSON.parse(readFileSync(`${fixture}.json`, 'utf8')) as Recorded;

let dir: string;
let outDir: string;
let count = 0;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'playfleet-merge-failures-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));
/** Each test finds an earlier report, which must outlive a merge that fails. */
beforeEach(async () => {
  outDir = path.join(dir, String((count += 1)), 'report');
  await mkdir(outDir, { recursive: true });
  await writeFile(path.join(outDir, 'report.json'), 'earlier');
});

const plan = (): ReportPlan =>
  planFrom(recorded.tests, [{ key: 'a:1', blob: `${fixture}.zip`, recorded, output: '' }], outDir, null);

async function failure(of: ReportPlan, options: Partial<MergeOptions> = {}): Promise<unknown> {
  const error: unknown = await mergeReports(of, { nodePath: process.execPath, ...options }).then(
    () => new Error('the merge succeeded'),
    (thrown: unknown) => thrown,
  );
  expect(await readdir(path.dirname(outDir))).toEqual(['report']);
  expect(await readFile(path.join(outDir, 'report.json'), 'utf8')).toBe('earlier');
  return error;
}

/** A clock on which time passes only when told; `armed` settles once the merging process runs. */
function handClock(): { clock: Clock; armed: Promise<() => void> } {
  const { promise, resolve } = Promise.withResolvers<() => void>();
  const after = (_ms: number, fn: () => void): (() => void) => (resolve(fn), () => undefined);
  return { clock: { now: () => 0, monotonic: () => 0, after }, armed: promise };
}

test('a merge that takes too long is stopped', async () => {
  const { clock, armed } = handClock();
  const failed = failure(plan(), { timeoutMs: 1234, clock });
  (await armed)();
  const error = await failed;
  expect(error).toBeInstanceOf(ReportMergeError);
  expect(error).toMatchObject({ reason: 'timeout', message: expect.stringContaining('1234 ms') as string });
});

test('a merge is aborted by its caller, before and while it runs', async () => {
  expect(await failure(plan(), { signal: AbortSignal.abort() })).toMatchObject({ reason: 'aborted' });
  const { clock, armed } = handClock();
  const controller = new AbortController();
  const failed = failure(plan(), { signal: controller.signal, clock });
  await armed;
  controller.abort();
  expect(await failed).toMatchObject({ name: 'ReportMergeError', reason: 'aborted' });
});

test('a process that dies of too little memory is a crash with its last words', async () => {
  expect(await failure(plan(), { memoryMb: 8 })).toMatchObject({
    reason: 'crashed',
    output: expect.stringContaining('heap') as string,
  });
});

test('a plan that is wrong says where', async () => {
  const twice = plan();
  twice.tests = [...(twice.tests as ReportTest[]), ...(twice.tests as ReportTest[])];
  expect(await failure(twice)).toMatchObject({
    reason: 'failed',
    message: expect.stringMatching(/line 12: test .* is listed twice/) as string,
  });
  const noTitle = { ...plan(), title: '' };
  expect(await failure(noTitle)).toMatchObject({ message: expect.stringMatching(/line 1: title: /) as string });
});

test('an error while the plan is read from the database passes through', async () => {
  const broken = plan();
  async function* rows(): AsyncGenerator<ReportTest> {
    yield* broken.tests;
    throw new Error('the database is gone');
  }
  expect(await failure({ ...broken, tests: rows() })).toMatchObject({ message: 'the database is gone' });
});

test('a Node that is not there is named', async () => {
  expect(await failure(plan(), { nodePath: '/no/such/node' })).toMatchObject({ code: 'ENOENT', path: '/no/such/node' });
});

test('a merge clears away what a killed one left, and replaces the earlier report', async () => {
  await mkdir(`${outDir}.merging-dead`);
  await mergeReports(plan(), { nodePath: process.execPath });
  expect(await readdir(path.dirname(outDir))).toEqual(['report']);
  expect(allTests(readJson(path.join(outDir, 'report.json')))).toHaveLength(recorded.tests.length);
});

test('the bundled process makes the same report as the one run from source', async () => {
  const workDir = path.join(dir, 'bundled');
  await mkdir(workDir);
  await writePlan(path.join(workDir, 'plan.jsonl'), plan());
  const bundle = path.resolve(import.meta.dirname, '../../../dist/merge.mjs');
  const { stdout } = await run(process.execPath, [bundle, path.join(workDir, 'plan.jsonl'), '512']);
  const reply = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as MergeReply;
  expect(reply).toMatchObject({ ok: true, tests: recorded.tests.length, synthesised: 0, details: 'full' });
  expect(allTests(readJson(path.join(workDir, 'out', 'report.json')))).toHaveLength(recorded.tests.length);
});

test.skipIf(process.platform === 'win32')('a coordinator that is killed takes its merge with it', async () => {
  const endless = path.join(dir, 'endless.zip');
  await run('mkfifo', [endless]);
  const planFile = path.join(dir, 'endless-plan.json');
  await writeFile(planFile, JSON.stringify({ ...plan(), blobs: [{ key: 'a:1', file: endless }] }));
  const coordinator = spawn(process.execPath, [path.join(import.meta.dirname, 'merge-forever.ts'), planFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(coordinator.stdout, 'data');
  const { stdout } = await run('ps', ['-o', 'pid=', '--ppid', String(coordinator.pid)]);
  const merging = stdout.trim();
  expect(merging).toMatch(/^\d+$/);
  const ended = run('tail', [`--pid=${merging}`, '-f', '/dev/null']);
  coordinator.kill('SIGKILL');
  await ended;
  expect((await run('ps', ['-o', 'stat=', '-p', merging]).catch(() => ({ stdout: '' }))).stdout).not.toMatch(/^[^Z]/);
});
