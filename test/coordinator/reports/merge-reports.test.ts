import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mergeReports, type MergeResult } from '../../../coordinator/reports/merge-reports.ts';
import type { TestAttempt } from '../../../shared/protocol/playwright.ts';
import { allTests, essence, findTest, missingFiles, readJson, readJunit } from './compare.ts';
import { countOnce, planFrom, runPlaywright, type ProcessRun } from './run.ts';
import { openHtmlReport } from './html-report.ts';
import { writeSuite } from './suite.ts';

/** Setup tests run in each process; of the rest, each process gets a share, and one flaky test a task retry instead of Playwright's own. */
let dir: string;
let plain: ProcessRun;
let runs: ProcessRun[];
let outDir: string;
let result: MergeResult;

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'playfleet-merge-'));
  const suite = writeSuite(path.join(dir, 'machine-a', 'suite'));
  const elsewhere = path.join(dir, 'machine-b', 'somewhere', 'deeper', 'checkout');
  await cp(suite, elsewhere, { recursive: true, verbatimSymlinks: true });
  const into = path.join(dir, 'runs');
  await mkdir(into);
  const artifacts = path.join(dir, 'artifacts');
  plain = await runPlaywright({ suite, artifacts, into, key: 'plain', reporters: ['json', 'html', 'junit'] });

  const shares: string[][] = [[], [], []];
  const retried: string[] = [];
  for (const [index, test] of plain.recorded.tests.entries()) {
    if (test.project === 'setup') continue;
    // A serial group stays whole.
    const share = test.file.includes('group') ? test.project.length : index;
    if (test.project === 'second one' && test.titlePath.at(-1) === 'is flaky') retried.push(test.id);
    else shares[share % 3]!.push(test.id);
  }
  const common = { artifacts, into };
  runs = [
    await runPlaywright({ ...common, suite, key: 'task-1:1', only: shares[0]! }),
    await runPlaywright({ ...common, suite: elsewhere, key: 'task-2:1', only: shares[1]! }),
    await runPlaywright({ ...common, suite, key: 'task-3:1', only: shares[2]! }),
    await runPlaywright({ ...common, suite, key: 'task-4:1', only: retried, args: ['--retries=0'] }),
    await runPlaywright({
      ...common,
      suite: elsewhere,
      key: 'task-4:2',
      only: retried,
      args: ['--retries=0'],
      env: { TASK_ATTEMPT: '1' },
    }),
  ];
  outDir = path.join(dir, 'reports', 'run-1');
  const once = countOnce();
  const counts = (run: ProcessRun, attempt: TestAttempt): boolean =>
    retried.includes(attempt.testId) || once(run, attempt);
  result = await mergeReports(planFrom(plain.recorded.tests, runs, outDir, artifacts, counts), {
    nodePath: process.execPath,
  });
}, 300_000);

afterAll(() => rm(dir, { recursive: true, force: true }));

test('five processes on two machines give the report that one plain run gives', () => {
  const folded = readJson(path.join(outDir, 'report.json'));
  const truth = readJson(path.join(dir, 'runs', 'plain-report.json'));
  expect(essence(folded, outDir)).toEqual(essence(truth, path.join(dir, 'runs')));
  expect(allTests(folded)).toHaveLength(plain.recorded.tests.length);
  expect(new Set(plain.recorded.attempts.map(({ testId }) => testId)).size).toBeGreaterThan(40);
  expect(result).toMatchObject({
    ok: true,
    tests: plain.recorded.tests.length,
    attempts: plain.recorded.attempts.length,
    missing: [],
    synthesised: 0,
    lostAttachments: 0,
  });
});

test('attempts of one test in two blobs become its retries', () => {
  const flaky = findTest(readJson(path.join(outDir, 'report.json')), 'is flaky', 'second one');
  expect(flaky.status).toBe('flaky');
  expect(flaky.results.map(({ retry, status }) => ({ retry, status }))).toEqual([
    { retry: 0, status: 'failed' },
    { retry: 1, status: 'passed' },
  ]);
});

test('JUnit has each test once, in one suite per project and file', () => {
  const folded = readJunit(path.join(outDir, 'report.xml'));
  const truth = readJunit(path.join(dir, 'runs', 'plain-report.xml'));
  // Playwright itself writes a suite per repetition; in the merged report they are one.
  const cases = ({ suites }: typeof truth): string[] =>
    suites.flatMap((suite) => suite.cases.map((name) => `${suite.hostname} ${suite.name} ${name}`)).sort();
  expect(folded.tests).toBe(plain.recorded.tests.length);
  expect(cases(folded)).toEqual(cases(truth));
  const keys = folded.suites.map(({ hostname, name }) => `${hostname} ${name}`);
  expect(new Set(keys).size).toBe(keys.length);
  expect(folded.name).toBe('Shop, all of it');
});

test('the report folder stands alone: every attachment of JSON and JUnit lies in it, and nothing else is left', async () => {
  const attached = allTests(readJson(path.join(outDir, 'report.json'))).flatMap(({ test }) =>
    test.results.flatMap(({ attachments }) => attachments),
  );
  const paths = attached.flatMap((attachment) => (attachment.path === undefined ? [] : [attachment.path]));
  const junit = readJunit(path.join(outDir, 'report.xml')).attachments;
  expect(paths.length).toBeGreaterThan(10);
  expect(junit.length).toBeGreaterThan(10);
  for (const file of [...paths, ...junit]) expect(file).toMatch(/^html\/data\/[0-9a-f]{40}\.\w+$/);
  expect(missingFiles(outDir, [...paths, ...junit])).toEqual([]);
  expect((await readdir(outDir)).sort()).toEqual(['html', 'report.json', 'report.xml']);
  expect(await readdir(path.dirname(outDir))).toEqual(['run-1']);
});

test('the HTML report shows the totals, the error and the attachments in a browser, from its files alone', async () => {
  const stats = readJson(path.join(dir, 'runs', 'plain-report.json')).stats;
  const report = await openHtmlReport(path.join(outDir, 'html'));
  try {
    expect(await report.totals()).toEqual({
      All: stats.expected + stats.unexpected + stats.flaky,
      Passed: stats.expected,
      Failed: stats.unexpected,
      Flaky: stats.flaky,
      Skipped: stats.skipped,
    });
    const failed = await report.openTest('opens a page and fails');
    expect(failed).toContain('toHaveText');
    expect(failed).toContain('Checkout');
    expect(await report.openScreenshot()).toBeGreaterThan(100);
    expect(await report.openTrace()).toContain('Set content');
    expect(report.problems).toEqual([]);
  } finally {
    await report.close();
  }
}, 120_000);
