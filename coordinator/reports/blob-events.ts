/**
 * The event log inside a blob (`report.jsonl`), as far as folding reads it. Objects are loose: what a newer Playwright adds within a
 * known version travels on untouched. What is checked is what Playwright's merge would crash on.
 */
import { z } from 'zod';
import { testStatus } from '../../shared/protocol/playwright.ts';
import { BlobRefused } from './blob-zip.ts';

/** Versions of the format that fold and Playwright's own merge of this release understand. */
export const BLOB_VERSIONS: readonly number[] = [1, 2];
/** What a folded blob says; of the Playwright that merges. */
export const FOLDED_VERSION = 2;

const place = z.looseObject({ file: z.string(), line: z.number(), column: z.number() });
export type EventLocation = z.infer<typeof place>;

const note = z.looseObject({ type: z.string(), description: z.unknown().optional(), location: place.optional() });
export type EventAnnotation = z.infer<typeof note>;

export interface EventError {
  message?: string | undefined;
  stack?: string | undefined;
  snippet?: string | undefined;
  location?: EventLocation | undefined;
  cause?: EventError | undefined;
  [key: string]: unknown;
}
const failure: z.ZodType<EventError> = z.lazy(() =>
  z.looseObject({
    message: z.string().optional(),
    stack: z.string().optional(),
    snippet: z.string().optional(),
    location: place.optional(),
    cause: failure.optional(),
  }),
);

const fileAttachment = z.looseObject({
  name: z.string(),
  contentType: z.string(),
  path: z.string().optional(),
  base64: z.string().optional(),
});
export type EventAttachment = z.infer<typeof fileAttachment>;

export const eventTest = z.looseObject({
  testId: z.string(),
  title: z.string(),
  location: place,
  retries: z.number(),
  tags: z.array(z.string()).optional(),
  repeatEachIndex: z.number().optional(),
  annotations: z.array(note).optional(),
});
export type EventTest = z.infer<typeof eventTest>;

export interface EventSuite {
  title: string;
  location?: EventLocation | undefined;
  entries: (EventSuite | EventTest)[];
  [key: string]: unknown;
}
/** Version 1 kept suites and tests of a suite apart, in this order. */
const suite: z.ZodType<EventSuite> = z.lazy(() =>
  z.union([
    z.looseObject({ title: z.string(), location: place.optional(), entries: z.array(z.union([eventTest, suite])) }),
    z
      .looseObject({ title: z.string(), location: place.optional(), suites: z.array(suite), tests: z.array(eventTest) })
      .transform(({ suites, tests, ...rest }) => ({ ...rest, entries: [...suites, ...tests] })),
  ]),
);

