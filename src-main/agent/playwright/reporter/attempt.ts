import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type {
  TestCase,
  TestError as ReportedError,
  TestResult,
  TestStep as ReportedStep,
} from '@playwright/test/reporter';
import type { LocalAttachment, LocalAttempt, TestError, TestStep } from '../../../../shared/protocol/playwright.ts';
import { clip, clipMiddle } from './clip.ts';
import { annotations, relativeFile } from './suites.ts';

/** UTF-16 units of stdout and of stderr kept per attempt. */
export const OUTPUT_LIMIT = 1_000_000;
/** With these an attempt stays below some 15 MB whatever the suite does; the contract alone would allow ten times that. */
const ERROR_LIMIT = 50;
const ERROR_TEXT = 50_000;
const STEP_LIMIT = 1000;
const STEP_DEPTH = 20;
/** Larger attachment bodies go by file: JSON over a pipe is no road for screenshots and traces. */
const INLINE_BODY_BYTES = 4096;

/** Everything about one ended attempt, within the contract's limits. `bodies` is a folder for large attachment bodies. */
export function toAttempt(test: TestCase, result: TestResult, rootDir: string, bodies: string): LocalAttempt {
  const startedAt = result.startTime.getTime();
  return {
    testId: test.id,
    retry: result.retry,
    status: result.status,
    startedAt,
    durationMs: Math.max(0, result.duration),
    errors: result.errors.slice(0, ERROR_LIMIT).map((error) => toError(error, rootDir)),
    steps: toSteps(result.steps, startedAt),
    // Before 1.52 annotations were the test's alone.
    annotations: annotations(result.annotations ?? test.annotations, 100),
    stdout: joined(result.stdout),
    stderr: joined(result.stderr),
    workerIndex: result.workerIndex,
    parallelIndex: result.parallelIndex,
    attachments: result.attachments.slice(0, 1000).map((each, index) => {
      const name = `${test.id}-${result.retry}-${index}`;
      return toAttachment(each, path.join(bodies, name));
    }),
  };
}

export function toError(error: ReportedError, rootDir: string): TestError {
  const message = error.message ?? (error.value === undefined ? 'Unknown error' : `Thrown: ${error.value}`);
  const cause = causes(error);
  return {
    message: clipMiddle(message + cause, ERROR_TEXT),
    ...(error.stack ? { stack: clipMiddle(error.stack, ERROR_TEXT) } : {}),
    ...(error.snippet ? { snippet: clip(error.snippet, ERROR_TEXT) } : {}),
    ...(error.location
      ? {
          location: {
            file: relativeFile(rootDir, error.location.file),
            line: error.location.line,
            column: error.location.column,
          },
        }
      : {}),
  };
}

function causes(error: ReportedError): string {
  let text = '';
  let cause = error.cause;
  for (let depth = 0; cause && depth < 5; depth++, cause = cause.cause) {
    text += `\n[cause]: ${cause.message ?? cause.value ?? 'unknown'}`;
  }
  return text;
}

/** Breadth first, so that a cut loses inner details before it loses what the test did. */
function toSteps(reported: ReportedStep[], startedAt: number): TestStep[] {
  const top: TestStep[] = [];
  let level = [{ from: reported, to: top }];
  let kept = 0;
  let dropped = 0;
  for (let depth = 0; level.length > 0; depth++) {
    const next: typeof level = [];
    for (const { from, to } of level) {
      for (const step of from) {
        if (kept >= STEP_LIMIT || depth >= STEP_DEPTH) {
          dropped++;
          continue;
        }
        kept++;
        const own = toStep(step, startedAt);
        to.push(own);
        if (step.steps.length > 0) next.push({ from: step.steps, to: (own.steps = []) });
      }
    }
    level = next;
  }
  if (dropped > 0) {
    const title = `… more steps than are kept (${dropped} here, with what they hold)`;
    top.push({ title, category: 'playfleet', startMs: 0, durationMs: 0 });
  }
  return top;
}

function toStep(step: ReportedStep, startedAt: number): TestStep {
  const error = step.error?.message ?? step.error?.value;
  return {
    title: clip(step.subtitle ? `${step.title} ${step.subtitle}` : step.title, 1000),
    category: clip(step.category, 200),
    startMs: step.startTime.getTime() - startedAt,
    // -1 for a step that was cut off.
    durationMs: Math.max(0, step.duration),
    ...(error === undefined ? {} : { error: clip(error, 2000) }),
  };
}

function joined(chunks: (string | Buffer)[]): string {
  return clipMiddle(
    chunks.map((chunk) => (typeof chunk === 'string' ? chunk : chunk.toString('utf8'))).join(''),
    OUTPUT_LIMIT,
  );
}

function toAttachment(attachment: TestResult['attachments'][number], bodyFile: string): LocalAttachment {
  const common = { name: clip(attachment.name, 1000), contentType: clip(attachment.contentType, 300) };
  if (attachment.path !== undefined) return { ...common, path: path.resolve(attachment.path) };
  const body = attachment.body ?? Buffer.alloc(0);
  if (body.length <= INLINE_BODY_BYTES) return { ...common, bodyBase64: body.toString('base64') };
  try {
    writeFileSync(bodyFile, body);
  } catch {
    // A full disk must not cost the result as well: the agent finds no file and says that the attachment is missing.
  }
  return { ...common, path: bodyFile };
}
