import { readFile } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { LocalAttempt } from '../../../shared/protocol/playwright.ts';
import { discover, finish, names, run, start, writeSuite, type Finished } from './inline-suite.ts';

const use = `import { test, expect } from '@playwright/test';`;

interface Told extends Finished {
  /** Attempts of the test with this name, in order. */
  of(name: string): LocalAttempt[];
  /** `name outcome attempts` of each settled test, in order. */
  verdicts: string[];
  /** `begin`, `attempt` and `settled` of each test, in order. */
  story: string[];
}

/** Runs all of a suite as one queue order. */
async function runAll(files: Record<string, string>, args: string[] = []): Promise<Told> {
  const suite = await writeSuite(files);
  const discovery = await discover(suite, args);
  if (discovery.errors.length > 0) throw new Error(JSON.stringify(discovery.errors));
  const testIds = discovery.units.flatMap((unit) => unit.testIds);
  const done = await finish(await start(suite, { order: { kind: 'tests', testIds }, args }));
  const name = names(discovery);
  const named = (id: string) => name.get(id) ?? id;
  return {
    ...done,
    of: (wanted) => done.attempts.filter((attempt) => named(attempt.testId) === wanted),
    verdicts: done.settled.map((each) => `${named(each.testId)} ${each.outcome} ${each.attempts}`),
    story: done.messages.flatMap((message) => {
      if (message.type === 'testBegin') return [`begin ${named(message.testId)}`];
      if (message.type === 'attempt') return [`${message.attempt.status} ${named(message.attempt.testId)}`];
      return message.type === 'settled'
        ? [`settled ${message.tests.map((each) => named(each.testId)).join(', ')}`]
        : [];
    }),
  };
}

test('an attempt tells all that Playwright knows of it', async () => {
  const done = await runAll({
    'a.spec.ts': `${use}
import fs from 'node:fs';
test('full', async ({}, info) => {
  console.log('to stdout'); console.error('to stderr');
  info.annotations.push({ type: 'seen', description: 'while running' });
  await test.step('outer', async () => { await test.step('inner', async () => {}); });
  await info.attach('note', { body: 'small', contentType: 'text/plain' });
  await info.attach('big', { body: Buffer.alloc(300_000, 'x'), contentType: 'application/octet-stream' });
  fs.writeFileSync(info.outputPath('file.txt'), 'on disk');
  await info.attach('file', { path: info.outputPath('file.txt') });
  expect({ a: 1 }).toEqual({ a: 2 });
});`,
  });
  const [attempt] = done.of('full');
  if (!attempt) throw new Error(done.output);
  expect(attempt).toMatchObject({
    retry: 0,
    status: 'failed',
    stdout: 'to stdout\n',
    stderr: 'to stderr\n',
    workerIndex: 0,
    parallelIndex: 0,
  });
  expect(attempt.annotations).toEqual([{ type: 'seen', description: 'while running' }]);
  expect(attempt.durationMs).toBeGreaterThan(0);
  const [error] = attempt.errors;
  expect(error?.message).toContain('toEqual');
  expect(error?.location).toEqual({ file: 'a.spec.ts', line: 11, column: 20 });
  expect(stripVTControlCharacters(error?.snippet ?? '')).toContain('> 11 |   expect({ a: 1 })');
  const outer = attempt.steps.find((step) => step.title === 'outer');
  expect(outer).toMatchObject({ category: 'test.step', steps: [{ title: 'inner' }] });
  expect(attempt.steps.find((step) => step.category === 'expect')?.error).toContain('toEqual');
  const [note, big, file] = attempt.attachments;
  expect(note).toEqual({
    name: 'note',
    contentType: 'text/plain',
    bodyBase64: Buffer.from('small').toString('base64'),
  });
  expect(big).toMatchObject({ name: 'big', contentType: 'application/octet-stream' });
  expect((await readFile(big?.path ?? '')).equals(Buffer.alloc(300_000, 'x'))).toBe(true);
  expect(await readFile(file?.path ?? '', 'utf8')).toBe('on disk');
});

