/** Reads every blob of a plan, one after the other, and keeps what counts: events on disk, places and offsets in memory. */
import { BlobRefused, openBlob, type BlobLimits } from './blob-zip.ts';
import type { EventAnnotation, EventConfig, EventError } from './blob-events.ts';
import { playfleetNote, type Slot } from './attempt-copy.ts';
import { readBlob, type BlobPart, type ReadContext } from './blob-reader.ts';
import type { Artifacts } from './artifacts.ts';
import type { PlanEntry, PlanFile } from './plan.ts';
import type { Resources } from './resources.ts';
import type { Chunk, Spill } from './spill.ts';
import { createSuiteUnion, type SuiteUnion } from './suite-union.ts';

export interface Gathered {
  union: SuiteUnion;
  /** By test and attempt: its events in the spill; undefined where no blob had it. */
  found: ({ chunk: Chunk; ok: boolean } | undefined)[][];
  /** The readable blobs. */
  blobs: { config: EventConfig; errors: EventError[]; counted: number }[];
  missing: { key: string; reason: string }[];
  /** Worker indexes given away so far. */
  workers: number;
  lostAttachments: number;
}

interface GatherTools {
  resources: Resources;
  spill: Spill;
  artifacts: Artifacts;
  limits: BlobLimits;
}

/** With `refuseBlobs`, a reason, no blob is opened. */
export async function gather(plan: PlanFile, tools: GatherTools, refuseBlobs?: string): Promise<Gathered> {
  const union = createSuiteUnion();
  const gathered: Gathered = {
    union,
    found: plan.entries.map(() => []),
    blobs: [],
    missing: [],
    workers: 0,
    lostAttachments: 0,
  };
  const slots = slotsByBlob(plan, union, tools.artifacts);
  const seenTrees = new Set<string>();
  const unplaced = new Set(plan.entries.map(({ test }) => test.id));
  for (const { key, file } of plan.header.blobs) {
    const wanted = slots.get(key) ?? new Map<string, Map<number, Slot>>();
    const part =
      refuseBlobs === undefined
        ? await readFile(file, { ...tools, wanted, unplaced, seenTrees, workerBase: gathered.workers })
        : new BlobRefused(refuseBlobs);
    if (part instanceof BlobRefused) {
      gathered.missing.push({ key, reason: part.message });
      continue;
    }
    for (const tree of part.trees) seenTrees.add(tree);
    for (const project of part.projects) {
      union.add(project);
      for (const { test } of project.shapes) unplaced.delete(test.testId);
    }
    for (const { slot, chunk, ok } of part.attempts)
      (gathered.found[slot.testIndex] ??= [])[slot.retry] = { chunk, ok };
    gathered.blobs.push({ config: part.config, errors: part.errors, counted: part.attempts.length });
    gathered.workers += part.workers;
    gathered.lostAttachments += part.lostAttachments;
  }
  return gathered;
}

async function readFile(file: string, context: ReadContext): Promise<BlobPart | BlobRefused> {
  try {
    const zip = await openBlob(file, context.limits);
    try {
      return await readBlob(zip, context);
    } finally {
      zip.close();
    }
  } catch (error) {
    if (error instanceof BlobRefused) return error;
    throw error;
  }
}

/** A remark that belongs on the last attempt, where a reader looks first. */
export const ownNotes = (entry: PlanEntry, retry: number): EventAnnotation[] =>
  entry.note !== undefined && retry === entry.attempts.length - 1 ? [playfleetNote(entry.note)] : [];

function slotsByBlob(
  plan: PlanFile,
  union: SuiteUnion,
  artifacts: Artifacts,
): Map<string, Map<string, Map<number, Slot>>> {
  const slots = new Map<string, Map<string, Map<number, Slot>>>();
  for (const [testIndex, entry] of plan.entries.entries()) {
    for (const [retry, { blobKey, retryInBlob }] of entry.attempts.entries()) {
      if (blobKey === null) continue;
      const tests = slots.get(blobKey) ?? new Map<string, Map<number, Slot>>();
      slots.set(blobKey, tests);
      const attempts = tests.get(entry.test.id) ?? new Map<number, Slot>();
      tests.set(entry.test.id, attempts);
      attempts.set(retryInBlob, {
        testIndex,
        retry,
        notes: ownNotes(entry, retry),
        annotations: () => union.annotations(entry.test),
        async recover(index, { name }) {
          const recorded = (await plan.load(testIndex)).attempts[retry]?.recorded.attachments[index];
          return recorded?.name === name ? artifacts.copy(recorded) : null;
        },
      });
    }
  }
  return slots;
}
