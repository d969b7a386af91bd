/**
 * A Playwright reporter that stands in for the agent and the database: writes what a run did in the shapes of
 * shared/protocol/playwright.ts, with the attachments in an artifact store. RECORD_FILE and RECORD_ARTIFACTS say where to.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { FullConfig, Reporter, Suite, TestCase, TestResult, TestStep } from '@playwright/test/reporter';
import type * as ours from '../../../shared/protocol/playwright.ts';

export default class Recorder implements Reporter {
  #attempts: ours.TestAttempt[] = [];
  #config: FullConfig | undefined;
  #suite: Suite | undefined;

  printsToStdio(): boolean {
    return false;
  }

  onBegin(config: FullConfig, suite: Suite): void {
    this.#config = config;
    this.#suite = suite;
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    this.#attempts.push({
      testId: test.id,
      retry: result.retry,
      status: result.status,
      startedAt: Number(result.startTime),
      durationMs: Math.max(0, result.duration),
      errors: result.errors.map(({ message, value, stack, snippet, location }) => ({
        message: message ?? value ?? '',
        stack,
        snippet,
        location,
      })),
      steps: result.steps.map((step) => recordStep(step, Number(result.startTime))),
      annotations: (result.annotations ?? test.annotations).map(({ type, description }) => ({ type, description })),
      stdout: result.stdout.map(String).join(''),
      stderr: result.stderr.map(String).join(''),
      workerIndex: result.workerIndex,
      parallelIndex: result.parallelIndex,
      attachments: result.attachments.map(recordAttachment),
    });
  }

  onEnd(): void {
    const rootDir = this.#config!.rootDir;
    const tests = this.#suite!.allTests().map((test): ours.PlannedTest => ({
      id: test.id,
      project: test.parent.project()!.name,
      file: path.relative(rootDir, test.location.file).replaceAll('\\', '/'),
      line: test.location.line,
      column: test.location.column,
      titlePath: test.titlePath().slice(3),
      tags: test.tags,
      annotations: test.annotations.map(({ type, description }) => ({ type, description })),
      expectedStatus: test.expectedStatus,
      timeout: test.timeout,
      retries: test.retries,
    }));
    fs.writeFileSync(
      process.env['RECORD_FILE']!,
      JSON.stringify({ rootDir, version: this.#config!.version, tests, attempts: this.#attempts }),
    );
  }
}

const recordStep = (step: TestStep, started: number): ours.TestStep => ({
  title: step.title,
  category: step.category,
  startMs: Number(step.startTime) - started,
  durationMs: step.duration,
  error: step.error?.message,
  steps: step.steps.map((child) => recordStep(child, started)),
});

function recordAttachment({ name, contentType, path: file, body }: TestResult['attachments'][number]): ours.Attachment {
  if (body === undefined && !fs.existsSync(file!))
    return { name, contentType, sha256: null, size: 0, missing: 'the file was gone' };
  const bytes = body ?? fs.readFileSync(file!);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const folder = path.join(process.env['RECORD_ARTIFACTS']!, sha256.slice(0, 2));
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, sha256), bytes);
  return { name, contentType, sha256, size: bytes.length };
}