test('each way to end is told as Playwright judges it', async () => {
  const done = await runAll(
    {
      'a.spec.ts': `${use}
test.skip('skipped', () => {});
test('skips itself', () => { test.skip(true, 'not here'); });
test.fixme('to fix', () => {});
test.fail('fails as expected', () => { throw new Error('x'); });
test.fail('should have failed', () => {});
test('flaky', ({}, info) => { if (info.retry === 0) throw new Error('x'); });
test('times out', async () => { test.setTimeout(50); await new Promise(() => {}); });
test('thrown', () => { throw 'no error object'; });
test('soft', () => { expect.soft(1).toBe(2); expect.soft(3).toBe(4); });
test('crashes', ({}, info) => { if (info.retry === 0) process.exit(7); });
test('passes', () => {});`,
    },
    ['--retries=1'],
  );
  expect(done.verdicts.sort()).toEqual([
    'crashes flaky 2',
    'fails as expected expected 1',
    'flaky flaky 2',
    'passes expected 1',
    'should have failed unexpected 2',
    'skipped skipped 1',
    'skips itself skipped 1',
    'soft unexpected 2',
    'thrown unexpected 2',
    'times out unexpected 2',
    'to fix skipped 1',
  ]);
  expect(done.of('times out').map((each) => each.status)).toEqual(['timedOut', 'timedOut']);
  expect(done.of('crashes')[0]?.errors[0]?.message).toMatch(/worker process exited unexpectedly/);
  expect(done.of('thrown')[0]?.errors[0]?.message).toContain('no error object');
  expect(done.of('soft')[0]?.errors).toHaveLength(2);
  expect(done.of('skips itself')[0]?.annotations).toContainEqual({ type: 'skip', description: 'not here' });
  expect(done.end).toMatchObject({ exitCode: 1, ended: { status: 'failed', notRun: [], notRunReason: null } });
});

test('a serial group is settled together, all rounds counted, while others settle at once', async () => {
  const done = await runAll(
    {
      'a.spec.ts': `${use}
test.describe.serial('flow', () => {
  test('1', () => {});
  test('2', ({}, info) => { if (info.retry === 0) throw new Error('x'); });
  test('3', () => {});
});
test('after', () => {});`,
    },
    ['--retries=1'],
  );
  expect(done.verdicts.sort()).toEqual([
    'after expected 1',
    'flow › 1 expected 2',
    'flow › 2 flaky 2',
    'flow › 3 expected 2',
  ]);
  const groupSettled = done.story.indexOf('settled flow › 1, flow › 2, flow › 3');
  expect(done.story.slice(0, groupSettled).filter((line) => line.includes('flow › 3'))).toEqual([
    'begin flow › 3',
    'skipped flow › 3',
    'begin flow › 3',
    'passed flow › 3',
  ]);
  expect(done.story.filter((line) => line === 'settled after')).toHaveLength(1);
});

test('a failed beforeAll is retried with all that it kept from running', async () => {
  const done = await runAll(
    {
      'a.spec.ts': `${use}
test.beforeAll(({}, info) => { if (info.workerIndex === 0) throw new Error('no server'); });
test('a', () => {}); test('b', () => {});`,
      'playwright.config.ts': `export default { retries: 1, retryStrategy: 'isolated' }`,
    },
    [],
  );
  expect(done.verdicts.sort()).toEqual(['a flaky 2', 'b expected 2']);
});

test('what the suite is told to stop after is named, not lost', async () => {
  const done = await runAll(
    { 'a.spec.ts': `${use} for (const n of [1, 2, 3, 4]) test('t' + n, () => { expect(n).toBe(1); });` },
    ['--max-failures=1', '--retries=1'],
  );
  expect(done.verdicts).toEqual(['t1 expected 1', 't2 unexpected 2']);
  expect(done.end.ended).toMatchObject({ status: 'failed', notRunReason: 'maxFailures' });
  expect(done.end.ended?.notRun).toHaveLength(2);
  expect(done.errors.join()).toContain('maximum allowed failures');
});

test('output without end is cut in the middle, and the steps beyond a thousand are counted', async () => {
  const done = await runAll({
    'a.spec.ts': `${use}
test('loud', async () => {
  process.stdout.write('first words ');
  for (let i = 0; i < 200; i++) process.stdout.write('é'.repeat(50_000));
  process.stdout.write(' last words');
  for (let i = 0; i < 1500; i++) await test.step('step ' + i, async () => {});
});`,
  });
  const [attempt] = done.of('loud');
  expect(attempt?.stdout.length).toBeLessThanOrEqual(1_000_000);
  expect(attempt?.stdout).toMatch(/^first words é+\n\[… \d+ characters not kept …\]\né+ last words$/);
  expect(attempt?.steps.length).toBeLessThanOrEqual(1001);
  expect(attempt?.steps.at(-1)?.title).toMatch(/more steps than are kept \(5\d\d here/);
});

test('two Playwright workers in one process keep their stories apart', async () => {
  const suite = await writeSuite({
    'playwright.config.ts': `export default { fullyParallel: true }`,
    'a.spec.ts': `${use} for (const n of [1, 2, 3, 4, 5, 6]) test('t' + n, () => { console.log('out ' + n); });`,
  });
  const discovery = await discover(suite);
  const testIds = discovery.tests.map((each) => each.id);
  const done = await run(suite, { order: { kind: 'tests', testIds }, workers: 2 });
  expect(done.settled).toHaveLength(6);
  expect(new Set(done.attempts.map((attempt) => attempt.parallelIndex))).toEqual(new Set([0, 1]));
  for (const attempt of done.attempts)
    expect(attempt.stdout).toBe(`out ${names(discovery).get(attempt.testId)?.slice(1)}\n`);
});
