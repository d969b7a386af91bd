import { copyFile, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { mergeReports, type MergeResult } from '../../../coordinator/reports/merge-reports.ts';
import type { ReportPlan, ReportTest } from '../../../coordinator/reports/plan.ts';
import { allTests, attachmentBytes, essence, findTest, readJson, readJunit, type JsonReport } from './compare.ts';
import { planFrom, runPlaywright, type ProcessRun } from './run.ts';
import { SMALL_FILES, writeSuite } from './suite.ts';
import { editEvents, flipBit, readZip, replaceBytes, writeZip } from './zips.ts';

let dir: string;
let artifacts: string;
/** Two processes: `half:1` ran setup and the nested file, `half:2` setup and small.spec.ts. */
let runs: [ProcessRun, ProcessRun];
let whole: JsonReport;
let count = 0;
let outDir: string;
let blob: string;

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'playfleet-damaged-'));
  artifacts = path.join(dir, 'artifacts');
  const suite = writeSuite(path.join(dir, 'suite'), SMALL_FILES);
  const into = path.join(dir, 'runs');
  await mkdir(into);
  const common = { suite, artifacts, into };
  runs = [
    await runPlaywright({ ...common, key: 'half:1', args: ['nested'] }),
    await runPlaywright({ ...common, key: 'half:2', args: ['small'] }),
  ];
  outDir = path.join(dir, 'reports', 'whole');
  await merge(plan());
  whole = report();
}, 120_000);
afterAll(() => rm(dir, { recursive: true, force: true }));

beforeEach(() => {
  count += 1;
  outDir = path.join(dir, 'reports', `run-${count}`);
  blob = path.join(dir, `changed-${count}.zip`);
});

/** Both processes' tests, the second one's blob replaced by `file`. */
function plan(file: string = runs[1].blob): ReportPlan {
  const tests = [...new Map(runs.flatMap(({ recorded }) => recorded.tests).map((one) => [one.id, one])).values()];
  return planFrom(tests, [runs[0], { ...runs[1], blob: file }], outDir, artifacts);
}
const merge = (of: ReportPlan): Promise<MergeResult> => mergeReports(of, { nodePath: process.execPath });
const report = (): JsonReport => readJson(path.join(outDir, 'report.json'));
const tests = (of: ReportPlan): ReportTest[] => of.tests as ReportTest[];
const notes = (title: string): (string | undefined)[] =>
  findTest(report(), title, 'only')
    .annotations.filter(({ type }) => type === 'playfleet')
    .map(({ description }) => description);

/** The report has every test once, with the outcomes, attempts and files of the whole one, and says that `half:2` is missing because of `reason`. */
async function expectRebuilt(reason: RegExp): Promise<void> {
  const result = await merge(plan(blob));
  expect(result.missing).toEqual([{ key: 'half:2', reason: expect.stringMatching(reason) as string }]);
  expect(result).toMatchObject({ synthesised: 8, lostAttachments: 0, tests: 10, attempts: 12 });
  const rebuilt = report();
  expect(rebuilt.stats).toMatchObject({ expected: 6, unexpected: 1, flaky: 1, skipped: 2 });
  const brief = (of: JsonReport): unknown =>
    allTests(of).map(({ spec, test, above }) => ({
      id: spec.id,
      title: spec.title,
      line: spec.line,
      tags: spec.tags,
      above,
      status: test.status,
      expectedStatus: test.expectedStatus,
      results: test.results.map((one) => ({
        status: one.status,
        retry: one.retry,
        errors: one.errors.map(({ message }) => message),
        stdout: one.stdout,
        stderr: one.stderr,
        attachments: one.attachments.map((attachment) => [
          attachment.name,
          attachment.contentType,
          attachmentBytes(attachment, of === whole ? path.join(dir, 'reports', 'whole') : outDir).toString('base64'),
        ]),
      })),
    }));
  expect(brief(rebuilt)).toEqual(brief(whole));
  expect(notes('is flaky')).toEqual([expect.stringMatching(reason)]);
  expect(notes('handles ä')).toEqual([]);
  expect(rebuilt.errors.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^Playfleet: 1 of 2 blob reports could not be used: half:2 \(/),
  ]);
  const junit = readJunit(path.join(outDir, 'report.xml'));
  expect(junit.tests).toBe(10);
}

