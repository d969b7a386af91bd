import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { blobLimits } from '../../../coordinator/reports/blob-zip.ts';
import { foldBlobs, type FoldOptions, type FoldResult } from '../../../coordinator/reports/fold.ts';
import { mergeReports } from '../../../coordinator/reports/merge-reports.ts';
import { openPlan, writePlan, type ReportPlan } from '../../../coordinator/reports/plan.ts';
import { allTests, attachmentBytes, essence, findTest, readJson, type JsonReport } from './compare.ts';
import { planFrom, type ProcessRun, type Recorded } from './run.ts';
import { editEvents, readZip, writeZip, type AnyEvent } from './zips.ts';
import { createHash } from 'node:crypto';

const fixtures = path.join(import.meta.dirname, 'fixtures');
const VERSIONS = (await readdir(fixtures))
  .filter((name) => name.endsWith('.zip'))
  .map((name) => name.slice('playwright-'.length, -'.zip'.length));

let dir: string;
let outDir: string;
let blob: string;
let count = 0;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'playfleet-foreign-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));
beforeEach(() => {
  count += 1;
  outDir = path.join(dir, `report-${count}`);
  blob = path.join(dir, `changed-${count}.zip`);
});

async function load(
  version: string,
  file = path.join(fixtures, `playwright-${version}.zip`),
): Promise<{ run: ProcessRun; plan: ReportPlan }> {
  const recorded = JSON.parse(await readFile(path.join(fixtures, `playwright-${version}.json`), 'utf8')) as Recorded;
  const run = { key: 'old:1', blob: file, recorded, output: '' };
  return { run, plan: planFrom(recorded.tests, [run], outDir, null) };
}
const merge = async (plan: ReportPlan) => mergeReports(plan, { nodePath: process.execPath });
const report = (): JsonReport => readJson(path.join(outDir, 'report.json'));

describe('blobs of older versions of Playwright', () => {
  test('the fixtures cover both versions of the format', () =>
    expect(VERSIONS).toEqual(['1.41.2', '1.45.3', '1.56.1']));

  test.each(VERSIONS)('%s: attempts, annotations and attachments are those of the run', async (version) => {
    const { run, plan } = await load(version);
    const result = await merge(plan);
    expect(result).toMatchObject({ missing: [], synthesised: 0, lostAttachments: 0, tests: run.recorded.tests.length });
    const shown = allTests(report()).flatMap(({ spec, test }) =>
      test.results.map(({ retry, status, attachments }) => ({
        id: spec.id,
        retry,
        status,
        annotations:
          retry === test.results.length - 1
            ? test.annotations.map(({ type, description }) => ({ type, description }))
            : [],
        attachments: attachments.map((attachment) => ({
          name: attachment.name,
          contentType: attachment.contentType,
          sha256: createHash('sha256').update(attachmentBytes(attachment, outDir)).digest('hex'),
        })),
      })),
    );
    const last = new Map(run.recorded.attempts.map(({ testId, retry }) => [testId, retry]));
    const ran = run.recorded.attempts.map((attempt) => ({
      id: attempt.testId,
      retry: attempt.retry,
      status: attempt.status,
      annotations: attempt.retry === last.get(attempt.testId) ? attempt.annotations : [],
      attachments: attempt.attachments.map(({ name, contentType, sha256 }) => ({ name, contentType, sha256 })),
    }));
    const sorted = (list: { id: string; retry: number }[]): unknown =>
      list.toSorted((a, b) => a.id.localeCompare(b.id) || a.retry - b.retry);
    expect(sorted(shown)).toEqual(sorted(ran));
    expect(shown.some(({ annotations }) => annotations.some(({ type }) => type === 'fail'))).toBe(true);
    expect(findTest(report(), 'is expected to fail', 'only').status).toBe('expected');
  });
});

