import fc from 'fast-check';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LineTooLong, readLines } from '../../../coordinator/reports/lines.ts';
import { openPlan, writePlan, type ReportPlan, type ReportTest } from '../../../coordinator/reports/plan.ts';
import { blobPaths } from '../../../coordinator/reports/paths.ts';
import { replaceBytes } from '../../../coordinator/reports/relink.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'playfleet-plan-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const aTest = (id: string): ReportTest => ({
  test: {
    id,
    project: 'p',
    file: 'a.spec.ts',
    line: 1,
    column: 1,
    titlePath: [`title of ${id}\n "ü"`],
    tags: [],
    annotations: [],
    expectedStatus: 'passed',
    timeout: 1000,
    retries: 0,
  },
  attempts: [
    {
      blobKey: 'task:1',
      retryInBlob: 0,
      recorded: {
        testId: id,
        retry: 0,
        status: 'passed',
        startedAt: 1,
        durationMs: 1,
        errors: [],
        steps: [],
        annotations: [],
        stdout: `out of ${id} 🎭`,
        stderr: '',
        workerIndex: 0,
        parallelIndex: 0,
        attachments: [],
      },
    },
  ],
});
const aPlan = (tests: ReportPlan['tests']): ReportPlan => ({
  title: 't',
  outDir: dir,
  startedAt: 0,
  durationMs: 0,
  blobs: [],
  artifactsDir: null,
  notes: [],
  tests,
});

test('a plan is written from a generator and read back test by test, in order', async () => {
  const file = path.join(dir, 'plan.jsonl');
  await writePlan(
    file,
    aPlan(
      (function* () {
        for (const id of ['b', 'a', 'c']) yield aTest(id);
      })(),
    ),
  );
  const plan = await openPlan(file);
  expect(plan.header).toEqual({ title: 't', startedAt: 0, durationMs: 0, blobs: [], artifactsDir: null, notes: [] });
  expect(plan.entries.map(({ test }) => test.id)).toEqual(['b', 'a', 'c']);
  expect(plan.entries[0]!.attempts).toEqual([{ blobKey: 'task:1', retryInBlob: 0, status: 'passed' }]);
  expect(await plan.load(2)).toEqual(aTest('c'));
  expect(await plan.load(0)).toEqual(aTest('b'));
  await expect(plan.load(3)).rejects.toThrow('no test 3');
  await plan.close();
});

test.each([
  ['', /file is empty/],
  ['{"title":1}\n', /line 1: title: /],
  ['nonsense', /line 1: not JSON/],
])('a file that is no plan is refused with the place: %j', async (text, reason) => {
  const file = path.join(dir, 'bad.jsonl');
  await writeFile(file, text);
  await expect(openPlan(file)).rejects.toThrow(reason);
});

/** The text in chunks cut at `cuts`. */
async function* chunked(text: string, cuts: number[]): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (const [index, start] of at.slice(0, -1).entries()) yield bytes.subarray(start, at[index + 1]);
}
async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}
const cuts = fc.array(fc.nat(200), { maxLength: 8 });

test('lines come out whole wherever the chunks are cut', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '🎭', ' ') }), { maxLength: 8 }),
      cuts,
      async (lines, at) => {
        const text = lines.map((line) => `${line}\n`).join('');
        const read = await collect(readLines(chunked(text, at), 1000));
        expect(read.map(String)).toEqual(lines);
      },
    ),
  ));

test('a line beyond the limit is refused, also where it never ends', async () => {
  await expect(collect(readLines(chunked('ab\nabcd\n', []), 3))).rejects.toThrow(LineTooLong);
  await expect(collect(readLines(chunked('abcd', [2]), 3))).rejects.toThrow(LineTooLong);
  expect(await collect(readLines(chunked('abc\nabc', []), 3))).toHaveLength(2);
});

test('replacing in a stream gives what replacing in the whole gives', () =>
  fc.assert(
    fc.asyncProperty(
      fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 40 }),
      fc.constantFrom('ab', 'aab', 'b', 'éa'),
      cuts,
      async (text, from, at) => {
        const replaced = await collect(replaceBytes(chunked(text, at), Buffer.from(from), Buffer.from('<>')));
        expect(Buffer.concat(replaced).toString()).toBe(text.replaceAll(from, '<>'));
      },
    ),
  ));

test('paths of every machine become the same', () => {
  const posix = blobPaths('/home/ann/shop/tests', '/');
  expect(posix.absolute('/home/ann/shop/tests/a/b.spec.ts')).toBe('/suite/a/b.spec.ts');
  expect(posix.absolute('/home/ann/shop/lib/x.ts')).toBe('/lib/x.ts');
  expect(posix.relative('a/../b.spec.ts')).toBe('b.spec.ts');
  expect(posix.relative('')).toBe('');
  const windows = blobPaths('C:\\Users\\Ann\\shop\\tests', '\\');
  expect(windows.absolute('c:\\users\\ann\\shop\\tests\\a\\b.spec.ts')).toBe('/suite/a/b.spec.ts');
  expect(windows.relative('a\\b.spec.ts')).toBe('a/b.spec.ts');
});
