/**
 * How long folding and merging takes, and how much memory, against Playwright's plain `merge-reports` over the same blobs.
 *   node test/bench/reports.ts [tests] [blobs] [rounds of steps a test]      default 9480 1000 1
 * The blobs are written here in Playwright's format: 16 events a passed test, retries, 4 % failures with a screenshot, and the setup
 * test in each process. A tenth of the processes is lost and a tenth of the tests was retried by another process.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import yazl from 'yazl';
import { mergeReports } from '../../coordinator/reports/merge-reports.ts';
import type { ReportAttempt, ReportTest } from '../../coordinator/reports/plan.ts';
import { runPlaywrightMerge } from '../../coordinator/reports/playwright-merge.ts';
import type { PlannedTest, TestAttempt, TestStep } from '../../shared/protocol/playwright.ts';
import { allTests, readJson, readJunit } from '../coordinator/reports/compare.ts';

const TESTS = Number(process.argv[2] ?? 9480);
const BLOBS = Number(process.argv[3] ?? 1000);
const ROUNDS = Number(process.argv[4] ?? 1);
const STARTED = 1_790_000_000_000;
const ROOT = '/home/agent/checkout/tests';
const STEPS = [
  'Navigate to "/basket"',
  'Fill "2" locator(\'#count\')',
  "Click getByRole('button', { name: 'Pay' })",
  'Expect "toHaveText"',
  'Expect "toBeVisible"',
];
const ERROR = {
  message:
    'Error: expect(locator).toHaveText(expected) failed\n\nLocator: locator("#total")\nExpected: "20.00"\nReceived: "19.00"',
  stack: `Error: expect(locator).toHaveText(expected) failed\n    at ${ROOT}/shop.spec.ts:12:3\n`.repeat(3),
  snippet: '  11 | test\n> 12 |   await expect(total).toHaveText("20.00");\n     |   ^\n'.repeat(2),
};

interface Ran {
  test: PlannedTest;
  attempt: TestAttempt;
}

/** One test in 25 fails twice, one in 20 is flaky, the rest passes. */
function planTest(index: number): { test: PlannedTest; statuses: TestAttempt['status'][] } {
  const page = index % 237;
  const file = `area-${page % 40}/page-${page}.spec.ts`;
  const id = `${String(page).padStart(20, '0')}-${String(index).padStart(20, '0')}`;
  const test: PlannedTest = {
    id,
    project: index % 2 === 0 ? 'chromium' : 'firefox',
    file,
    line: 10 + (index % 90),
    column: 3,
    titlePath: [`area ${page % 40}`, `test number ${index} does what it should`],
    tags: ['@nightly'],
    annotations: [],
    expectedStatus: 'passed',
    timeout: 30_000,
    retries: 1,
  };
  return {
    test,
    statuses: index % 25 === 0 ? ['failed', 'failed'] : index % 20 === 1 ? ['failed', 'passed'] : ['passed'],
  };
}

function attempt(test: PlannedTest, retry: number, status: TestAttempt['status']): TestAttempt {
  const steps: TestStep[] = ['Before Hooks', ...Array.from({ length: ROUNDS }, () => STEPS).flat(), 'After Hooks'].map(
    (title, index) => ({
      title,
      category: 'pw:api',
      startMs: index * 100,
      durationMs: 90,
    }),
  );
  const failed = status === 'failed';
  return {
    testId: test.id,
    retry,
    status,
    startedAt: STARTED,
    durationMs: 1000,
    errors: failed ? [ERROR] : [],
    steps,
    annotations: [],
    stdout: 'one line of output\n',
    stderr: '',
    workerIndex: 0,
    parallelIndex: 0,
    attachments: failed
      ? [
          {
            name: 'screenshot',
            contentType: 'image/png',
            sha256: null,
            size: 20_000,
            missing: 'not kept in this measurement',
          },
        ]
      : [],
  };
}

