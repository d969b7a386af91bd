/**
 * Many blobs into one. Playwright's own merge shows a retry in another blob as a second test and repeats a file's JUnit suite per blob,
 * so the blobs are folded first: the planned tests, each once, with the attempts that count, renumbered. What a lost blob held comes from
 * the coordinator's record instead, so there is always a report, and it says what is missing.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import yazl from 'yazl';
import { openArtifacts, type Artifacts } from './artifacts.ts';
import { FOLDED_VERSION } from './blob-events.ts';
import type { EventConfig, EventError, RawEvent } from './blob-events.ts';
import { playfleetNote } from './blob-reader.ts';
import { blobLimits, type BlobLimits } from './blob-zip.ts';
import { gather, ownNotes, type Gathered } from './gather.ts';
import { FOLDED_ROOT } from './paths.ts';
import type { PlanFile } from './plan.ts';
import { createResources } from './resources.ts';
import { createSpill, type Spill } from './spill.ts';
import { expectedStatus, synthesiseAttempt } from './synthesise.ts';

export interface FoldResult {
  tests: number;
  attempts: number;
  /** Blobs that could not be used, each with the reason. */
  missing: { key: string; reason: string }[];
  /** How many of the attempts were made from the coordinator's record. */
  synthesised: number;
  lostAttachments: number;
  /** Size of the folded event log, which Playwright's merge holds in memory. */
  eventBytes: number;
}

/**
 * Writes `report.zip` and `resources/` into the folder `into`, where `playwright merge-reports` finds them. With `refuseBlobs`, a reason,
 * no blob is opened and everything comes from the record.
 */
export async function foldBlobs(
  plan: PlanFile,
  into: string,
  options: { limits?: BlobLimits; refuseBlobs?: string } = {},
): Promise<FoldResult> {
  await mkdir(into, { recursive: true });
  const resources = await createResources(path.join(into, 'resources'));
  const artifacts = openArtifacts(plan.header.artifactsDir, resources);
  const spillFile = path.join(into, 'events.spill');
  const spill = await createSpill(spillFile);
  try {
    const gathered = await gather(
      plan,
      { resources, spill, artifacts, limits: options.limits ?? blobLimits },
      options.refuseBlobs,
    );
    const { missing, lostAttachments } = gathered;
    const result: FoldResult = {
      tests: plan.entries.length,
      attempts: 0,
      missing,
      synthesised: 0,
      lostAttachments,
      eventBytes: 0,
    };
    await zipEvents(foldedEvents(plan, gathered, spill, artifacts, result), path.join(into, 'report.zip'));
    return result;
  } finally {
    await spill.close();
    await rm(spillFile, { force: true });
  }
}

/** The folded event log, counting into `result` what it writes. */
async function* foldedEvents(
  plan: PlanFile,
  gathered: Gathered,
  spill: Spill,
  artifacts: Artifacts,
  result: FoldResult,
): AsyncGenerator<Buffer> {
  const write = (...events: RawEvent[]): Buffer => {
    const lines = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    result.eventBytes += lines.length;
    return lines;
  };
  yield write(
    { method: 'onBlobReportMetadata', params: { version: FOLDED_VERSION, userAgent: 'Playfleet', pathSeparator: '/' } },
    { method: 'onConfigure', params: { config: foldedConfig(plan, gathered) } },
    ...foldedProjects(plan, gathered),
    { method: 'onBegin', params: undefined },
  );
  const lost = new Map(gathered.missing.map(({ key, reason }) => [key, reason]));
  let passed = true;
  for (const [testIndex, entry] of plan.entries.entries()) {
    let ok = entry.attempts.length === 0;
    for (const [retry, { blobKey }] of entry.attempts.entries()) {
      result.attempts += 1;
      const found = gathered.found[testIndex]?.[retry];
      if (found !== undefined) {
        ok ||= found.ok;
        result.eventBytes += found.chunk.length;
        yield await spill.read(found.chunk);
        continue;
      }
      const recorded = (await plan.load(testIndex)).attempts[retry]!.recorded;
      const notes = [playfleetNote(whyRecorded(blobKey, lost)), ...ownNotes(entry, retry)];
      const place = { id: `${testIndex}.${retry}`, retry, workerBase: gathered.workers, notes };
      const made = await synthesiseAttempt(entry.test, recorded, place, artifacts);
      ok ||= recorded.status === expectedStatus(entry.test, recorded);
      result.synthesised += 1;
      result.lostAttachments += made.lostAttachments;
      yield write(...made.events);
    }
    passed &&= ok;
  }
  const errors = foldedErrors(plan, gathered);
  const { startedAt: startTime, durationMs: duration } = plan.header;
  const status = passed && errors.length === 0 ? 'passed' : 'failed';
  yield write(...errors.map((error) => ({ method: 'onError', params: { error } })), {
    method: 'onEnd',
    params: { result: { status, startTime, duration } },
  });
}