describe('a blob that cannot be used is made up for from the record, and named', () => {
  test('lost', async () => {
    blob = path.join(dir, 'was-never-uploaded.zip');
    await expectRebuilt(/ENOENT/);
  });
  test('truncated', async () => {
    await copyFile(runs[1].blob, blob);
    await truncate(blob, 3000);
    await expectRebuilt(/central directory|not a zip/i);
  });
  test('empty', async () => {
    await writeFile(blob, '');
    await expectRebuilt(/central directory|not a zip/i);
  });
  test('a bit flipped in the packed event log', async () => {
    const bytes = await readFile(runs[1].blob);
    // The event log is the last entry; the middle of its data lies well before the central directory.
    flipBit(runs[1].blob, blob, bytes.indexOf('report.jsonl') + 400);
    await expectRebuilt(/invalid|checksum|not JSON|bytes/i);
  });
  test('a bit flipped in an event log that is stored unpacked, where only the checksum tells', async () => {
    const { default: yazl } = await import('yazl');
    const zip = new yazl.ZipFile();
    for (const [name, content] of await readZip(runs[1].blob)) zip.addBuffer(content, name, { compress: false });
    zip.end();
    const { buffer } = await import('node:stream/consumers');
    await writeFile(`${blob}.stored`, await buffer(zip.outputStream));
    const offset = (await readFile(`${blob}.stored`)).indexOf('"data":"to stdout') + '"data":"'.length;
    flipBit(`${blob}.stored`, blob, offset);
    await expectRebuilt(/checksum/);
  });
  test('an entry that would be unpacked outside', async () => {
    const entries = await readZip(runs[1].blob);
    await writeZip(`${blob}.draft`, [...entries, ['aaaaaaaaaa/evil.txt', Buffer.from('evil')]]);
    replaceBytes(`${blob}.draft`, blob, 'aaaaaaaaaa/evil.txt', '../../../../etc/xxx');
    await expectRebuilt(/invalid relative path/);
  });
  test('an entry twice', async () => {
    const entries = await readZip(runs[1].blob);
    await writeZip(`${blob}.draft`, [...entries, ['report.jsonx', Buffer.from('{}')]]);
    replaceBytes(`${blob}.draft`, blob, 'report.jsonx', 'report.jsonl');
    await expectRebuilt(/twice/);
  });
  test('no event log', async () => {
    await writeZip(blob, [['resources/x.png', Buffer.from('x')]]);
    await expectRebuilt(/0 event logs/);
  });
  test('a format of the future', async () => {
    await editEvents(runs[1].blob, blob, (events) =>
      events.map((event) =>
        event.method === 'onBlobReportMetadata' ? { ...event, params: { ...event.params, version: 3 } } : event,
      ),
    );
    await expectRebuilt(/version 3.*update the coordinator/);
  });
  test('an event that is not what its name promises', async () => {
    await editEvents(runs[1].blob, blob, (events) =>
      events.map((event) =>
        event.method === 'onTestEnd'
          ? { ...event, params: { ...event.params, result: { ...event.params!.result!, errors: 'none' } } }
          : event,
      ),
    );
    await expectRebuilt(/onTestEnd\.result\.errors/);
  });
  test('something that passes our checks and stops Playwright', async () => {
    await editEvents(runs[1].blob, blob, (events) =>
      events.map((event) =>
        event.method === 'onProject' && event.params?.project?.name === 'only'
          ? { ...event, params: { project: { ...event.params.project, grep: [{ r: { source: '(', flags: '' } }] } } }
          : event,
      ),
    );
    // Nobody can tell which blob it was, so all of them are made up for.
    const both = plan(blob);
    both.blobs.reverse();
    const result = await merge(both);
    expect(result.missing.map(({ key }) => key)).toEqual(['half:2', 'half:1']);
    expect(result.synthesised).toBe(12);
    expect(report().stats).toMatchObject({ expected: 6, unexpected: 1, flaky: 1, skipped: 2 });
  });
});