const pattern = z.looseObject({
  s: z.string().optional(),
  r: z.looseObject({ source: z.string(), flags: z.string() }).optional(),
});
export const eventProject = z.looseObject({
  name: z.string(),
  outputDir: z.string(),
  testDir: z.string(),
  snapshotDir: z.string(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  grep: z.array(pattern),
  grepInvert: z.array(pattern),
  testIgnore: z.array(pattern),
  testMatch: z.array(pattern),
  suites: z.array(suite),
});
export type EventProject = z.infer<typeof eventProject>;

export const eventConfig = z.looseObject({
  rootDir: z.string(),
  configFile: z.string().optional(),
  metadata: z.record(z.string(), z.unknown()),
  globalSetup: z.string().nullable().optional(),
  globalTeardown: z.string().nullable().optional(),
  webServer: z.looseObject({}).nullable().optional(),
});
export type EventConfig = z.infer<typeof eventConfig>;

const resultRef = { testId: z.string(), resultId: z.string() };
/** Events with what each one's `params` must hold; events of other names are dropped, as Playwright itself ignores them. */
const params = {
  onBlobReportMetadata: z.looseObject({ version: z.number(), pathSeparator: z.string().optional() }),
  onConfigure: z.looseObject({ config: eventConfig }),
  onProject: z.looseObject({ project: eventProject }),
  onTestBegin: z.looseObject({
    testId: z.string(),
    result: z.looseObject({
      id: z.string(),
      retry: z.number(),
      workerIndex: z.int(),
      parallelIndex: z.int(),
      startTime: z.number(),
    }),
  }),
  onStepBegin: z.looseObject({
    ...resultRef,
    step: z.looseObject({
      id: z.string(),
      parentStepId: z.string().optional(),
      title: z.string(),
      category: z.string(),
      startTime: z.number(),
      location: place.optional(),
    }),
  }),
  onStepEnd: z.looseObject({
    ...resultRef,
    step: z.looseObject({
      id: z.string(),
      duration: z.number(),
      error: failure.optional(),
      attachments: z.array(z.int().min(0)).optional(),
      annotations: z.array(note).optional(),
    }),
  }),
  onAttach: z.looseObject({ ...resultRef, attachments: z.array(fileAttachment) }),
  onStdIO: z.looseObject({
    testId: z.string().optional(),
    resultId: z.string().optional(),
    type: z.enum(['stdout', 'stderr']),
    data: z.string(),
    isBase64: z.boolean(),
  }),
  onTestEnd: z.looseObject({
    test: z.looseObject({
      testId: z.string(),
      expectedStatus: testStatus,
      timeout: z.number(),
      annotations: z.array(note).optional(),
    }),
    result: z.looseObject({
      id: z.string(),
      duration: z.number(),
      status: testStatus,
      errors: z.array(failure),
      attachments: z.array(fileAttachment).optional(),
      annotations: z.array(note).optional(),
    }),
  }),
  onError: z.looseObject({ error: failure, workerInfo: z.looseObject({}).optional() }),
};
type Methods = typeof params;
export type BlobEvent = { [M in keyof Methods]: { method: M; params: z.infer<Methods[M]> } }[keyof Methods];
export type EventOf<M extends keyof Methods> = Extract<BlobEvent, { method: M }>;

/** An event that passed JSON.parse only. */
export interface RawEvent {
  method: string;
  params: unknown;
}

export function parseRaw(line: string): RawEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new BlobRefused('report.jsonl holds a line that is not JSON', { cause: error });
  }
  if (typeof value !== 'object' || value === null || !('method' in value) || typeof value.method !== 'string')
    throw new BlobRefused('report.jsonl holds a line that is not an event');
  return { method: value.method, params: 'params' in value ? value.params : undefined };
}

/** The event in full, or null for one that reports do not need. Throws BlobRefused where it is not what its name promises. */
export function parseEvent(raw: RawEvent): BlobEvent | null {
  if (!Object.hasOwn(params, raw.method)) return null;
  const method = raw.method as keyof Methods;
  const parsed = check(params[method], raw.params);
  if (parsed.success) return { method, params: parsed.data } as BlobEvent;
  const issue = parsed.error.issues[0];
  throw new BlobRefused(`report.jsonl: ${method}.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`);
}

function check(schema: z.ZodType, value: unknown): z.ZodSafeParseResult<unknown> {
  try {
    return schema.safeParse(value);
  } catch (error) {
    // Suites or causes nested thousands deep exhaust the stack.
    throw new BlobRefused('report.jsonl: an event is nested too deeply', { cause: error });
  }
}

/** Throws BlobRefused, with what to do, for versions that nobody here has seen. */
export function checkVersion(first: BlobEvent | null): EventOf<'onBlobReportMetadata'>['params'] {
  if (first?.method !== 'onBlobReportMetadata') throw new BlobRefused('report.jsonl does not begin with its metadata');
  if (!BLOB_VERSIONS.includes(first.params.version))
    throw new BlobRefused(
      `its format is version ${first.params.version}, this coordinator reads ${BLOB_VERSIONS.join(' and ')}; update the coordinator`,
    );
  return first.params;
}
