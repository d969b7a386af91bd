/**
 * What a report is to show, decided from the database: the list of tests is the truth, each test once with the attempts that count.
 * It travels to the merging process as a file of JSON lines (a header, then one line per test), so that neither side ever holds the
 * recorded steps and output of a whole run.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { plannedTest, testAttempt, type PlannedTest, type TestStatus } from '../../shared/protocol/playwright.ts';
import { readLines } from './lines.ts';

export const reportHeader = z.object({
  /** Shown as the title of the HTML report and as the name of the JUnit suites. */
  title: z.string().min(1).max(500),
  /** Of the suite; shown where no blob tells. */
  playwrightVersion: z.string().max(100).optional(),
  /** Milliseconds since the epoch. */
  startedAt: z.int().min(0),
  durationMs: z.number().min(0),
  /** Every blob that came in. `key` names the Playwright process (`taskId:attempt`), `file` is the absolute path of its zip. */
  blobs: z.array(z.object({ key: z.string().min(1).max(300), file: z.string().min(1) })).max(200_000),
  /** Folder of the artifact store (`<2 hex>/<sha256>`), for attachments of attempts whose blob is lost; null where there is none. */
  artifactsDir: z.string().min(1).nullable(),
  /** Sentences about the run as a whole; shown at the top of the report. */
  notes: z.array(z.string().max(10_000)).max(1000),
});
export type ReportHeader = z.infer<typeof reportHeader>;

export const reportAttempt = z.object({
  /** The process that ran it; null where it is known that it left no blob. */
  blobKey: z.string().min(1).max(300).nullable(),
  /** Playwright's retry index inside that process. */
  retryInBlob: z.int().min(0),
  /** The coordinator's own record, used where the blob lacks the attempt. */
  recorded: testAttempt,
});
export type ReportAttempt = z.infer<typeof reportAttempt>;

/** One test with its counted attempts in order; none = it did not run. `note` says what a reader must know ("did not run: …"). */
export const reportTest = z.object({
  test: plannedTest,
  attempts: z.array(reportAttempt).max(1000),
  note: z.string().max(10_000).optional(),
});
export type ReportTest = z.infer<typeof reportTest>;

/** `tests` may be a generator over database rows: it is read once, in order, and the order is the report's. */
export interface ReportPlan extends ReportHeader {
  /** Absolute folder that receives `html/`, `report.json` and `report.xml`. */
  outDir: string;
  tests: Iterable<ReportTest> | AsyncIterable<ReportTest>;
}

export async function writePlan(file: string, plan: ReportPlan): Promise<void> {
  const { tests, outDir: _outDir, ...header } = plan;
  async function* lines() {
    yield `${JSON.stringify(header)}\n`;
    for await (const test of tests) yield `${JSON.stringify(test)}\n`;
  }
  await pipeline(Readable.from(lines()), createWriteStream(file));
}

/** What folding keeps in memory of a test: everything but the recorded attempts. */
export interface PlanEntry {
  test: PlannedTest;
  note: string | undefined;
  /** Size of its line in the plan. */
  bytes: number;
  attempts: { blobKey: string | null; retryInBlob: number; status: TestStatus }[];
}

export interface PlanFile {
  header: ReportHeader;
  entries: PlanEntry[];
  /** Reads one test again, with its recorded attempts. */
  load(index: number): Promise<ReportTest>;
  close(): Promise<void>;
}

const MAX_LINE_BYTES = 256 * 1024 * 1024;

/** Opens a plan that `writePlan` wrote. Throws an Error that names the line and the field where it is not a plan. */
export async function openPlan(file: string): Promise<PlanFile> {
  const entries: PlanEntry[] = [];
  const places: { offset: number; length: number }[] = [];
  const ids = new Set<string>();
  let header: ReportHeader | undefined;
  let offset = 0;
  let line = 0;
  for await (const bytes of readLines(
    createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>,
    MAX_LINE_BYTES,
  )) {
    line += 1;
    if (header === undefined) header = parseLine(reportHeader, bytes, line);
    else {
      const { test, note, attempts } = parseLine(reportTest, bytes, line);
      if (ids.has(test.id))
        throw new Error(`report plan, line ${line}: test ${test.id} is listed twice; list each test once`);
      ids.add(test.id);
      entries.push({
        test,
        note,
        bytes: bytes.length,
        attempts: attempts.map(({ blobKey, retryInBlob, recorded }) => ({
          blobKey,
          retryInBlob,
          status: recorded.status,
        })),
      });
      places.push({ offset, length: bytes.length });
    }
    offset += bytes.length + 1;
  }
  if (header === undefined) throw new Error('report plan: the file is empty; its first line must be the header');

  const handle = await open(file, 'r');
  return {
    header,
    entries,
    async load(index) {
      const place = places[index];
      if (place === undefined) throw new RangeError(`no test ${index} in the report plan`);
      const { buffer } = await handle.read(Buffer.alloc(place.length), 0, place.length, place.offset);
      return JSON.parse(buffer.toString('utf8')) as ReportTest;
    },
    close: () => handle.close(),
  };
}

function parseLine<T>(schema: z.ZodType<T>, bytes: Buffer, line: number): T {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new Error(`report plan, line ${line}: not JSON`, { cause: error });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Error(`report plan, line ${line}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`);
}