describe('part of a blob', () => {
  test('a damaged attachment comes from the artifact store', async () => {
    const csv = [...(await readZip(runs[1].blob))].find(([name]) => name.endsWith('.csv'))![0];
    const offset = (await readFile(runs[1].blob)).indexOf(csv) + csv.length + 20;
    flipBit(runs[1].blob, blob, offset);
    const result = await merge(plan(blob));
    expect(result).toMatchObject({ missing: [], synthesised: 0, lostAttachments: 0 });
    expect(essence(report(), outDir)).toEqual(essence(whole, path.join(dir, 'reports', 'whole')));
  });
  test('an attachment that lies in it twice is shown as ever', async () => {
    const entries = [...(await readZip(runs[1].blob))];
    const csv = entries.find(([name]) => name.endsWith('.csv'))!;
    await writeZip(blob, [...entries, csv]);
    const result = await merge({ ...plan(blob), artifactsDir: null });
    expect(result).toMatchObject({ missing: [], synthesised: 0, lostAttachments: 0 });
    expect(essence(report(), outDir)).toEqual(essence(whole, path.join(dir, 'reports', 'whole')));
  });
  test('an attachment that is nowhere is named, and the test stays', async () => {
    const entries = await readZip(runs[1].blob);
    await writeZip(
      blob,
      [...entries].filter(([name]) => !name.endsWith('.csv')),
    );
    const result = await merge({ ...plan(blob), artifactsDir: null });
    expect(result).toMatchObject({ missing: [], synthesised: 0, lostAttachments: 1 });
    expect(notes('passes with files')).toEqual(['The attachment "numbers" is lost.']);
    const [shown] = findTest(report(), 'passes with files', 'only').results;
    expect(shown!.attachments.map(({ name }) => name)).toEqual(['inline', 'numbers']);
    expect(shown!.status).toBe('passed');
  });
  test('an attempt that its blob lacks comes from the record', async () => {
    const id = findId('is flaky');
    await editEvents(runs[1].blob, blob, (events) => {
      let seen = 0;
      return events.filter(
        (event) => !(event.method === 'onTestEnd' && event.params?.test?.testId === id && ++seen === 1),
      );
    });
    const result = await merge(plan(blob));
    expect(result).toMatchObject({ missing: [], synthesised: 1 });
    const flaky = findTest(report(), 'is flaky', 'only');
    expect(flaky.results.map(({ retry, status }) => [retry, status])).toEqual([
      [0, 'failed'],
      [1, 'passed'],
    ]);
    expect(flaky.results[0]!.annotations).toEqual([
      { type: 'playfleet', description: expect.stringContaining('does not hold this attempt') as string },
    ]);
  });
  test('an attempt of a process that left no blob comes from the record, without its files where the store lacks them', async () => {
    const lost = plan();
    const flaky = tests(lost).find(({ test }) => test.titlePath.at(-1) === 'is flaky')!;
    flaky.attempts[0]!.blobKey = null;
    const result = await merge({ ...lost, artifactsDir: path.join(dir, 'no-such-store') });
    expect(result).toMatchObject({ missing: [], synthesised: 1 });
    const [first] = findTest(report(), 'is flaky', 'only').results;
    expect(first!.annotations.map(({ description }) => description)).toEqual([
      "Shown from the coordinator's record: the process that ran it left no report.",
      'The attachment "same file" is lost.',
      'The attachment "error-context" is lost.',
    ]);
  });
});

describe('what the plan leaves out or adds', () => {
  test('tests and attempts that do not count are not shown', async () => {
    const less = plan();
    const kept = tests(less).filter(({ test }) => test.titlePath.at(-1) !== 'fails always');
    const flaky = kept.find(({ test }) => test.titlePath.at(-1) === 'is flaky')!;
    flaky.attempts = flaky.attempts.slice(1);
    const result = await merge({ ...less, tests: kept });
    expect(result).toMatchObject({ tests: 9, attempts: 9, synthesised: 0 });
    expect(report().stats).toMatchObject({ expected: 7, unexpected: 0, flaky: 0, skipped: 2 });
    expect(findTest(report(), 'is flaky', 'only').results.map(({ retry, status }) => [retry, status])).toEqual([
      [0, 'passed'],
    ]);
    expect(allTests(report()).map(({ spec }) => spec.title)).not.toContain('fails always');
  });
  test('a test that never ran is shown as not run, with the reason', async () => {
    const halted = plan();
    const setup = tests(halted)[0]!;
    const after = tests(halted)
      .slice(1)
      .map((one) => ({ ...one, attempts: [], note: 'did not run: setup failed' }));
    const result = await merge({ ...halted, tests: [setup, ...after], notes: ['The run was stopped by ann.'] });
    expect(result).toMatchObject({ tests: 10, attempts: 1 });
    expect(report().stats).toMatchObject({ expected: 1, unexpected: 0, flaky: 0, skipped: 9 });
    const stopped = findTest(report(), 'fails always', 'only');
    expect(stopped).toMatchObject({ status: 'skipped', results: [] });
    expect(notes('fails always')).toEqual(['did not run: setup failed']);
    expect(report().errors.map(({ message }) => message)).toEqual(['Playfleet: The run was stopped by ann.']);
  });
  test('a note on a test that ran stands on its last attempt, beside what the test said', async () => {
    const noted = plan();
    for (const one of tests(noted)) one.note = 'seen on two machines';
    await merge(noted);
    expect(findTest(report(), 'passes with files', 'only').annotations).toMatchObject([
      { type: 'issue', description: 'SHOP-1' },
      { type: 'playfleet', description: 'seen on two machines' },
    ]);
    expect(findTest(report(), 'is flaky', 'only').results.map(({ annotations }) => annotations.length)).toEqual([0, 1]);
  });
  test('a run without tests and without blobs gives an empty report', async () => {
    const result = await merge({ ...plan(), blobs: [], tests: [], notes: ['The suite holds no tests.'] });
    expect(result).toMatchObject({ tests: 0, attempts: 0 });
    expect(report().suites).toEqual([]);
    expect(report().errors.map(({ message }) => message)).toEqual(['Playfleet: The suite holds no tests.']);
    expect(readJunit(path.join(outDir, 'report.xml')).tests).toBe(0);
    expect(await readFile(path.join(outDir, 'html', 'index.html'), 'utf8')).toContain('playwrightReportBase64');
  });
});

const findId = (title: string): string =>
  runs.flatMap(({ recorded }) => recorded.tests).find(({ titlePath }) => titlePath.at(-1) === title)!.id;