describe('blobs of other machines', () => {
  test('a blob written on Windows gives the same report', async () => {
    const { plan } = await load('1.56.1');
    await merge(plan);
    const truth = essence(report(), outDir);
    const posixDir = outDir;
    const backslashes = (value: unknown, key = ''): unknown => {
      if (Array.isArray(value)) return value.map((item) => backslashes(item));
      if (typeof value === 'object' && value !== null)
        return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, backslashes(item, name)]));
      if (typeof value !== 'string') return value;
      if (value.startsWith('/home/ann/shop/') && (key === 'file' || key === 'rootDir'))
        return value.replace('/home/ann/shop', 'C:\\Users\\Ann\\shop').replaceAll('/', '\\');
      return ['file', 'outputDir', 'testDir', 'snapshotDir', 'configFile'].includes(key)
        ? value.replaceAll('/', '\\')
        : value;
    };
    await editEvents(path.join(fixtures, 'playwright-1.56.1.zip'), blob, (events) =>
      (backslashes(events) as AnyEvent[]).map((event) => {
        if (event.method === 'onBlobReportMetadata')
          return { ...event, params: { ...event.params, pathSeparator: '\\' } };
        if (event.method !== 'onProject') return event;
        const project = event.params!.project as { name: string; suites: { title: string }[] };
        return {
          ...event,
          params: {
            project: {
              ...project,
              suites: project.suites.map((suite) => ({ ...suite, title: suite.title.replaceAll('/', '\\') })),
            },
          },
        };
      }),
    );
    outDir = path.join(dir, 'windows');
    await merge((await load('1.56.1', blob)).plan);
    expect(essence(report(), outDir)).toEqual(truth);
    const places = (of: JsonReport): unknown =>
      allTests(of).flatMap(({ test }) =>
        test.results.flatMap(({ errors }) => errors.map(({ location }) => location?.file)),
      );
    expect(places(report())).toEqual(places(readJson(path.join(posixDir, 'report.json'))));
    expect(places(report())).toContain('/lib/helper.ts');
    expect(report().config.rootDir).toBe('/suite');
  });

  test("no report shows a web server's environment", async () => {
    await editEvents(path.join(fixtures, 'playwright-1.56.1.zip'), blob, (events) =>
      events.map((event) =>
        event.method === 'onConfigure'
          ? {
              ...event,
              params: {
                config: { ...event.params!.config!, webServer: { command: 'npm start', env: { TOKEN: 'hush-hush' } } },
              },
            }
          : event,
      ),
    );
    await merge((await load('1.56.1', blob)).plan);
    expect(report().config.webServer).toEqual({ command: 'npm start' });
    expect(await readFile(path.join(outDir, 'report.json'), 'utf8')).not.toContain('hush-hush');
  });
});

