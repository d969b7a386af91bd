import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestCase, TestError, TestResult, TestStep } from '@playwright/test/reporter';
import { expect, onTestFinished, test } from 'vitest';
import { toAttempt } from '../../../src-main/agent/playwright/reporter/attempt.ts';
import { localAttempt } from '../../../shared/protocol/playwright.ts';

const start = new Date(1000);
const testCase = { id: 'a'.repeat(20), annotations: [] } as unknown as TestCase;

function result(fields: Partial<TestResult>): TestResult {
  return {
    retry: 0,
    status: 'failed',
    startTime: start,
    duration: 5,
    errors: [],
    steps: [],
    annotations: [],
    stdout: [],
    stderr: [],
    attachments: [],
    workerIndex: 0,
    parallelIndex: 0,
    ...fields,
  };
}

function step(title: string, steps: TestStep[] = []): TestStep {
  const fields = {
    title,
    category: 'c',
    startTime: start,
    duration: -1,
    steps,
    error: { message: 'e'.repeat(50_000) },
  };
  return fields as unknown as TestStep;
}

test('whatever a suite produces, the attempt is one that the coordinator accepts', () => {
  const long = 'x'.repeat(300_000);
  const deep = Array.from({ length: 40 }).reduce<TestStep>(
    (inner, _, n) => step(`${n} ${long}`, [inner]),
    step('innermost'),
  );
  const error: TestError = {
    message: long,
    stack: long,
    snippet: long,
    location: { file: '/root/a.ts', line: 1, column: 1 },
    cause: { value: long },
  };
  const attempt = toAttempt(
    testCase,
    result({
      errors: Array.from({ length: 150 }, () => error),
      steps: [deep, ...Array.from({ length: 6000 }, (_, n) => step(`s${n}`))],
      annotations: Array.from({ length: 2000 }, () => ({ type: long, description: long })),
      stdout: [long, Buffer.from([0xff, 0xfe]), long, long, long, long],
      attachments: Array.from({ length: 1500 }, () => ({ name: long, contentType: long, body: Buffer.from('b') })),
      duration: -1,
    }),
    '/root',
    '/nowhere',
  );
  localAttempt.parse(attempt);
  expect(JSON.stringify(attempt).length).toBeLessThan(15e6);
  expect(attempt.errors[0]).toMatchObject({ location: { file: 'a.ts' } });
  expect(attempt.steps).toHaveLength(1001);
  expect(attempt.steps.at(-1)?.title).toMatch(/more steps than are kept/);
});

test('an error without a message says what was thrown and what caused it', () => {
  const errors = [{ value: '42' }, { message: 'outer', cause: { message: 'inner' } }, {}];
  const messages = toAttempt(testCase, result({ errors }), '/', '/').errors.map((error) => error.message);
  expect(messages).toEqual(['Thrown: 42', 'outer\n[cause]: inner', 'Unknown error']);
});

test('a body that cannot be kept costs the attachment, not the attempt', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'playfleet-bodies-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const big = { name: 'big', contentType: 'x/y', body: Buffer.alloc(100_000) };
  const [kept] = toAttempt(testCase, result({ attachments: [big] }), '/', folder).attachments;
  expect(kept).toEqual({ name: 'big', contentType: 'x/y', path: path.join(folder, `${testCase.id}-0-0`) });
  const [lost] = toAttempt(testCase, result({ attachments: [big] }), '/', path.join(folder, 'missing')).attachments;
  expect(lost?.path).toContain('missing');
});
