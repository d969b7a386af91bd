/** Reads one blob for what counts of it: the wanted attempts, rewritten for the folded blob, and where their tests stand. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { checkVersion, parseEvent, parseRaw } from './blob-events.ts';
import type { EventAnnotation, EventAttachment, EventConfig, EventError, EventOf, RawEvent } from './blob-events.ts';
import { BlobRefused, type BlobLimits, type BlobZip } from './blob-zip.ts';
import { blobPaths, type BlobPaths } from './paths.ts';
import type { Resources } from './resources.ts';
import type { Chunk, Spill } from './spill.ts';
import { relocate, relocateAnnotations, takeApart, type TakenProject } from './suite-union.ts';

/** One counted attempt that this blob should hold. */
export interface Slot {
  testIndex: number;
  /** Its number in the report, from 0. */
  retry: number;
  /** Our own words about the attempt, beside what the test said. */
  notes: EventAnnotation[];
  /** What the test says of itself before it runs. */
  annotations(): EventAnnotation[];
  /** Path of the recorded copy of attachment `index`, or null where there is none. */
  recover(index: number, attachment: EventAttachment): Promise<string | null>;
}

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

interface OpenAttempt {
  slot: Slot;
  testId: string;
  id: string;
  lines: string[];
  bytes: number;
  /** Step ids of the blob, and theirs in the report: counted numbers, since Playwright's merge keeps every distinct string. */
  steps: Map<string, string>;
  attachments: number;
  lost: string[];
}

/** Throws BlobRefused for a blob that is not what it should be; then nothing of it may be used. */
export async function readBlob(zip: BlobZip, context: ReadContext): Promise<BlobPart> {
  const open = new Map<string, OpenAttempt>();
  const part: Omit<BlobPart, 'config'> = {
    projects: [],
    trees: [],
    errors: [],
    attempts: [],
    workers: 0,
    lostAttachments: 0,
  };
  const stored = new Map<string, string>();
  let config: EventConfig | undefined;
  let paths: BlobPaths | undefined;
  let separator: string | undefined;

  const emit = (attempt: OpenAttempt, event: RawEvent): void => {
    const line = `${JSON.stringify(event)}\n`;
    attempt.bytes += line.length;
    if (attempt.bytes <= context.limits.attemptBytes) attempt.lines.push(line);
  };
  const ready = (): BlobPaths => {
    if (paths === undefined) throw new BlobRefused('report.jsonl has events before its configuration');
    return paths;
  };

  /** Copies the attachments' files; where a file is lost, the attachment stays and a note says so. */
  const attach = async (attempt: OpenAttempt, attachments: EventAttachment[]): Promise<void> => {
    const kept: EventAttachment[] = [];
    for (const { name, contentType, path: file, base64 } of attachments) {
      const attachment: EventAttachment = { name, contentType };
      const index = attempt.attachments++;
      if (base64 !== undefined) attachment.base64 = base64;
      else if (file !== undefined) {
        const copy =
          (await storeResource(zip, file, stored, context.resources)) ??
          (await attempt.slot.recover(index, attachment));
        if (copy === null) attempt.lost.push(name);
        else attachment.path = copy;
      }
      kept.push(attachment);
    }
    if (kept.length > 0)
      emit(attempt, {
        method: 'onAttach',
        params: { testId: attempt.testId, resultId: attempt.id, attachments: kept },
      });
  };

  const begin = ({ testId, result }: EventOf<'onTestBegin'>['params']): void => {
    const slot = context.wanted.get(testId)?.get(result.retry);
    if (slot === undefined) return;
    const attempt: OpenAttempt = {
      slot,
      testId,
      id: `${slot.testIndex}.${slot.retry}`,
      lines: [],
      bytes: 0,
      steps: new Map(),
      attachments: 0,
      lost: [],
    };
    open.set(result.id, attempt);
    part.workers = Math.max(part.workers, result.workerIndex + 1);
    const workerIndex = result.workerIndex < 0 ? result.workerIndex : result.workerIndex + context.workerBase;
    emit(attempt, {
      method: 'onTestBegin',
      params: { testId, result: { ...result, id: attempt.id, retry: slot.retry, workerIndex } },
    });
  };

  const end = async (attempt: OpenAttempt, { test, result }: EventOf<'onTestEnd'>['params']): Promise<void> => {
    open.delete(result.id);
    // Playwright before 1.5x sends attachments and annotations only here.
    const { attachments = [], ...rest } = result;
    await attach(attempt, attachments.slice(attempt.attachments));
    const said = result.annotations ?? (test.annotations?.length ? test.annotations : undefined);
    const notes = [
      ...attempt.slot.notes,
      ...attempt.lost.map((name) => playfleetNote(`The attachment "${name}" is lost.`)),
    ];
    const annotations =
      said === undefined && notes.length === 0
        ? undefined
        : [...relocateAnnotations(said ?? attempt.slot.annotations(), ready()), ...notes];
    const errors = result.errors.map((error) => relocateError(error, ready()));
    emit(attempt, {
      method: 'onTestEnd',
      params: {
        test: { ...test, testId: attempt.testId, annotations: [] },
        result: { ...rest, id: attempt.id, errors, annotations },
      },
    });
    if (attempt.bytes > context.limits.attemptBytes) return;
    part.lostAttachments += attempt.lost.length;
    const ok = result.status === test.expectedStatus || result.status === 'skipped';
    part.attempts.push({ slot: attempt.slot, chunk: await context.spill.write(attempt.lines.join('')), ok });
  };

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
    if (attempt === undefined && ABOUT_ATTEMPTS.has(raw.method)) continue;
    const event = parseEvent(raw);
    if (event?.method === 'onConfigure') {
      config = event.params.config;
      paths = blobPaths(config.rootDir, separator);
    } else if (event?.method === 'onProject')
      part.projects.push(takeApart(event.params.project, ready(), (testId) => context.unplaced.has(testId)));
    else if (event?.method === 'onError') part.errors.push(relocateError(event.params.error, ready()));
    else if (event?.method === 'onTestBegin') begin(event.params);
    else if (attempt === undefined || event === null) continue;
    else if (event.method === 'onStdIO')
      emit(attempt, {
        method: event.method,
        params: { ...event.params, testId: attempt.testId, resultId: attempt.id },
      });
    else if (event.method === 'onAttach') await attach(attempt, event.params.attachments);
    else if (event.method === 'onTestEnd') await end(attempt, event.params);
    else if (event.method === 'onStepBegin' || event.method === 'onStepEnd') emitStep(event, attempt, ready(), emit);
  }
  if (config === undefined) throw new BlobRefused('report.jsonl has no configuration');
  return { ...part, config: relocateConfig(config, ready()) };
}