describe('blobs of someone who means harm', () => {
  const secret = 'the-coordinators-secret';

  test("none of the coordinator's files gets into a report", async () => {
    const hidden = path.join(dir, 'hidden.txt');
    await mkdir(dir, { recursive: true });
    await (await import('node:fs/promises')).writeFile(hidden, `1\n2\n${secret}\n4\n5\n`);
    const place = { file: path.relative('/suite', hidden), line: 3, column: 1 };
    await editEvents(path.join(fixtures, 'playwright-1.56.1.zip'), blob, (events) =>
      events.map((event): AnyEvent => {
        if (event.method === 'onConfigure')
          return { ...event, params: { config: { ...event.params!.config!, rootDir: '/suite' } } };
        if (event.method === 'onStepBegin')
          return { ...event, params: { ...event.params, step: { ...event.params!.step, location: place } } };
        if (event.method === 'onAttach')
          return {
            ...event,
            params: {
              ...event.params,
              attachments: [
                { name: 'stolen', contentType: 'text/plain', path: hidden },
                { name: 'stolen too', contentType: 'text/plain', path: `../../../${hidden}` },
              ],
            },
          };
        if (event.method === 'onTestEnd' && event.params!.result!.errors !== undefined)
          return {
            ...event,
            params: {
              ...event.params,
              result: { ...event.params!.result!, errors: [{ message: 'look', location: { ...place, file: hidden } }] },
            },
          };
        return event;
      }),
    );
    const result = await merge((await load('1.56.1', blob)).plan);
    expect(result.missing).toEqual([]);
    expect(result.lostAttachments).toBeGreaterThan(0);
    // The place did reach the merge, so only the lack of permission kept it from reading there.
    expect(JSON.stringify(report())).toContain(hidden);
    for (const name of await readdir(outDir, { recursive: true, withFileTypes: true })) {
      if (!name.isFile()) continue;
      const bytes = await readFile(path.join(name.parentPath, name.name));
      expect(bytes.includes(secret)).toBe(false);
      const data = /playwrightReportBase64">data:application\/zip;base64,([^<]*)</.exec(bytes.toString('latin1'))?.[1];
      if (data === undefined) continue;
      const packed = path.join(dir, 'packed.zip');
      await (await import('node:fs/promises')).writeFile(packed, Buffer.from(data, 'base64'));
      for (const [, content] of await readZip(packed)) expect(content.includes(secret)).toBe(false);
    }
  });

  test('steps and attachments out of thin air do not stop the merge', async () => {
    await editEvents(path.join(fixtures, 'playwright-1.56.1.zip'), blob, (events) =>
      events.flatMap((event): AnyEvent[] => {
        const params = event.params!;
        if (event.method === 'onStepBegin')
          return [
            {
              ...event,
              params: { ...params, testId: 'another test', step: { ...params.step, parentStepId: 'nobody' } },
            },
          ];
        if (event.method === 'onStepEnd')
          return [
            { ...event, params: { ...params, step: { ...params.step, attachments: [99] } } },
            { ...event, params: { ...params, step: { ...params.step, id: 'never began' } } },
          ];
        return [event];
      }),
    );
    expect(await merge((await load('1.56.1', blob)).plan)).toMatchObject({ missing: [], synthesised: 0 });
  });

  test.each([
    ['more entries than are plausible', { ...blobLimits, entries: 1 }, /entries/],
    [
      'an event log beyond the limit, whatever its header says',
      { ...blobLimits, eventBytes: 1000 },
      /report\.jsonl is larger than 1000 bytes/,
    ],
    ['an endless line', { ...blobLimits, lineBytes: 500 }, /a line is longer than 500 bytes/],
  ])('%s: the blob is refused', async (_name, limits, reason) => {
    const result = await fold({ limits });
    expect(result.missing).toEqual([{ key: 'old:1', reason: expect.stringMatching(reason) as string }]);
    expect(result.synthesised).toBe(result.attempts);
  });

  test('an attempt with endless output is made from the record, the others are kept', async () => {
    const { plan } = await load('1.56.1');
    const sizes = [...(plan.tests as { attempts: unknown[] }[])].reduce(
      (sum, { attempts }) => sum + attempts.length,
      0,
    );
    const result = await fold({ limits: { ...blobLimits, attemptBytes: 4000 } });
    expect(result.missing).toEqual([]);
    expect(result.synthesised).toBeGreaterThan(0);
    expect(result.synthesised).toBeLessThan(sizes);
  });

  test('an attachment beyond the limit is lost alone', async () => {
    const result = await fold({ limits: { ...blobLimits, resourceBytes: 100 } });
    expect(result).toMatchObject({ missing: [], synthesised: 0 });
    expect(result.lostAttachments).toBe(1);
  });

  test('suites nested a hundred thousand deep are refused, not followed', async () => {
    const entries = await readZip(path.join(fixtures, 'playwright-1.56.1.zip'));
    const deep = `${'{"title":"x","entries":['.repeat(100_000)}${']}'.repeat(100_000)}`;
    const log = entries.get('report.jsonl')!.toString('utf8').replace('"suites":[', `"suites":[${deep},`);
    await writeZip(
      blob,
      [...entries, ['report.jsonl', Buffer.from(log)]].reduce(
        (map, [name, bytes]) => map.set(name as string, bytes as Buffer),
        new Map<string, Buffer>(),
      ),
    );
    const result = await fold({}, blob);
    expect(result.missing).toEqual([
      { key: 'old:1', reason: expect.stringMatching(/nested too deeply|not JSON/) as string },
    ]);
  });
});

describe('a report that would be too large', () => {
  test('loses the steps and output of what passed first', async () => {
    const full = await fold({});
    const result = await fold({ maxEventBytes: full.eventBytes - 1 });
    expect(full.details).toBe('full');
    expect(result.details).toBe('failed');
    expect(result.eventBytes).toBeLessThan(full.eventBytes);
    const folded = await readZip(path.join(lastFold, 'report.zip'));
    const log = folded.get('report.jsonl')!.toString('utf8');
    expect(log).toContain('in a step');
    expect(log).not.toContain('outer');
    expect(log).toContain('The steps and output of attempts that ended as expected are left out');
  });
  test('and of everything where that is not enough', async () => {
    const result = await fold({ maxEventBytes: 1000 });
    expect(result.details).toBe('none');
    const log = (await readZip(path.join(lastFold, 'report.zip'))).get('report.jsonl')!.toString('utf8');
    expect(log).not.toContain('onStep');
    expect(log).not.toContain('onStdIO');
    expect(log.match(/"method":"onTestEnd"/g)).toHaveLength(result.attempts);
  });
});

let lastFold: string;
async function fold(options: Partial<FoldOptions>, file?: string): Promise<FoldResult> {
  const { plan } = await load('1.56.1', file);
  lastFold = await mkdtemp(path.join(dir, 'fold-'));
  const planFile = path.join(lastFold, 'plan.jsonl');
  await writePlan(planFile, plan);
  const opened = await openPlan(planFile);
  try {
    return await foldBlobs(opened, lastFold, { maxEventBytes: 1e9, ...options });
  } finally {
    await opened.close();
  }
}