/** Writes a blob as Playwright's blob reporter does, with `rootDir` of the machine. */
async function writeBlob(file: string, ran: Ran[]): Promise<void> {
  const zip = new yazl.ZipFile();
  const lines: unknown[] = [
    { method: 'onBlobReportMetadata', params: { version: 2, userAgent: 'bench', pathSeparator: '/' } },
    {
      method: 'onConfigure',
      params: {
        config: {
          rootDir: ROOT,
          version: '1.65.1',
          workers: 1,
          metadata: {},
          globalTimeout: 0,
          maxFailures: 0,
          shard: null,
          globalSetup: null,
          globalTeardown: null,
          tags: [],
          webServer: null,
        },
      },
    },
  ];
  const projects = new Map<
    string,
    { title: string; location: object; entries: { title: string; location: object; entries: object[] }[] }[]
  >();
  for (const test of new Map(ran.map((one) => [one.test.id, one.test])).values()) {
    const files = projects.get(test.project) ?? [];
    projects.set(test.project, files);
    let suite = files.find(({ title }) => title === test.file);
    if (suite === undefined)
      files.push((suite = { title: test.file, location: { file: test.file, line: 0, column: 0 }, entries: [] }));
    const [group, title] = test.titlePath as [string, string];
    let describe = suite.entries[0];
    if (describe === undefined)
      suite.entries.push((describe = { title: group, location: { file: test.file, line: 3, column: 6 }, entries: [] }));
    describe.entries.push({
      testId: test.id,
      title,
      location: { file: test.file, line: test.line, column: test.column },
      retries: 1,
      tags: test.tags,
      repeatEachIndex: 0,
      annotations: [],
    });
  }
  const pattern = [{ r: { source: '.*', flags: '' } }];
  for (const [name, suites] of projects)
    lines.push({
      method: 'onProject',
      params: {
        project: {
          name,
          metadata: {},
          outputDir: '../test-results',
          repeatEach: 1,
          retries: 1,
          testDir: '',
          testIgnore: [],
          testMatch: pattern,
          timeout: 30_000,
          suites,
          grep: pattern,
          grepInvert: [],
          dependencies: [],
          snapshotDir: '',
          use: {},
        },
      },
    });
  lines.push({ method: 'onBegin' });
  for (const [number, { test, attempt: done }] of ran.entries()) {
    const ref = { testId: test.id, resultId: `${path.basename(file)}-${number}-0123456789abcdef` };
    lines.push({
      method: 'onTestBegin',
      params: {
        testId: test.id,
        result: { id: ref.resultId, retry: done.retry, workerIndex: 0, parallelIndex: 0, startTime: done.startedAt },
      },
    });
    lines.push({ method: 'onStdIO', params: { ...ref, type: 'stdout', data: done.stdout, isBase64: false } });
    for (const [index, step] of done.steps.entries()) {
      const id = `${ref.resultId}-${index}`;
      lines.push({
        method: 'onStepBegin',
        params: {
          ...ref,
          step: {
            id,
            title: step.title,
            category: step.category,
            startTime: done.startedAt + step.startMs,
            location: { file: test.file, line: test.line + index, column: 5 },
          },
        },
      });
      lines.push({ method: 'onStepEnd', params: { ...ref, step: { id, duration: step.durationMs } } });
    }
    if (done.attachments.length > 0) {
      const name = `resources/${path.basename(file)}-${number}.png`;
      zip.addBuffer(Buffer.alloc(20_000, `${test.id}-${done.retry}`), name);
      lines.push({
        method: 'onAttach',
        params: { ...ref, attachments: [{ name: 'screenshot', contentType: 'image/png', path: name }] },
      });
    }
    lines.push({
      method: 'onTestEnd',
      params: {
        test: { testId: test.id, expectedStatus: 'passed', timeout: 30_000, annotations: [] },
        result: { id: ref.resultId, duration: done.durationMs, status: done.status, errors: done.errors },
      },
    });
  }
  lines.push({ method: 'onEnd', params: { result: { status: 'passed', startTime: STARTED, duration: 60_000 } } });
  zip.addReadStream(Readable.from(lines.map((line) => `${JSON.stringify(line)}\n`)), 'report.jsonl');
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(file));
}