const ABOUT_ATTEMPTS = new Set(['onStepBegin', 'onStepEnd', 'onAttach', 'onStdIO', 'onTestEnd']);

function resultIdOf(raw: RawEvent): string | undefined {
  const { resultId, result } = (raw.params ?? {}) as { resultId?: unknown; result?: { id?: unknown } };
  const id = raw.method === 'onTestEnd' ? result?.id : resultId;
  return typeof id === 'string' ? id : undefined;
}

/** Playwright's merge takes for granted that a step that ends began, and that its attachments came before. */
function emitStep(
  event: EventOf<'onStepBegin'> | EventOf<'onStepEnd'>,
  attempt: OpenAttempt,
  paths: BlobPaths,
  emit: (attempt: OpenAttempt, event: RawEvent) => void,
): void {
  const ref = { testId: attempt.testId, resultId: attempt.id };
  if (event.method === 'onStepBegin') {
    // No report shows `params`.
    const { params: _params, ...step } = event.params.step;
    const id = String(attempt.steps.size);
    const parentStepId = step.parentStepId === undefined ? undefined : attempt.steps.get(step.parentStepId);
    attempt.steps.set(step.id, id);
    const location = step.location && relocate(step.location, paths);
    emit(attempt, { method: event.method, params: { ...ref, step: { ...step, id, parentStepId, location } } });
  } else {
    const { step } = event.params;
    const id = attempt.steps.get(step.id);
    if (id === undefined) return;
    const error = step.error && relocateError(step.error, paths);
    const attachments = step.attachments?.filter((index) => index < attempt.attachments);
    const annotations = step.annotations && relocateAnnotations(step.annotations, paths);
    emit(attempt, { method: event.method, params: { ...ref, step: { ...step, id, error, attachments, annotations } } });
  }
}

/** Null where the zip lacks the file or holds it damaged. */
async function storeResource(
  zip: BlobZip,
  name: string,
  stored: Map<string, string>,
  resources: Resources,
): Promise<string | null> {
  const entry = name.replaceAll('\\', '/');
  const known = stored.get(entry);
  if (known !== undefined) return known;
  const bytes = zip.resource(entry);
  if (bytes === null) return null;
  try {
    const file = await resources.add(bytes, path.posix.extname(entry).slice(1));
    stored.set(entry, file);
    return file;
  } catch (error) {
    if (error instanceof BlobRefused) return null;
    throw error;
  }
}

export const playfleetNote = (description: string): EventAnnotation => ({ type: 'playfleet', description });

function relocateError(error: EventError, paths: BlobPaths): EventError {
  return {
    ...error,
    location: error.location && { ...error.location, file: paths.absolute(error.location.file) },
    cause: error.cause && relocateError(error.cause, paths),
  };
}

/** `webServer.env` often holds the whole environment of the machine, secrets included; no report shows it. */
function relocateConfig(config: EventConfig, paths: BlobPaths): EventConfig {
  const { webServer, ...rest } = config;
  const absolute = (file: string | null | undefined): string | null => (file == null ? null : paths.absolute(file));
  return {
    ...rest,
    configFile: config.configFile && paths.relative(config.configFile),
    globalSetup: absolute(config.globalSetup),
    globalTeardown: absolute(config.globalTeardown),
    webServer:
      webServer == null ? null : Object.fromEntries(Object.entries(webServer).filter(([name]) => name !== 'env')),
  };
}
