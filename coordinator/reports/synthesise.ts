/** The events of an attempt made from the coordinator's record, for attempts whose blob is lost. */
import type { PlannedTest, TestAttempt, TestStatus, TestStep } from '../../shared/protocol/playwright.ts';
import type { Artifacts } from './artifacts.ts';
import type { EventAnnotation, EventAttachment, RawEvent } from './blob-events.ts';
import { playfleetNote } from './attempt-copy.ts';

export interface SynthesisedAttempt {
  events: RawEvent[];
  lostAttachments: number;
}

/**
 * `place.retry` is the attempt's number in the report, `place.notes` our own words about it. What the record lacks
 * compared to a blob: places of steps, and which step an attachment belongs to.
 */
export async function synthesiseAttempt(
  test: PlannedTest,
  recorded: TestAttempt,
  place: { id: string; retry: number; workerBase: number; notes: EventAnnotation[] },
  artifacts: Artifacts,
): Promise<SynthesisedAttempt> {
  const ref = { testId: test.id, resultId: place.id };
  const lost: string[] = [];
  const attachments: EventAttachment[] = [];
  for (const attachment of recorded.attachments) {
    const file = await artifacts.copy(attachment);
    if (file === null)
      lost.push(
        `The attachment "${attachment.name}" is lost${attachment.missing === undefined ? '' : `: ${attachment.missing}`}.`,
      );
    attachments.push({
      name: attachment.name,
      contentType: attachment.contentType,
      ...(file === null ? {} : { path: file }),
    });
  }
  const output = (['stdout', 'stderr'] as const).flatMap((type) =>
    recorded[type] === ''
      ? []
      : [{ method: 'onStdIO', params: { ...ref, type, data: recorded[type], isBase64: false } }],
  );
  const workerIndex = recorded.workerIndex < 0 ? recorded.workerIndex : recorded.workerIndex + place.workerBase;
  const events: RawEvent[] = [
    {
      method: 'onTestBegin',
      params: {
        testId: test.id,
        result: {
          id: place.id,
          retry: place.retry,
          workerIndex,
          parallelIndex: recorded.parallelIndex,
          startTime: recorded.startedAt,
        },
      },
    },
    ...stepEvents(recorded.steps, ref, recorded.startedAt),
    ...output,
    ...(attachments.length === 0 ? [] : [{ method: 'onAttach', params: { ...ref, attachments } }]),
    {
      method: 'onTestEnd',
      params: {
        test: {
          testId: test.id,
          expectedStatus: expectedStatus(test, recorded),
          timeout: test.timeout,
          annotations: [],
        },
        result: {
          id: place.id,
          duration: recorded.durationMs,
          status: recorded.status,
          errors: recorded.errors,
          annotations: [...recorded.annotations, ...place.notes, ...lost.map(playfleetNote)],
        },
      },
    },
  ];
  return { events, lostAttachments: lost.length };
}

function stepEvents(steps: TestStep[], ref: { testId: string; resultId: string }, startedAt: number): RawEvent[] {
  const events: RawEvent[] = [];
  let count = 0;
  const visit = (step: TestStep, parentStepId: string | undefined): void => {
    const id = String(count++);
    const { title, category, durationMs, error } = step;
    events.push({
      method: 'onStepBegin',
      params: { ...ref, step: { id, parentStepId, title, category, startTime: startedAt + step.startMs } },
    });
    for (const child of step.steps ?? []) visit(child, id);
    events.push({
      method: 'onStepEnd',
      params: {
        ...ref,
        step: { id, duration: durationMs, ...(error === undefined ? {} : { error: { message: error } }) },
      },
    });
  };
  for (const step of steps) visit(step, undefined);
  return events;
}

/**
 * What Playwright expected of the attempt: `test.skip()`, `fixme()` and `fail()` inside the test change it while it runs and leave only
 * their annotation in the record.
 */
export function expectedStatus(test: PlannedTest, recorded: TestAttempt): TestStatus {
  const types = new Set(recorded.annotations.map(({ type }) => type));
  if (recorded.status === 'skipped' && (types.has('skip') || types.has('fixme'))) return 'skipped';
  if (types.has('fail') && test.expectedStatus !== 'skipped') return 'failed';
  return test.expectedStatus;
}
