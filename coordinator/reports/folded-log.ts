/** The event log of a folded blob: the plan's tests in the plan's order, each attempt from its blob or from the record. */
import type { Artifacts } from './artifacts.ts';
import { FOLDED_VERSION } from './blob-events.ts';
import type { EventConfig, EventError, RawEvent } from './blob-events.ts';
import { playfleetNote } from './attempt-copy.ts';
import { sayDetails, withoutDetails, type Details } from './details.ts';
import { ownNotes, type Gathered } from './gather.ts';
import { FOLDED_ROOT } from './paths.ts';
import type { PlanFile } from './plan.ts';
import type { Spill } from './spill.ts';
import { expectedStatus, synthesiseAttempt } from './synthesise.ts';

export interface LogSource {
  plan: PlanFile;
  gathered: Gathered;
  spill: Spill;
  artifacts: Artifacts;
  details: Details;
}

export interface LogCounts {
  attempts: number;
  synthesised: number;
  lostAttachments: number;
  eventBytes: number;
}

/** Yields the log, adding to `counts` as it goes. */
export async function* foldedLog(source: LogSource, counts: LogCounts): AsyncGenerator<Buffer> {
  const { plan, gathered, details } = source;
  yield toLines([
    { method: 'onBlobReportMetadata', params: { version: FOLDED_VERSION, userAgent: 'Playfleet', pathSeparator: '/' } },
    { method: 'onConfigure', params: { config: foldedConfig(plan, gathered) } },
    ...foldedProjects(plan, gathered),
    { method: 'onBegin', params: undefined },
  ]);
  const refused = new Map(gathered.missing.map(({ key, reason }) => [key, reason]));
  let passed = true;
  for (const [testIndex, { attempts }] of plan.entries.entries()) {
    let testPassed = attempts.length === 0;
    for (const retry of attempts.keys()) {
      const { lines, ok } = await attemptLines(source, testIndex, retry, refused, counts);
      const leaveOut = details === 'none' || (details === 'failed' && ok);
      const written = leaveOut ? Buffer.from(withoutDetails(lines.toString('utf8'))) : lines;
      testPassed ||= ok;
      counts.attempts += 1;
      counts.eventBytes += written.length;
      yield written;
    }
    passed &&= testPassed;
  }
  const errors = foldedErrors(plan, gathered, details);
  const { startedAt: startTime, durationMs: duration } = plan.header;
  const status = passed && errors.length === 0 ? 'passed' : 'failed';
  yield toLines([
    ...errors.map((error) => ({ method: 'onError', params: { error } })),
    { method: 'onEnd', params: { result: { status, startTime, duration } } },
  ]);
}

const toLines = (events: RawEvent[]): Buffer =>
  Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''));

/** The events of one attempt; `ok` = it ended as its test expects. */
async function attemptLines(
  { plan, gathered, spill, artifacts }: LogSource,
  testIndex: number,
  retry: number,
  refused: ReadonlyMap<string, string>,
  counts: LogCounts,
): Promise<{ lines: Buffer; ok: boolean }> {
  const found = gathered.found[testIndex]?.[retry];
  if (found !== undefined) return { lines: await spill.read(found.chunk), ok: found.ok };
  const entry = plan.entries[testIndex]!;
  const { blobKey, recorded } = (await plan.load(testIndex)).attempts[retry]!;
  const notes = [playfleetNote(whyRecorded(blobKey, refused)), ...ownNotes(entry, retry)];
  const place = { id: `${testIndex}.${retry}`, retry, workerBase: gathered.workers, notes };
  const made = await synthesiseAttempt(entry.test, recorded, place, artifacts);
  counts.synthesised += 1;
  counts.lostAttachments += made.lostAttachments;
  return { lines: toLines(made.events), ok: recorded.status === expectedStatus(entry.test, recorded) };
}

function whyRecorded(blobKey: string | null, refused: ReadonlyMap<string, string>): string {
  if (blobKey === null) return "Shown from the coordinator's record: the process that ran it left no report.";
  const reason = refused.get(blobKey) ?? 'it does not hold this attempt';
  return `Shown from the coordinator's record: the report of process ${blobKey} cannot be used (${reason}).`;
}

function foldedConfig({ header }: PlanFile, { blobs }: Gathered): EventConfig {
  const unknown = {
    metadata: {},
    version: header.playwrightVersion ?? '',
    workers: 1,
    globalTimeout: 0,
    maxFailures: 0,
  };
  return { ...(blobs[0]?.config ?? unknown), rootDir: FOLDED_ROOT, shard: null };
}

function foldedProjects({ entries }: PlanFile, { union }: Gathered): RawEvent[] {
  const tests = entries.map(({ test, attempts, note }) => {
    const didNotRun = attempts.length === 0 && note !== undefined ? [playfleetNote(note)] : [];
    return { test, annotations: [...union.annotations(test), ...didNotRun] };
  });
  return union.build(tests).map((project) => ({ method: 'onProject', params: { project } }));
}

/**
 * Errors outside of tests, equal ones once, and our notes. A process that gave nothing to the report may have failed to start where
 * another then did the work; its errors matter only while something did not run.
 */
function foldedErrors({ header, entries }: PlanFile, { blobs, missing }: Gathered, details: Details): EventError[] {
  const incomplete = entries.length === 0 || entries.some(({ attempts }) => attempts.length === 0);
  const errors = new Map<string, EventError>();
  for (const blob of blobs) {
    if (blob.counted === 0 && !incomplete) continue;
    for (const error of blob.errors) {
      const key = `${error.message ?? ''} ${error.location?.file ?? ''}:${error.location?.line ?? ''}`;
      if (!errors.has(key)) errors.set(key, error);
    }
  }
  const notes = [...header.notes, sayMissing(missing, header.blobs.length), sayDetails[details]];
  return [...errors.values(), ...notes.flatMap((note) => (note === null ? [] : [{ message: `Playfleet: ${note}` }]))];
}

const MISSING_NAMED = 10;

function sayMissing(missing: Gathered['missing'], of: number): string | null {
  if (missing.length === 0) return null;
  const named = missing.slice(0, MISSING_NAMED).map(({ key, reason }) => `${key} (${reason})`);
  const more = missing.length > MISSING_NAMED ? `, and ${missing.length - MISSING_NAMED} more` : '';
  return `${missing.length} of ${of} blob reports could not be used: ${named.join(', ')}${more}. What they held is shown from the coordinator's record.`;
}