function foldedConfig({ header }: PlanFile, { blobs }: Gathered): EventConfig {
  const first = blobs[0]?.config ?? {
    metadata: {},
    version: header.playwrightVersion ?? '',
    workers: 1,
    globalTimeout: 0,
    maxFailures: 0,
    rootDir: '',
  };
  return { ...first, rootDir: FOLDED_ROOT, shard: null };
}

function foldedProjects(plan: PlanFile, { union }: Gathered): RawEvent[] {
  const tests = plan.entries.map(({ test, attempts, note }) => {
    const didNotRun = attempts.length === 0 && note !== undefined ? [playfleetNote(note)] : [];
    return { test, annotations: [...union.annotations(test), ...didNotRun] };
  });
  return union.build(tests).map((project) => ({ method: 'onProject', params: { project } }));
}

const whyRecorded = (blobKey: string | null, lost: ReadonlyMap<string, string>): string => {
  if (blobKey === null) return "Shown from the coordinator's record: the process that ran it left no report.";
  const reason = lost.get(blobKey) ?? 'it does not hold this attempt';
  return `Shown from the coordinator's record: the report of process ${blobKey} cannot be used (${reason}).`;
};

/**
 * Errors outside of tests, equal ones once. A process that gave nothing to the report may have failed to start where another then did
 * the work; its errors matter only while something did not run.
 */
function foldedErrors(plan: PlanFile, { blobs, missing }: Gathered): EventError[] {
  const incomplete = plan.entries.some(({ attempts }) => attempts.length === 0) || plan.entries.length === 0;
  const errors = new Map<string, EventError>();
  for (const blob of blobs) {
    if (blob.counted === 0 && !incomplete) continue;
    for (const error of blob.errors) {
      const key = `${error.message ?? ''} ${error.location?.file ?? ''}:${error.location?.line ?? ''}`;
      if (!errors.has(key)) errors.set(key, error);
    }
  }
  const notes = [
    ...plan.header.notes,
    ...(missing.length === 0 ? [] : [sayMissing(missing, plan.header.blobs.length)]),
  ];
  return [...errors.values(), ...notes.map((note) => ({ message: `Playfleet: ${note}` }))];
}

const MISSING_NAMED = 10;

function sayMissing(missing: FoldResult['missing'], of: number): string {
  const named = missing.slice(0, MISSING_NAMED).map(({ key, reason }) => `${key} (${reason})`);
  const more = missing.length > MISSING_NAMED ? `, and ${missing.length - MISSING_NAMED} more` : '';
  return `${missing.length} of ${of} blob reports could not be used: ${named.join(', ')}${more}. What they held is shown from the coordinator's record.`;
}

async function zipEvents(events: AsyncIterable<Buffer>, file: string): Promise<void> {
  const zip = new yazl.ZipFile();
  const source = Readable.from(events, { objectMode: false });
  // Playwright unpacks the file at once, so packing it would be work for nothing.
  zip.addReadStream(source, 'report.jsonl', { compress: false });
  zip.end();
  source.on('error', (error) => (zip.outputStream as Readable).destroy(error));
  await pipeline(zip.outputStream, createWriteStream(file));
}
