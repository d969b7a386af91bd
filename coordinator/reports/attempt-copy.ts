/** One counted attempt on its way from a blob into the folded one: its events as lines, with the ids, numbers and paths of the report. */
import type { BlobEvent, EventAnnotation, EventAttachment, EventOf, RawEvent } from './blob-events.ts';
import type { BlobPaths } from './paths.ts';
import { relocate, relocateAnnotations, relocateError } from './relocate.ts';

/** A counted attempt that a blob should hold. */
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

export interface CopyTools {
  paths: BlobPaths;
  /** Copies a file of the blob; null where the blob lacks it or holds it damaged. */
  store(file: string): Promise<string | null>;
  /** Lines beyond this are dropped; `bytes` goes on counting. */
  maxBytes: number;
}

type Params<M extends BlobEvent['method']> = EventOf<M>['params'];

export class AttemptCopy {
  readonly slot: Slot;
  /** Names of attachments whose file is nowhere. */
  readonly lost: string[] = [];
  bytes = 0;
  readonly #lines: string[] = [];
  readonly #ref: { testId: string; resultId: string };
  readonly #tools: CopyTools;
  /** Step ids of the blob, and theirs in the report: counted numbers, since Playwright's merge keeps every distinct string. */
  readonly #steps = new Map<string, string>();
  #attachments = 0;

  constructor(slot: Slot, { testId, result }: Params<'onTestBegin'>, workerBase: number, tools: CopyTools) {
    this.slot = slot;
    this.#tools = tools;
    this.#ref = { testId, resultId: `${slot.testIndex}.${slot.retry}` };
    // -1 = it never reached a worker.
    const workerIndex = result.workerIndex < 0 ? result.workerIndex : result.workerIndex + workerBase;
    const begun = { ...result, id: this.#ref.resultId, retry: slot.retry, workerIndex };
    this.#emit({ method: 'onTestBegin', params: { testId, result: begun } });
  }

  get text(): string {
    return this.#lines.join('');
  }

  async take(
    event: EventOf<'onStepBegin'> | EventOf<'onStepEnd'> | EventOf<'onStdIO'> | EventOf<'onAttach'>,
  ): Promise<void> {
    if (event.method === 'onStepBegin') this.#beginStep(event.params);
    else if (event.method === 'onStepEnd') this.#endStep(event.params);
    else if (event.method === 'onAttach') await this.#attach(event.params.attachments);
    else this.#emit({ method: 'onStdIO', params: { ...event.params, ...this.#ref } });
  }

  async end({ test, result }: Params<'onTestEnd'>): Promise<void> {
    const { paths } = this.#tools;
    // Playwright before 1.5x sends attachments and annotations only here.
    const { attachments = [], ...rest } = result;
    await this.#attach(attachments.slice(this.#attachments));
    const said = result.annotations ?? (test.annotations?.length ? test.annotations : undefined);
    const notes = [...this.slot.notes, ...this.lost.map((name) => playfleetNote(`The attachment "${name}" is lost.`))];
    const annotations =
      said === undefined && notes.length === 0
        ? undefined
        : [...relocateAnnotations(said ?? this.slot.annotations(), paths), ...notes];
    const errors = result.errors.map((error) => relocateError(error, paths));
    this.#emit({
      method: 'onTestEnd',
      params: {
        test: { ...test, testId: this.#ref.testId, annotations: [] },
        result: { ...rest, id: this.#ref.resultId, errors, annotations },
      },
    });
  }

  #beginStep({ step }: Params<'onStepBegin'>): void {
    // No report shows the step's parameters.
    const { params: _params, ...shown } = step;
    const id = String(this.#steps.size);
    const parentStepId = step.parentStepId === undefined ? undefined : this.#steps.get(step.parentStepId);
    this.#steps.set(step.id, id);
    const location = step.location && relocate(step.location, this.#tools.paths);
    this.#emit({ method: 'onStepBegin', params: { ...this.#ref, step: { ...shown, id, parentStepId, location } } });
  }

  /** Playwright's merge takes for granted that a step that ends began, and that its attachments came before. */
  #endStep({ step }: Params<'onStepEnd'>): void {
    const { paths } = this.#tools;
    const id = this.#steps.get(step.id);
    if (id === undefined) return;
    const error = step.error && relocateError(step.error, paths);
    const attachments = step.attachments?.filter((index) => index < this.#attachments);
    const annotations = step.annotations && relocateAnnotations(step.annotations, paths);
    this.#emit({
      method: 'onStepEnd',
      params: { ...this.#ref, step: { ...step, id, error, attachments, annotations } },
    });
  }

  /** Copies the attachments' files; where a file is lost, the attachment stays and a note will say so. */
  async #attach(attachments: EventAttachment[]): Promise<void> {
    const kept: EventAttachment[] = [];
    for (const { name, contentType, path: file, base64 } of attachments) {
      const attachment: EventAttachment = { name, contentType };
      const index = this.#attachments++;
      if (base64 !== undefined) attachment.base64 = base64;
      else if (file !== undefined) {
        const copy = (await this.#tools.store(file)) ?? (await this.slot.recover(index, attachment));
        if (copy === null) this.lost.push(name);
        else attachment.path = copy;
      }
      kept.push(attachment);
    }
    if (kept.length > 0) this.#emit({ method: 'onAttach', params: { ...this.#ref, attachments: kept } });
  }

  #emit(event: RawEvent): void {
    const line = `${JSON.stringify(event)}\n`;
    this.bytes += line.length;
    if (this.bytes <= this.#tools.maxBytes) this.#lines.push(line);
  }
}

export const playfleetNote = (description: string): EventAnnotation => ({ type: 'playfleet', description });
