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
import { openArtifacts } from './artifacts.ts';
import { blobLimits, type BlobLimits } from './blob-zip.ts';
import { chooseDetails, type Details } from './details.ts';
import { foldedLog } from './folded-log.ts';
import { gather, type Gathered } from './gather.ts';
import type { PlanFile } from './plan.ts';
import { createResources } from './resources.ts';
import { createSpill } from './spill.ts';

export interface FoldResult {
  tests: number;
  attempts: number;
  /** Blobs that could not be used, each with the reason. */
  missing: { key: string; reason: string }[];
  /** How many of the attempts were made from the coordinator's record. */
  synthesised: number;
  lostAttachments: number;
  /** How much of steps and output the report holds. */
  details: Details;
  /** Size of the attempts' events, which Playwright's merge holds in memory. */
  eventBytes: number;
}

export interface FoldOptions {
  /** Beyond this, details are left out. */
  maxEventBytes: number;
  /** Leaves out all details whatever their size. */
  withoutDetails?: boolean;
  /** A reason not to open any blob: everything comes from the record. */
  refuseBlobs?: string;
  limits?: BlobLimits;
}

/** Writes `report.zip` and `resources/` into the folder `into`, where `playwright merge-reports` finds them. */
export async function foldBlobs(plan: PlanFile, into: string, options: FoldOptions): Promise<FoldResult> {
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
    const details =
      options.withoutDetails === true ? 'none' : chooseDetails(sizes(plan, gathered), options.maxEventBytes);
    const counts = { attempts: 0, synthesised: 0, lostAttachments: gathered.lostAttachments, eventBytes: 0 };
    await zipLog(foldedLog({ plan, gathered, spill, artifacts, details }, counts), path.join(into, 'report.zip'));
    return { tests: plan.entries.length, ...counts, missing: gathered.missing, details };
  } finally {
    await spill.close();
    await rm(spillFile, { force: true });
  }
}

/** What is made from the record is about as large as its line in the plan. */
function* sizes(plan: PlanFile, gathered: Gathered): Generator<{ ok: boolean; bytes: number }> {
  for (const [testIndex, { test, attempts, bytes }] of plan.entries.entries()) {
    for (const [retry, { status }] of attempts.entries()) {
      const found = gathered.found[testIndex]?.[retry];
      yield found === undefined
        ? { ok: status === test.expectedStatus, bytes: bytes / attempts.length }
        : { ok: found.ok, bytes: found.chunk.length };
    }
  }
}

async function zipLog(lines: AsyncIterable<Buffer>, file: string): Promise<void> {
  const zip = new yazl.ZipFile();
  const source = Readable.from(lines, { objectMode: false });
  // Playwright unpacks the file at once, so packing it would be work for nothing.
  zip.addReadStream(source, 'report.jsonl', { compress: false });
  zip.end();
  source.on('error', (error) => (zip.outputStream as Readable).destroy(error));
  await pipeline(zip.outputStream, createWriteStream(file));
}