const dir = await mkdtemp(path.join(os.tmpdir(), 'playfleet-bench-reports-'));
try {
  const plainDir = path.join(dir, 'plain', 'folded');
  await mkdir(plainDir, { recursive: true });
  const setup: PlannedTest = {
    ...planTest(0).test,
    id: 'setup-id',
    project: 'setup',
    file: 'log-in.setup.ts',
    titlePath: ['set up', 'log in'],
  };
  const perBlob: Ran[][] = Array.from({ length: BLOBS }, () => [{ test: setup, attempt: attempt(setup, 0, 'passed') }]);
  const tests: ReportTest[] = [
    { test: setup, attempts: [{ blobKey: 'task-0:1', retryInBlob: 0, recorded: attempt(setup, 0, 'passed') }] },
  ];
  for (let index = 0; index < TESTS - 1; index += 1) {
    const { test, statuses } = planTest(index);
    const attempts: ReportAttempt[] = [];
    for (const [retry, status] of statuses.entries()) {
      // Half of the retries happen in another process, as after a task retry.
      const elsewhere = retry === 1 && index % 2 === 0;
      const blob = (index + (elsewhere ? 7 : 0)) % BLOBS;
      const recorded = attempt(test, elsewhere ? 0 : retry, status);
      perBlob[blob]!.push({ test, attempt: recorded });
      attempts.push({ blobKey: `task-${blob}:1`, retryInBlob: recorded.retry, recorded });
    }
    tests.push({ test, attempts });
  }
  const blobs = [];
  for (const [index, ran] of perBlob.entries()) {
    const file = path.join(plainDir, `report-${index}.zip`);
    await writeBlob(file, ran);
    blobs.push({ key: `task-${index}:1`, file });
  }

  const plan = {
    title: 'bench',
    outDir: path.join(dir, 'folded'),
    startedAt: STARTED,
    durationMs: 60_000,
    blobs,
    artifactsDir: null,
    notes: [],
    tests,
  };
  const folded = await mergeReports(plan, { nodePath: process.execPath });
  const report = readJson(path.join(plan.outDir, 'report.json'));
  const junit = readJunit(path.join(plan.outDir, 'report.xml'));

  const lost = await mergeReports(
    {
      ...plan,
      outDir: path.join(dir, 'with-lost'),
      blobs: blobs.map((blob, index) => (index % 10 === 0 ? { ...blob, file: `${blob.file}.gone` } : blob)),
    },
    { nodePath: process.execPath },
  );
  const lostSuites = readJunit(path.join(dir, 'with-lost', 'report.xml')).suites.length;
  const lostTests = allTests(readJson(path.join(dir, 'with-lost', 'report.json'))).length;

  const plainOut = path.join(dir, 'plain', 'out');
  await mkdir(plainOut);
  const plain = await runPlaywrightMerge(path.join(dir, 'plain'), {
    title: 'bench',
    memoryMb: 2048,
    signal: new AbortController().signal,
  });
  if (plain.exitCode !== 0) throw new Error(plain.output);
  const plainTests = allTests(readJson(path.join(plainOut, 'report.json'))).length;
  const plainSuites = readJunit(path.join(plainOut, 'report.xml')).suites.length;

  const mb = (bytes: number): number => Math.round(bytes / 1e6);
  const row = (name: string, used: { cpuMs: number; peakRssBytes: number }, shown: number, suites: number): void =>
    console.log(
      `${name.padEnd(30)} ${String(used.cpuMs).padStart(6)} CPU ms ${String(mb(used.peakRssBytes)).padStart(5)} MB ${String(shown).padStart(6)} tests ${String(suites).padStart(6)} JUnit suites`,
    );
  const attempts = tests.reduce((sum, test) => sum + test.attempts.length, 0);
  console.log(
    `${TESTS} tests, ${attempts} attempts, ${BLOBS} blobs, ${mb(folded.eventBytes)} MB of events, folded and merged in ${folded.wallMs} ms`,
  );
  row('plain merge-reports', plain, plainTests, plainSuites);
  row('folded and merged', folded, allTests(report).length, junit.suites.length);
  row('the same with a tenth lost', lost, lostTests, lostSuites);
  const ratio = {
    cpu: +(folded.cpuMs / plain.cpuMs).toFixed(2),
    memory: +(folded.peakRssBytes / plain.peakRssBytes).toFixed(2),
  };
  const exact =
    [allTests(report).length, junit.tests, lostTests, folded.tests].every((count) => count === TESTS) &&
    lost.synthesised > 0;
  console.log(
    JSON.stringify({
      holds: exact && ratio.memory <= 1.5 && ratio.cpu <= 2,
      tests: TESTS,
      attempts,
      blobs: BLOBS,
      ratio,
      cpuMs: folded.cpuMs,
      wallMs: folded.wallMs,
      peakRssMb: mb(folded.peakRssBytes),
      synthesised: lost.synthesised,
    }),
  );
} finally {
  await rm(dir, { recursive: true, force: true });
}
