/** Reads one blob for what counts of it: the wanted attempts, rewritten for the folded blob, and where their tests stand. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { AttemptCopy, type Slot } from './attempt-copy.ts';
import { checkVersion, parseEvent, parseRaw } from './blob-events.ts';
import type { EventConfig, EventError, RawEvent } from './blob-events.ts';
import { BlobRefused, type BlobLimits, type BlobZip } from './blob-zip.ts';
import { blobPaths, type BlobPaths } from './paths.ts';
import { relocateConfig, relocateError } from './relocate.ts';
import type { Resources } from './resources.ts';
import type { Chunk, Spill } from './spill.ts';
import { takeApart, type TakenProject } from './suite-union.ts';

export interface BlobPart {
  config: EventConfig;
  projects: TakenProject[];
  /** Errors outside of tests. */
  errors: EventError[];
  /** `ok`: the attempt ended as the test expects. */
  attempts: { slot: Slot; chunk: Chunk; ok: boolean }[];
  /** Digests of the trees in `projects`. */
  trees: string[];
  /** Playwright workers seen. */
  workers: number;
  lostAttachments: number;
}

export interface ReadContext {
  /** Counted attempts by test id and by Playwright's retry index in this process. */
  wanted: ReadonlyMap<string, ReadonlyMap<number, Slot>>;
  /** Planned tests whose place in the suite no blob has told yet. */
  unplaced: ReadonlySet<string>;
  /** Trees that other blobs brought. Each process of a large suite may repeat the whole of it, megabytes that need not be parsed again. */
  seenTrees: ReadonlySet<string>;
  /** Added to worker indexes, so that those of different processes stay apart. */
  workerBase: number;
  resources: Resources;
  spill: Spill;
  limits: BlobLimits;
}

/** Throws BlobRefused for a blob that is not what it should be; then nothing of it may be used. */
export async function readBlob(zip: BlobZip, context: ReadContext): Promise<BlobPart> {
  const open = new Map<string, AttemptCopy>();
  const counts = { workers: 0, lostAttachments: 0 };
  const part: Pick<BlobPart, 'projects' | 'trees' | 'errors' | 'attempts'> = {
    projects: [],
    trees: [],
    errors: [],
    attempts: [],
  };
  const store = resourceCopier(zip, context.resources);
  let separator: string | undefined;
  let config: EventConfig | undefined;
  let paths: BlobPaths | undefined;

  for await (const line of zip.events()) {
    if (line.startsWith('{"method":"onProject"')) {
      const tree = createHash('sha1').update(line).digest('hex');
      if (context.unplaced.size === 0 || context.seenTrees.has(tree)) continue;
      part.trees.push(tree);
    }
    const raw = parseRaw(line);
    if (separator === undefined) {
      separator = checkVersion(parseEvent(raw)).pathSeparator ?? '/';
      continue;
    }
    const attempt = open.get(resultIdOf(raw) ?? '');
    // Most of a blob may be about attempts that do not count.
    if (attempt === undefined && ABOUT_ATTEMPTS.has(raw.method)) continue;
    const event = parseEvent(raw);
    if (event === null) continue;
    if (event.method === 'onConfigure') {
      config = event.params.config;
      paths = blobPaths(config.rootDir, separator);
      continue;
    }
    if (paths === undefined) throw new BlobRefused('report.jsonl has events before its configuration');
    if (event.method === 'onProject') {
      part.projects.push(takeApart(event.params.project, paths, (testId) => context.unplaced.has(testId)));
    } else if (event.method === 'onError') {
      part.errors.push(relocateError(event.params.error, paths));
    } else if (event.method === 'onTestBegin') {
      const { testId, result } = event.params;
      const slot = context.wanted.get(testId)?.get(result.retry);
      if (slot === undefined) continue;
      const tools = { paths, store, maxBytes: context.limits.attemptBytes };
      open.set(result.id, new AttemptCopy(slot, event.params, context.workerBase, tools));
      counts.workers = Math.max(counts.workers, result.workerIndex + 1);
    } else if (event.method === 'onTestEnd' && attempt !== undefined) {
      const { test, result } = event.params;
      open.delete(result.id);
      await attempt.end(event.params);
      if (attempt.bytes > context.limits.attemptBytes) continue;
      const ok = result.status === test.expectedStatus || result.status === 'skipped';
      part.attempts.push({ slot: attempt.slot, chunk: await context.spill.write(attempt.text), ok });
      counts.lostAttachments += attempt.lost.length;
    } else if (event.method !== 'onTestEnd' && event.method !== 'onBlobReportMetadata') {
      await attempt?.take(event);
    }
  }
  if (config === undefined || paths === undefined) throw new BlobRefused('report.jsonl has no configuration');
  return { ...part, ...counts, config: relocateConfig(config, paths) };
}

const ABOUT_ATTEMPTS = new Set(['onStepBegin', 'onStepEnd', 'onAttach', 'onStdIO', 'onTestEnd']);

function resultIdOf(raw: RawEvent): string | undefined {
  const { resultId, result } = (raw.params ?? {}) as { resultId?: unknown; result?: { id?: unknown } };
  const id = raw.method === 'onTestEnd' ? result?.id : resultId;
  return typeof id === 'string' ? id : undefined;
}

/** Copies files of a blob among the resources, each once; null for one that the blob lacks or holds damaged. */
function resourceCopier(zip: BlobZip, resources: Resources): (file: string) => Promise<string | null> {
  const copies = new Map<string, string>();
  return async (file) => {
    const name = file.replaceAll('\\', '/');
    const known = copies.get(name);
    if (known !== undefined) return known;
    const bytes = zip.resource(name);
    if (bytes === null) return null;
    try {
      const copy = await resources.add(bytes, path.posix.extname(name).slice(1));
      copies.set(name, copy);
      return copy;
    } catch (error) {
      if (error instanceof BlobRefused) return null;
      throw error;
    }
  };
}
